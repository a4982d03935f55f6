"""An ASGI application beside the app's own routes: HTTP only, on the same port and event loop.

Source: ASGI 3.0, HTTP and Lifespan, https://asgi.readthedocs.io/en/latest/specs/.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import unquote

from mentra.errors import MentraError
from mentra.server.web.request import Request
from mentra.server.web.response import check_headers, problem_reply
from mentra.transport.base import HttpReply, HttpRequest
from mentra.transport.streaming import Flow, Window

AsgiMessage = MutableMapping[str, Any]
AsgiApplication = Callable[
    [AsgiMessage, Callable[[], Awaitable[AsgiMessage]], Callable[[AsgiMessage], Awaitable[None]]], Awaitable[None]
]
"""What FastAPI, Starlette, Quart, Django and others make."""

SCOPE_KEY = "mentra.request"
"""Where the application finds our ``Request``, and so the signed-in user: ``scope["mentra.request"]``."""
LIFESPAN_WITHIN_S = 30.0
END_WITHIN_S = 2.0
"""How long requests and background tasks may take when the server stops."""

_VERSION = {"version": "3.0", "spec_version": "2.3"}
_logger = logging.getLogger("mentra.server")


class AsgiHost:
    """Runs one ASGI application."""

    def __init__(self, application: AsgiApplication) -> None:
        self._application = application
        self._state: dict[str, Any] = {}
        self._lifespan: _Lifespan | None = None
        self._running: dict[asyncio.Task[None], _Exchange] = {}

    async def start(self) -> None:
        """Let the application start.

        Raises:
            MentraError: It says that it cannot.
        """
        self._lifespan = _Lifespan(self._application, self._state)
        await self._lifespan.start()

    def disconnect(self) -> None:
        """Tell what runs that nobody waits any more."""
        for exchange in self._running.values():
            exchange.disconnect()

    async def stop(self) -> None:
        """End what runs, and let the application shut down."""
        self.disconnect()
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=END_WITHIN_S)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=END_WITHIN_S)
        if self._lifespan is not None:
            await self._lifespan.stop()

    async def handle(self, http: HttpRequest, request: Request) -> HttpReply:
        """Answer a request."""
        path, _, query = http.path.partition("?")
        scope = {
            "type": "http",
            "asgi": _VERSION,
            "http_version": "1.1",
            "method": http.method,
            "scheme": _scheme(http.headers.get("x-forwarded-proto", "")),
            "path": unquote(path),
            "raw_path": path.encode(errors="surrogateescape"),
            "query_string": query.encode(errors="surrogateescape"),
            "root_path": "",
            # As they came: the bytes that are no UTF-8 are surrogates in the transport.
            "headers": [
                (name.encode(), value.encode(errors="surrogateescape")) for name, value in http.headers.items()
            ],
            "client": None,
            "server": None,
            "state": dict(self._state),
            SCOPE_KEY: request,
        }
        exchange = _Exchange(http.body)
        task = asyncio.create_task(self._run(scope, exchange), name=f"{http.method} {path}")
        self._running[task] = exchange
        task.add_done_callback(self._running.pop)
        return await exchange.reply

    async def _run(self, scope: AsgiMessage, exchange: "_Exchange") -> None:
        try:
            await self._application(scope, exchange.receive, exchange.send)
        except Exception:
            _logger.exception("The ASGI application failed at %s %s.", scope["method"], scope["path"])
        finally:
            exchange.over()


class _Exchange:
    """One request and its answer."""

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body
        self._head: AsgiMessage | None = None
        self._gone = asyncio.Event()
        self._window = Window()
        self._flow: Flow | None = None
        self.reply: asyncio.Future[HttpReply] = asyncio.get_running_loop().create_future()

    async def receive(self) -> AsgiMessage:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: AsgiMessage) -> None:
        match message["type"]:
            case "http.response.start":
                self._head = message
            case "http.response.body" if self._head is not None:
                await self._send_body(self._head, message.get("body", b""), more=message.get("more_body", False))
            case kind:
                raise RuntimeError(f"{kind} was not expected now.")

    def disconnect(self) -> None:
        """Nobody reads any more."""
        self._gone.set()
        self._window.open()

    def over(self) -> None:
        """The application is done with it."""
        self.disconnect()
        if not self.reply.done():
            self.reply.set_result(problem_reply(500, "Internal server error; the app's log has the details."))
        if self._flow is not None:
            self._flow.end("The application stopped in the middle of its answer.")

    async def _send_body(self, head: AsgiMessage, body: bytes, *, more: bool) -> None:
        if not self.reply.done():
            self._begin(head, body, more=more)
        elif self._flow is not None and body:
            self._flow.feed(body)
            self._window.written(len(body))
        if not more:
            if self._flow is not None:
                self._flow.end()
            self._gone.set()  # As the specification has it: after the answer, a request ends.
        await self._window.wait_for_room()

    def _begin(self, head: AsgiMessage, body: bytes, *, more: bool) -> None:
        headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in head.get("headers", ())]
        check_headers(headers)
        cookies = tuple(value for name, value in headers if name == "set-cookie")
        joined: dict[str, str] = {}
        for name, value in headers:
            if name != "set-cookie":
                joined[name] = f"{joined[name]}, {value}" if name in joined else value
        reply = HttpReply(head["status"], b"" if more else body, joined, cookies)
        if more:
            self._flow = Flow(on_read=self._window.read, on_close=self.disconnect)
            if body:
                self._flow.feed(body)
                self._window.written(len(body))
            reply = HttpReply(head["status"], b"", joined, cookies, self._flow)
        self.reply.set_result(reply)


class _Lifespan:
    """Start and shutdown of an application. One that does not know of these just runs."""

    def __init__(self, application: AsgiApplication, state: dict[str, Any]) -> None:
        self._scope: AsgiMessage = {"type": "lifespan", "asgi": _VERSION, "state": state}
        self._application = application
        self._said: asyncio.Queue[AsgiMessage] = asyncio.Queue()
        self._answers: asyncio.Queue[AsgiMessage] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="ASGI lifespan")
        answer = await self._tell("lifespan.startup")
        if answer is None and not self._task.done():
            raise MentraError(f"The ASGI application did not start within {LIFESPAN_WITHIN_S:g} s.")
        if answer is not None and answer["type"] == "lifespan.startup.failed":
            raise MentraError(f"The ASGI application did not start: {answer.get('message') or 'it does not say why'}")

    async def stop(self) -> None:
        if self._task is None:
            return
        await self._tell("lifespan.shutdown")
        self._task.cancel()
        await asyncio.wait([self._task], timeout=END_WITHIN_S)

    async def _run(self) -> None:
        try:
            await self._application(self._scope, self._said.get, self._answers.put)
        except Exception as error:  # noqa: BLE001 - whatever it is, the application has no lifespan then.
            _logger.debug("The ASGI application does not take part in start and shutdown: %r", error)

    async def _tell(self, kind: str) -> AsgiMessage | None:
        """Tell the application, and return its answer; ``None`` when it does not listen."""
        task = self._task
        if task is None or task.done():
            return None
        self._said.put_nowait({"type": kind})
        answer = asyncio.ensure_future(self._answers.get())
        await asyncio.wait([answer, task], timeout=LIFESPAN_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        answer.cancel()
        return None


def _scheme(forwarded: str) -> str:
    """Return how the browser came, as a proxy says it: applications make addresses of it."""
    said = forwarded.partition(",")[0].strip().lower()
    return said if said in ("http", "https") else "http"
