"""What a route reads from a request."""

from dataclasses import dataclass
from typing import Any

import pytest

from mentra import AuthError, Request, WebError
from mentra.server.web.request import Visitor
from mentra.transport.base import HttpRequest


def request(
    path: str = "/", headers: dict[str, str] | None = None, body: bytes = b"", *, user_id: str | None = None
) -> Request:
    async def identify() -> tuple[str | None, str | None]:
        return user_id, None

    return Request(HttpRequest("POST", path, headers or {}, body), {}, Visitor(identify), lambda user_id: None)


@dataclass
class Note:
    text: str


def test_the_query_is_decoded_and_of_two_values_the_first_counts():
    asked = request("/notes?q=a%20b+c&q=d&empty=&odd")

    assert (asked.path, asked.query) == ("/notes", {"q": "a b c", "empty": "", "odd": ""})


def test_cookies_are_read_and_what_is_no_cookie_is_not():
    asked = request(headers={"cookie": 'a=1; b="x=y"; nonsense; a=2;;c='})

    assert asked.cookies == {"a": "1", "b": "x=y", "c": ""}


def test_a_request_without_cookies_has_none():
    assert request().cookies == {}


def test_json_is_read_as_what_it_must_be():
    asked = request(body=b'{"text":"milk"}')

    assert (asked.json(), asked.json(Note), asked.json(dict[str, str])) == (
        {"text": "milk"},
        Note("milk"),
        {"text": "milk"},
    )


@pytest.mark.parametrize(
    ("body", "kind"), [(b"", Any), (b"{", Any), (b"\xff", Any), (b'{"text":1}', Note), (b"[" * 100_000, Any)]
)
def test_json_that_cannot_be_used_is_a_400_with_the_reason(body: bytes, kind: Any):
    with pytest.raises(WebError, match="The body cannot be used: ") as caught:
        request(body=body).json(kind)

    assert caught.value.status == 400


def test_a_form_is_read():
    form = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}

    assert request(headers=form, body=b"name=Zo%C3%AB&tags=a&tags=b").form() == {"name": "Zoë", "tags": "a"}


@pytest.mark.parametrize("kind", ["", "application/json", "multipart/form-data; boundary=x"])
def test_what_is_no_form_is_a_400(kind: str):
    with pytest.raises(WebError, match="not a form") as caught:
        request(headers={"content-type": kind}, body=b"a=1").form()

    assert caught.value.status == 400


def test_text_is_utf_8():
    assert request(body="Zoë".encode()).text() == "Zoë"
    with pytest.raises(WebError, match="no UTF-8"):
        request(body=b"\xff").text()


async def test_the_user_is_there_once_they_were_asked_for():
    asked = request(user_id="user1@example.com")
    for name in ("user_id", "session"):
        with pytest.raises(AuthError) as error:
            getattr(asked, name)
        assert str(error.value) == (
            f"Nobody has asked yet who it is: request.{name} is for routes with auth=True, or after await "
            "request.find_user()."
        )

    assert await asked.find_user() == "user1@example.com"
    assert (asked.user_id, asked.session) == ("user1@example.com", None)


async def test_a_stranger_has_neither_id_nor_session():
    asked = request()

    assert await asked.find_user() is None
    assert asked.session is None
    with pytest.raises(AuthError, match=r"^Nobody is signed in: await request\.find_user\(\) returned None"):
        _ = asked.user_id


async def test_a_visitor_is_identified_once():
    calls: list[None] = []

    async def identify() -> tuple[str | None, str | None]:
        calls.append(None)
        return None, None

    visitor = Visitor(identify)
    await visitor.find()
    await visitor.find()

    assert len(calls) == 1


@pytest.mark.parametrize(
    ("wrong", "right"), [("authUserId", "user_id"), ("activeSession", "session"), ("querry", "query")]
)
def test_a_wrong_name_is_answered_with_the_right_one(wrong: str, right: str):
    with pytest.raises(AttributeError, match=right):
        getattr(request(), wrong)


def test_the_query_is_not_shown():
    assert repr(request("/notes?aos_temp_token=secret")) == "<Request POST /notes>"
