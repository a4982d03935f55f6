"""Which method answers which request, and which methods cannot be routes."""

from typing import Any

import pytest

from mentra import AppServer, ConfigError, Request, route
from mentra.server.web.routing import RouteTable, routes_of

OPTIONS: dict[str, Any] = {"package_name": "com.example.app", "api_key": "0123456789abcdef"}


class Notes:
    @route.get("/")
    def home(self, request: Request) -> None: ...

    @route.get("/notes")
    @route.get("/all")
    def notes(self, request: Request) -> None: ...

    @route.post("/notes", auth=True, max_body_bytes=5)
    async def add(self, request: Request) -> None: ...

    @route.get("/notes/{id}")
    def note(self, request: Request) -> None: ...

    @route.get("/notes/newest")
    def newest(self, request: Request) -> None: ...

    @route.delete("/notes/{id}/tags/{tag}")
    def remove_tag(self, request: Request) -> None: ...

    @route.get("/{folder}/newest")
    def newest_of(self, request: Request) -> None: ...

    @route.get("/café")
    def cafe(self, request: Request) -> None: ...

    @route.put("/notes/{id}")
    @route.patch("/notes/{id}")
    def change(self, request: Request) -> None: ...


@pytest.fixture
def table() -> RouteTable:
    return routes_of(Notes(), reserved=())


@pytest.mark.parametrize(
    ("method", "path", "name", "params"),
    [
        ("GET", "/", "home", {}),
        ("GET", "/notes", "notes", {}),
        ("GET", "/all", "notes", {}),
        ("POST", "/notes", "add", {}),
        ("GET", "/notes/5", "note", {"id": "5"}),
        ("GET", "/notes/newest", "newest", {}),
        ("GET", "/notes/a%2Fb%20%C3%A9", "note", {"id": "a/b é"}),
        ("GET", "/songs/newest", "newest_of", {"folder": "songs"}),
        ("GET", "/n%6Ftes", "notes", {}),
        ("GET", "/notes/%6Eewest", "newest", {}),
        ("GET", "/songs/n%65west", "newest_of", {"folder": "songs"}),
        ("GET", "/caf%C3%A9", "cafe", {}),
        ("PUT", "/notes/5", "change", {"id": "5"}),
        ("PATCH", "/notes/5", "change", {"id": "5"}),
        ("DELETE", "/notes/5/tags/x", "remove_tag", {"id": "5", "tag": "x"}),
    ],
)
def test_a_request_finds_its_method_and_its_parameters(
    table: RouteTable, method: str, path: str, name: str, params: dict[str, str]
):
    found = table.find(method, path)

    assert isinstance(found, tuple)
    assert (found[0].handler.__name__, found[1]) == (name, params)


@pytest.mark.parametrize(
    ("method", "path", "others"),
    [
        ("DELETE", "/notes", ["POST", "GET"]),
        ("POST", "/notes/5", ["GET", "PATCH", "PUT"]),
        ("GET", "/notes/", []),
        ("GET", "/notes/5/", []),
        ("GET", "/nothing", []),
        ("GET", "/notes%2F5", []),
        ("DELETE", "/n%6Ftes", ["POST", "GET"]),
        ("GET", "", []),
    ],
)
def test_a_request_that_nothing_fits_hears_which_methods_would(
    table: RouteTable, method: str, path: str, others: list[str]
):
    found = table.find(method, path)

    assert sorted(found) == sorted(others)


def test_the_options_of_a_route_belong_to_it(table: RouteTable):
    add, notes = table.find("POST", "/notes"), table.find("GET", "/notes")

    assert isinstance(add, tuple)
    assert isinstance(notes, tuple)
    assert (add[0].auth, add[0].max_body_bytes) == (True, 5)
    assert (notes[0].auth, notes[0].max_body_bytes) == (False, 1_000_000)


def test_a_subclass_may_replace_a_route():
    class Better(Notes):
        @route.get("/notes")
        def notes(self, request: Request) -> str:
            return "better"

    found = routes_of(Better(), reserved=()).find("GET", "/notes")

    assert isinstance(found, tuple)
    assert found[0].handler(None) == "better"


