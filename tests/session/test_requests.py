"""Calls that wait for an answer: by key, by time, by the end of the session, by the words of a refusal."""

import asyncio

import pytest

from mentra.errors import MentraError, PhotoError, RequestFailed, RequestTimeout, SessionStopped
from mentra.session.requests import Requests, new_id
from tests.helpers.scripted_cloud import turns
from tests.helpers.waiting import clock


def asked(requests: Requests, key: str, *, about: tuple[str, ...] = ()) -> "asyncio.Task[object]":
    return asyncio.create_task(requests.wait(key, what="The answer", timeout=10, about=about))


async def outcome(task: "asyncio.Task[object]") -> object:
    try:
        return await task
    except MentraError as error:
        return error


async def test_an_answer_ends_the_call_that_waits_under_its_key():
    requests = Requests()
    first, second = asked(requests, "1"), asked(requests, "2")
    await turns()

    assert requests.answer("2", "two")
    assert requests.answer("1", "one")
    assert (await first, await second) == ("one", "two")


async def test_the_first_answer_counts_and_a_stranger_is_told_so():
    requests = Requests()
    call = asked(requests, "1")
    await turns()

    assert (requests.answer("1", "one"), requests.answer("1", "two"), requests.answer("9", "nine")) == (
        True,
        False,
        False,
    )
    assert await call == "one"


async def test_no_answer_is_a_timeout_that_says_what_was_waited_for():
    requests = Requests()

    with pytest.raises(RequestTimeout, match="The answer did not come within 10 s"):
        await asked(requests, "1")

    assert clock() == pytest.approx(10.0)
    assert not requests.answer("1", "too late")


async def test_a_cancelled_call_is_forgotten():
    requests = Requests()
    call = asked(requests, "1")
    await turns()
    call.cancel()
    await turns()

    assert not requests.answer("1", "too late")


async def test_what_cannot_be_sent_waits_for_nothing():
    requests = Requests()

    def fail() -> None:
        raise PhotoError("no")

    with pytest.raises(PhotoError):
        await requests.wait("1", what="The photo", timeout=None, send=fail)

    assert not requests.answer("1", "x")


async def test_a_refusal_fails_the_calls_that_its_words_are_about():
    requests = Requests()
    photo, sound = asked(requests, "1", about=("photo",)), asked(requests, "2", about=("audio",))
    await turns()
    error = RequestFailed("no", code="PERMISSION_DENIED")
    requests.refuse("Camera permission required to take photos.", error)
    requests.answer("2", "played")

    assert (await outcome(photo), await outcome(sound)) == (error, "played")


async def test_a_refusal_about_nothing_that_waits_fails_all():
    requests = Requests()
    photo, sound = asked(requests, "1", about=("photo",)), asked(requests, "2", about=("audio",))
    await turns()
    error = RequestFailed("no")
    requests.refuse("Glasses are asleep", error)

    assert [await outcome(photo), await outcome(sound)] == [error, error]


async def test_the_end_of_the_session_fails_what_waits_and_what_comes_later():
    """Defect 31 of the official SDK 2.1.29: an answer that cannot come any more is a noisy rejection."""
    requests = Requests()
    call = asked(requests, "1")
    await turns()
    requests.close("user_disabled")

    assert isinstance(await outcome(call), SessionStopped)
    with pytest.raises(SessionStopped, match="user_disabled"):
        await requests.wait("2", what="The photo", timeout=None)


def test_ids_are_unguessable_and_never_the_same():
    ids = {new_id("photo_req") for _ in range(100)}

    assert len(ids) == 100
    assert {len(one) for one in ids} == {len("photo_req_") + 32}


async def test_nobody_shares_an_error_so_no_traceback_grows_for_ever():
    requests = Requests()
    calls = [asked(requests, "1"), asked(requests, "2")]
    await turns()
    requests.close("user_disabled")
    errors = [await outcome(call) for call in [*calls, asked(requests, "3"), asked(requests, "4")]]

    assert len({id(error) for error in errors}) == 4
