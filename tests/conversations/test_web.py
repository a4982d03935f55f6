"""Pages of an app: as browsers, the web view of the phone and strangers find them."""

import asyncio
import html
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException
from fastapi import Request as FastApiRequest
from fastapi.responses import StreamingResponse

from mentra import AppServer, AppSession, AuthError, Channel, Request, Response, ServerEvent, WebError, route
from mentra.localcloud.phone.web_view import PageEvent, WebReply, WebView
from mentra.protocol import web_tokens
from mentra.testing import simulate
from mentra.transport.base import HttpReply, Network
from tests.conversations.world import World
from tests.helpers.scripted_cloud import API_KEY, PACKAGE_NAME
from tests.helpers.waiting import until

OPTIONS: dict[str, Any] = {"package_name": PACKAGE_NAME, "api_key": API_KEY}
USER = "user1@example.com"


class Notes(AppServer):
    """Notes by voice, to be read on a page."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**OPTIONS, **options})
        self.notes: dict[str, list[str]] = {}
        self.live: Channel[str] = Channel()
        self.ended: list[str] = []

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        session.layouts.show_text_wall("ready")

        @session.events.on_transcription
        def heard(speech: Any) -> None:
            self.notes.setdefault(user_id, []).append(speech.text)
            self.live.publish(user_id, speech.text)

    @route.get("/")
    def home(self, request: Request) -> Response:
        return Response.html(f"<h1>{html.escape(request.query.get('name', 'nobody'))}</h1>")

    @route.get("/api/notes", auth=True)
    async def list_notes(self, request: Request) -> dict[str, Any]:
        return {"user": request.user_id, "runs": request.session is not None, "notes": self.notes.get(request.user_id)}

    @route.post("/api/notes", auth=True, max_body_bytes=100)
    async def add(self, request: Request) -> Response:
        self.notes.setdefault(request.user_id, []).append(request.json(dict[str, str])["text"])
        return Response({"count": len(self.notes[request.user_id])}, 201)

    @route.delete("/api/notes", auth=True)
    def clear(self, request: Request) -> None:
        self.notes.pop(request.user_id, None)

    @route.get("/api/notes/{number}", auth=True)
    def note(self, request: Request) -> str:
        notes = self.notes.get(request.user_id, [])
        if not request.params["number"].isdecimal() or int(request.params["number"]) >= len(notes):
            raise WebError(404, f"There is no note {request.params['number']}.")
        return notes[int(request.params["number"])]

    @route.get("/api/whoami")
    async def whoami(self, request: Request) -> str:
        return await request.find_user() or "a stranger"

    @route.get("/api/by-hand")
    async def by_hand(self, request: Request) -> str:
        await request.find_user()
        return request.user_id

    @route.get("/api/broken")
    def broken(self, request: Request) -> None:
        raise RuntimeError("secret detail")

    @route.get("/api/cancelled")
    async def cancelled(self, request: Request) -> None:
        raise asyncio.CancelledError

    @route.get("/api/live", auth=True)
    def live_notes(self, request: Request) -> AsyncIterator[str]:
        return self.live.listen(request.user_id)

    @route.get("/api/ticks")
    async def ticks(self, request: Request) -> AsyncIterator[Any]:
        try:
            yield ServerEvent(data={"n": 1}, event="tick", id="1")
            yield "two\nlines"
            await asyncio.Future()
        finally:
            self.ended.append("ticks")

    @route.get("/api/download")
    def download(self, request: Request) -> Response:
        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(20):
                yield bytes(50_000)

        return Response(pieces(), headers={"content-type": "audio/wav"})


class Visit:
    """One web view, and requests without it."""

    def __init__(self, world: World, app: AppServer, view: WebView) -> None:
        self.app = app
        self.view = view
        self._network = world.network

    async def fetch(self, path: str, method: str = "GET", body: bytes = b"", **options: Any) -> WebReply:
        return await self.view.fetch(method, path, body, **{"timeout": 10.0, **options})

    async def plain(self, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> HttpReply:
        return await self._network.request(method, self.app.url + path, headers=headers, body=body, timeout=10)


@pytest.fixture
async def visit(world: World) -> Visit:
    app = await world.serve(Notes())
    glasses = await world.wear(app)
    return Visit(world, app, WebView(PACKAGE_NAME, glasses, world.network))


async def test_a_page_opened_from_the_phone_knows_its_user_and_the_session(visit: Visit):
    reply = await visit.fetch("/api/notes")

    assert (reply.status, reply.json()) == (200, {"user": USER, "runs": True, "notes": None})


async def test_the_cookie_of_the_first_page_is_enough_for_the_next_requests(visit: Visit):
    await visit.fetch("/?name=x")
    (name,) = visit.view.cookies
    added = await visit.fetch("/api/notes", "POST", b'{"text":"milk"}')
    first = await visit.fetch("/api/notes/0")
    cleared = await visit.fetch("/api/notes", "DELETE")

    assert name == f"mentra-{PACKAGE_NAME}"
    assert (added.status, added.json()) == (201, {"count": 1})
    assert (first.text, first.headers["content-type"]) == ("milk", "text/plain; charset=utf-8")
    assert (cleared.status, cleared.body) == (204, b"")


async def test_each_token_that_the_phone_brings_is_enough_w_page_1(world: World, visit: Visit):
    glasses = world.cloud.connect_glasses(USER)
    for dropped in (web_tokens.SIGNED_TOKEN, web_tokens.TEMP_TOKEN):
        address = urlsplit(glasses.webview_url(PACKAGE_NAME, "/api/whoami"))
        kept = "&".join(part for part in address.query.split("&") if not part.startswith(dropped))

        assert (await visit.plain(f"{address.path}?{kept}")).body == USER.encode()


async def test_a_stranger_gets_401_as_json_and_a_browser_is_sent_to_sign_in(visit: Visit):
    api = await visit.fetch("/api/notes", signed_in=False)
    page = await visit.plain("/api/notes", accept="text/html,*/*")
    posted = await visit.plain("/api/notes", "POST", accept="text/html,*/*")
    failed = await visit.plain("/api/notes?aos_signed_user_token=x", accept="text/html,*/*")

    assert (api.status, api.json()["status"]) == (401, "error")
    assert (page.status, page.headers["location"]) == (302, "/mentra-auth")
    assert (posted.status, failed.status) == (401, 401)


async def test_the_sign_in_is_at_the_account_site_w_page_7(visit: Visit):
    reply = await visit.plain("/mentra-auth")

    assert (reply.status, reply.headers["location"]) == (
        302,
        f"https://account.mentra.glass/auth?packagename={PACKAGE_NAME}",
    )


async def test_a_route_for_everybody_may_ask_who_it_is(visit: Visit):
    stranger = await visit.fetch("/api/whoami", signed_in=False)
    user = await visit.fetch("/api/whoami")
    by_hand = [(await visit.fetch("/api/by-hand", signed_in=signed_in)).status for signed_in in (True, False)]

    assert (stranger.text, user.text, by_hand) == ("a stranger", USER, [200, 401])


async def test_a_page_learns_who_opened_it_w_page_8(world: World, visit: Visit):
    glasses = world.cloud.connect_glasses(USER)
    init = "/api/mentra/auth/init"
    signed = urlsplit(glasses.webview_url(PACKAGE_NAME, init))
    temporary = urlsplit(glasses.webview_url(PACKAGE_NAME, init)).query.replace(web_tokens.SIGNED_TOKEN, "x")
    wrong = signed.query.replace(web_tokens.SIGNED_TOKEN + "=", web_tokens.SIGNED_TOKEN + "=x")
    replies = [
        await visit.plain(f"{init}?{query}")
        for query in (signed.query, temporary, wrong, "aos_temp_token=used", "source=oauth")
    ]

    token = web_tokens.frontend_token(USER, API_KEY)
    success = f'{{"success":true,"userId":"{USER}","frontendToken":"{token}"}}'.encode()
    assert [(reply.status, reply.body, len(reply.cookies)) for reply in replies] == [
        (200, success, 1),
        (200, success, 1),
        (401, b'{"success":false,"error":"Invalid signed user token"}', 0),
        (401, b'{"success":false,"error":"Token exchange failed"}', 0),
        (400, b'{"success":false,"error":"No token provided"}', 0),
    ]


async def test_a_page_with_a_token_in_its_address_is_not_kept_and_does_not_pass_it_on(visit: Visit):
    reply = await visit.fetch("/?name=x")
    later = await visit.fetch("/?name=x")

    assert (reply.headers["referrer-policy"], reply.headers["cache-control"]) == ("same-origin", "no-store")
    assert "referrer-policy" not in later.headers


async def test_what_goes_wrong_is_told_as_json_without_details(visit: Visit, caplog: pytest.LogCaptureFixture):
    replies = [
        await visit.fetch(*asked)
        for asked in [
            ("/nothing",),
            ("/api/notes/7",),
            ("/api/notes", "PUT"),
            ("/api/notes", "POST", b"{"),
            ("/api/notes", "POST", b'{"text":1}'),
            ("/api/broken",),
            ("/api/cancelled",),
        ]
    ]

    assert [(reply.status, reply.headers["content-type"], reply.json()["status"]) for reply in replies] == [
        (status, "application/json", "error") for status in (404, 404, 405, 400, 400, 500, 500)
    ]
    assert replies[1].json()["message"] == "There is no note 7."
    assert replies[2].headers["allow"] == "DELETE, GET, HEAD, POST"
    assert "secret detail" not in replies[5].text
    assert "secret detail" in caplog.text


async def test_a_route_has_its_own_limit_for_bodies(visit: Visit):
    await visit.fetch("/")
    replies = [await visit.fetch("/api/notes", "POST", b'{"text":"%s"}' % (b"x" * length)) for length in (80, 101)]

    assert [reply.status for reply in replies] == [201, 413]


async def test_a_head_request_is_answered_like_a_get_without_the_body(visit: Visit):
    reply = await visit.plain("/", "HEAD")

    assert (reply.status, reply.headers["content-type"], reply.body) == (200, "text/html; charset=utf-8", b"")


async def test_what_a_page_shows_is_not_taken_for_markup(visit: Visit):
    assert (await visit.plain("/?name=%3Cscript%3E")).body == b"<h1>&lt;script&gt;</h1>"


async def test_a_body_is_streamed(visit: Visit):
    reply = await visit.plain("/api/download")

    assert (reply.headers["content-type"], len(reply.body)) == ("audio/wav", 1_000_000)


async def test_a_page_hears_of_events_of_its_user_only(world: World, visit: Visit):
    other = await world.wear(visit.app, "user2@example.com")
    glasses = world.cloud.connect_glasses(USER)
    async with visit.view.open_events("/api/live") as events:
        await other.say("not for you")
        await glasses.say("milk")
        first = await asyncio.wait_for(anext(events), 5)
        await glasses.say("eggs")
        second = await asyncio.wait_for(anext(events), 5)

    assert [first, second] == [PageEvent(data="milk"), PageEvent(data="eggs")]
    assert isinstance(visit.app, Notes)
    app = visit.app
    await until(lambda: app.live.publish(USER, "nobody is there") == 0)


async def test_a_stream_of_events_is_read_as_browsers_do_and_ends_with_the_page(visit: Visit):
    assert isinstance(visit.app, Notes)
    async with visit.view.open_events("/api/ticks", signed_in=False) as events:
        heard = [await asyncio.wait_for(anext(events), 5) for _ in range(2)]
        ended_before = list(visit.app.ended)
    app = visit.app
    await until(lambda: app.ended)

    assert heard == [PageEvent(data='{"n":1}', event="tick", id="1"), PageEvent(data="two\nlines", id="1")]
    assert heard[0].json() == {"n": 1}
    assert ended_before == []


async def test_events_that_are_for_users_are_refused_to_strangers(visit: Visit):
    with pytest.raises(WebError, match="answered with 401") as caught:
        async with visit.view.open_events("/api/live", signed_in=False):
            pass

    assert caught.value.status == 401


async def test_stopping_the_server_ends_open_streams_at_once(visit: Visit):
    assert isinstance(visit.app, Notes)
    loop = asyncio.get_running_loop()
    async with visit.view.open_events("/api/ticks") as events:
        await asyncio.wait_for(anext(events), 5)
        began = loop.time()
        await visit.app.stop()
        took_s = loop.time() - began
        rest = [event async for event in events]

    assert visit.app.ended == ["ticks"]
    assert rest == [PageEvent(data="two\nlines", id="1")]
    assert took_s < 1.5


@pytest.fixture
def public_dir(tmp_path: Path) -> Path:
    public = tmp_path / "public"
    (public / "api").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("secret")
    for name, text in {
        "index.html": "from the folder",
        "page.html": "<script>",
        "health": "hidden",
        "webhook": "hidden",
        "api/whoami": "hidden",
    }.items():
        (public / name).write_text(text)
    (public / "large.bin").write_bytes(bytes(range(256)) * 4000)
    return public


async def test_static_files_come_behind_everything_else(world: World, public_dir: Path):
    app = await world.serve(Notes(public_dir=public_dir))
    glasses = await world.wear(app)
    visit = Visit(world, app, WebView(PACKAGE_NAME, glasses, world.network))
    page = await visit.fetch("/page.html")
    known = await visit.fetch("/page.html", headers={"if-none-match": page.headers["etag"]})
    others = [
        (await visit.plain(path)).body
        for path in ("/", "/health", "/webhook", "/api/whoami", "/..%2fsecret.txt", "/api/nothing")
    ]

    assert (page.status, page.text, page.headers["content-type"]) == (200, "<script>", "text/html; charset=utf-8")
    assert (known.status, known.body) == (304, b"")
    assert others[0] == b"<h1>nobody</h1>"
    assert [body for body in others if body in (b"hidden", b"secret")] == []
    # The page itself asked for no user, and yet its scripts are known by the cookie.
    assert (await visit.fetch("/api/whoami")).text == USER


@pytest.mark.sockets
async def test_a_large_file_arrives_whole(world: World, public_dir: Path):
    app = await world.serve(Notes(public_dir=public_dir))
    reply = await world.network.request("GET", app.url + "/large.bin", timeout=10)
    head = await world.network.request("HEAD", app.url + "/large.bin", timeout=10)

    assert reply.body == (public_dir / "large.bin").read_bytes()
    assert reply.headers["content-length"] == "1024000"
    assert (head.status, head.body) == (200, b"")


def fast_api(log: list[str]) -> FastAPI:
    """An application as its author would write it, with the user of the page."""
    other = FastAPI()

    async def signed_in(request: FastApiRequest) -> str:
        page: Request = request.scope["mentra.request"]
        user_id = await page.find_user()
        if user_id is None:
            raise HTTPException(401, "Sign in first.")
        return user_id

    @other.get("/fast/me")
    async def me(user_id: Annotated[str, Depends(signed_in)]) -> dict[str, str]:
        return {"user": user_id}

    @other.post("/fast/echo", status_code=201)
    async def echo(body: dict[str, int], background: BackgroundTasks) -> dict[str, int]:
        background.add_task(log.append, "in the background")
        return body

    @other.get("/fast/stream")
    async def stream() -> StreamingResponse:
        async def pieces() -> AsyncIterator[str]:
            try:
                yield "data: one\n\n"
                await asyncio.Future()
            finally:
                log.append("ended")

        return StreamingResponse(pieces(), media_type="text/event-stream")

    @other.get("/health")
    async def health() -> str:
        return "hidden"

    return other


async def test_a_fastapi_application_runs_beside_the_app(world: World):
    log: list[str] = []
    app = await world.serve(Notes(asgi=fast_api(log)))
    glasses = await world.wear(app)
    visit = Visit(world, app, WebView(PACKAGE_NAME, glasses, world.network))
    stranger = await visit.fetch("/fast/me", signed_in=False)
    user = await visit.fetch("/fast/me")
    json_type = {"content-type": "application/json"}
    echo = await visit.fetch("/fast/echo", "POST", b'{"a":1}', headers=json_type)
    invalid = await visit.fetch("/fast/echo", "POST", b'{"a":"x"}', headers=json_type)
    ours = await visit.fetch("/api/whoami")
    missing = await visit.fetch("/nothing")
    health = await visit.fetch("/health")

    assert (stranger.status, user.json()) == (401, {"user": USER})
    assert (echo.status, echo.json(), invalid.status) == (201, {"a": 1}, 422)
    assert (ours.text, missing.status, missing.json()) == (USER, 404, {"detail": "Not Found"})
    assert health.json()["status"] == "healthy"
    await until(lambda: log == ["in the background"])


async def test_a_fastapi_application_streams_until_the_page_is_gone(world: World):
    log: list[str] = []
    app = await world.serve(Notes(asgi=fast_api(log)))
    glasses = await world.wear(app)
    view = WebView(PACKAGE_NAME, glasses, world.network)
    async with view.open_events("/fast/stream") as events:
        first = await asyncio.wait_for(anext(events), 5)
    await until(lambda: log)

    assert (first, log) == (PageEvent(data="one"), ["ended"])


async def test_a_test_of_an_app_asks_for_pages_as_the_signed_in_user():
    async with simulate(Notes) as glasses:
        await glasses.say("milk")
        notes = await glasses.fetch("/api/notes")
        added = await glasses.fetch("/api/notes", method="POST", json={"text": "eggs"})
        stranger = await glasses.fetch("/api/notes", signed_in=False)
        async with glasses.open_events("/api/live") as events:
            await glasses.say("bread")
            event = await anext(events)

    assert notes.json() == {"user": glasses.user_id, "runs": True, "notes": ["milk"]}
    assert (added.json(), stranger.status, event) == ({"count": 2}, 401, PageEvent(data="bread"))


async def test_a_page_works_while_the_app_does_not_run_for_its_user(world: World):
    """Defect 1 of the official SDK 2.1.29: a session that was stopped stays the active one of web pages."""
    app = await world.serve(Notes())
    glasses = await world.wear(app)
    visit = Visit(world, app, WebView(PACKAGE_NAME, glasses, world.network))
    running = (await visit.fetch("/api/notes")).json()["runs"]
    await glasses.stop(PACKAGE_NAME)
    stopped = (await visit.fetch("/api/notes")).json()["runs"]

    assert (running, stopped) == (True, False)


async def test_an_auth_error_that_a_route_raises_is_a_401(network: Network, world: World):
    class Strict(Notes):
        @route.get("/strict")
        def strict(self, request: Request) -> None:
            raise AuthError("Not you.")

    app = await world.serve(Strict())
    reply = await network.request("GET", app.url + "/strict", timeout=5)

    assert (reply.status, reply.body) == (401, b'{"status":"error","message":"Not you."}')


@pytest.mark.parametrize(
    ("name", "hint"), [("getExpressApp", r"@route\.get\(path\)"), ("post", r"@route\.post\(path\)"), ("mount", "asgi=")]
)
def test_a_wrong_name_of_the_server_names_the_right_one(name: str, hint: str):
    with pytest.raises(AttributeError, match=hint):
        getattr(Notes(), name)