@pytest.mark.parametrize("path", ["/webhook", "/tool", "/settings", "/health", "/photo-upload", "/mentra-auth"])
def test_no_route_can_hide_what_mentraos_needs(path: str):
    class Hiding(AppServer):
        @route.post(path)
        def hide(self, request: Request) -> None: ...

    with pytest.raises(ConfigError, match=r"would hide a path that MentraOS needs: .*/webhook"):
        Hiding(**OPTIONS)


def test_no_route_can_hide_a_webhook_at_another_path():
    class Hiding(AppServer):
        @route.post("/hook")
        def hide(self, request: Request) -> None: ...

    with pytest.raises(ConfigError, match=r"POST /hook of .*hide would hide"):
        Hiding(webhook_path="/hook", **OPTIONS)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("notes", "is no path"),
        ("/notes?sort=date", "is no path"),
        ("/notes/{id}.json", "malformed at '{id}.json'"),
        ("/notes/{}", "malformed at '{}'"),
        ("/notes/{a-b}", "malformed at '{a-b}'"),
        ("/{id}/{id}", "a parameter twice"),
    ],
)
def test_a_path_that_makes_no_sense_is_a_config_error(path: str, words: str):
    class Odd:
        @route.get(path)
        def odd(self, request: Request) -> None: ...

    with pytest.raises(ConfigError, match=words.replace("{", r"\{").replace("}", r"\}")):
        routes_of(Odd(), reserved=())


@pytest.mark.parametrize("handler", [lambda self: None, lambda self, request, more: None])
def test_a_method_that_does_not_take_a_request_is_a_config_error(handler: Any):
    class Odd:
        odd = route.get("/odd")(handler)

    with pytest.raises(ConfigError, match=r"it must take one argument, the request"):
        routes_of(Odd(), reserved=())


@pytest.mark.parametrize(("one", "other"), [("/notes", "/notes"), ("/notes/{id}", "/notes/{name}")])
def test_two_routes_for_the_same_requests_are_a_config_error(one: str, other: str):
    class Twice:
        @route.get(one)
        def first(self, request: Request) -> None: ...

        @route.get(other)
        def second(self, request: Request) -> None: ...

    with pytest.raises(ConfigError, match=r"Two methods are routes for GET /notes"):
        routes_of(Twice(), reserved=())


class Home:
    @route.get("/", auth=True)
    def home(self, request: Request) -> None: ...

    @route.get("/api", auth=True)
    def api(self, request: Request) -> None: ...


class Api:
    @route.get("/api/chat/stream", auth=True)
    def chat(self, request: Request) -> None: ...

    @route.get("/notes/{id}", auth=True)
    def note(self, request: Request) -> None: ...


class Apiary(Api):
    @route.get("/apiary/of/bees/and/flowers", auth=True)
    def apiary(self, request: Request) -> None: ...


class Webview(Home):
    @route.get("/webview")
    def webview(self, request: Request) -> None: ...


@pytest.mark.parametrize(
    ("site", "page"),
    [
        (Notes, None),
        (Home, "/"),
        (Api, None),
        (Apiary, "/apiary/of/bees/and/flowers"),
        (Webview, "/webview"),
    ],
)
def test_the_page_for_users_is_the_webview_else_the_shortest_one_with_a_user(site: type[Any], page: str | None):
    assert routes_of(site(), reserved=()).page_path == page


def test_a_route_without_its_path_is_refused_when_the_class_is_made():
    with pytest.raises(TypeError, match=r'^@route\.post needs the path: @route\.post\("/path"\)\.$'):

        class _Site:
            @route.post  # type: ignore[arg-type]  # The mistake.
            def notes(self, request: Request) -> None: ...


@pytest.mark.parametrize(("arguments", "path"), [(("/notes",), "/notes"), ((print,), "/path")])
def test_a_route_without_its_method_is_refused_when_the_class_is_made(arguments: tuple[Any, ...], path: str):
    decorator: Any = route

    with pytest.raises(TypeError) as error:
        decorator(*arguments)

    assert str(error.value) == f'A route says its method: @route.get("{path}"), or post, put, patch, delete.'
