"""The REST routes of the local cloud that app servers call. Anything else is not found.

The rules:

* The cloud of 2025 reads a body only if its type is JSON, and before it looks at anything else; what is broken is
  answered with a page. That of 2026 takes whatever is there for JSON, and what is broken for nothing.
* Nobody can have the token of a phone, so the routes for phones know no one.

Source: MentraOS cloud/packages/cloud/src/index.ts, routes and api (Dec 2025), hono-app.ts (2026); docs/protocol.md,
Checking credentials.
"""

import html
import re
from typing import Any
from urllib.parse import quote, unquote

from mentra.localcloud.backend import Backend
from mentra.localcloud.catalogue import InstalledApp
from mentra.localcloud.phone.sound_relays import PATH as SOUND_RELAYS
from mentra.localcloud.rest.app_keys import BadKey, app_of_pair
from mentra.localcloud.rest.output_routes import OutputRoutes
from mentra.localcloud.storage import NotStored
from mentra.protocol import codec, rest, web_tokens
from mentra.protocol.audio import read_speech
from mentra.protocol.base import Wire, iso_timestamp
from mentra.protocol.webhooks import ToolFailure
from mentra.transport.base import HttpReply, HttpRequest

MAX_BODY_BYTES = 50 * 1024 * 1024
SDK_VERSION = "2.1.29"
"""The version of the official SDK that this cloud was compared with."""


class Refused(Exception):
    """Ends the handling of a request; its reply is the answer."""

    def __init__(self, status: int, outcome: Wire) -> None:
        super().__init__(outcome)
        self.reply = _reply(outcome, status)


class Rest:
    """Answers HTTP requests."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._catalogue = backend.catalogue
        self._storage = backend.storage
        self._outputs = OutputRoutes(backend.catalogue, backend.managed_videos)

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Answer one request."""
        try:
            body = self._body(request)
            return await self._route(request, body) or self._not_found(request)
        except Refused as refused:
            return refused.reply
        except BadKey as bad:
            return _reply(rest.Outcome(error=bad.error, message=bad.message), bad.status)
        except _BrokenBody:
            return _page(400, "Bad Request")

    def _body(self, request: HttpRequest) -> bytes:
        """Return the body as the routes see it: JSON, or nothing."""
        if self._backend.generation == 3:
            return request.body
        if not request.headers.get("content-type", "").startswith("application/json") or not request.body:
            return b""
        if not isinstance(codec.decode_as(object, request.body), dict | list):
            raise _BrokenBody
        return request.body

    async def _route(self, request: HttpRequest, body: bytes) -> HttpReply | None:
        """Return the answer of a route, or ``None`` if there is none."""
        route, names = self._split(request.path_only)
        match request.method, route, names:
            case "GET", rest.PERMISSIONS, [package_name]:
                return self._permissions(package_name)
            case "GET", rest.SPEECH, []:
                raise _no_speech(request.path)
            case "GET", rest.SDK_VERSION, []:
                return self._version()
            case "POST", web_tokens.EXCHANGE, []:
                return self._backend.web_tokens.exchange(request, body)
            case "POST", web_tokens.FOR_PHONES, [name] if name in web_tokens.ROUTES_FOR_PHONES:
                raise _no_phone(request)
            case "GET", rest.SETTINGS | rest.OLD_SETTINGS, [package_name]:
                return self._settings(request, package_name)
            case method, rest.STORAGE, [user_id, *_]:
                package_name = app_of_pair(self._catalogue, request.headers.get("authorization")).package_name
                self._fail_if_ordered(user_id)
                return self._stored(method, package_name, names, body)
            case _, rest.OUTPUTS, _:
                return self._outputs.answer(request, names, body)
            case method, rest.TOOLS, _:
                _keep_out_pages(request)
                return await self._tools(method, names, body)
            case "GET", route, [user_id, stream_id] if route == SOUND_RELAYS and self._backend.generation == 3:
                return self._relay(user_id, stream_id)
            case _:
                return None

    def _permissions(self, package_name: str) -> HttpReply:
        app = self._installed(package_name)
        declared = [rest.DeclaredPermission(type=permission) for permission in app.permissions]
        return _reply(rest.PermissionsReply(success=True, package_name=package_name, permissions=declared))

    def _version(self) -> HttpReply:
        versions = rest.SdkVersions(required=SDK_VERSION, latest=SDK_VERSION)
        return _reply(rest.SdkVersionReply(success=True, data=versions, timestamp=iso_timestamp(self._backend.now())))

    def _settings(self, request: HttpRequest, package_name: str) -> HttpReply:
        header = request.headers.get("authorization")
        if not header:
            raise Refused(400, rest.Outcome(error="User ID missing in Authorization header"))
        _, space, user_id = header.partition(" ")
        if not space:
            raise Refused(401, rest.Outcome(error="Error processing request"))
        # Whoever this is: the official SDK sends a session id, and gets the settings of a user who does not exist.
        user_id = user_id.partition(" ")[0]
        settings = self._backend.app_settings.read_by_rest(user_id, self._catalogue.find(package_name), package_name)
        if settings is None:
            raise Refused(404, rest.Outcome(error=rest.APP_NOT_FOUND))
        return _reply(rest.SettingsReply(success=True, settings=settings))

    def _stored(self, method: str, package_name: str, names: list[str], body: bytes) -> HttpReply | None:
        try:
            match names:
                case [user_id]:
                    return self._all_keys(method, user_id, package_name, body)
                case [user_id, key]:
                    return self._one_key(method, user_id, package_name, key, body)
                case _:
                    return None
        except NotStored as error:
            problem = error.problem or _TRIED.get((method, len(names)), "")
            raise Refused(error.status, rest.Outcome(error=problem)) from error

    def _all_keys(self, method: str, user_id: str, package_name: str, body: bytes) -> HttpReply | None:
        match method:
            case "GET":
                data = self._storage.read(user_id, package_name)
                return _reply(rest.StoredValuesReply(success=True, data=data))
            case "PUT":
                self._storage.write(user_id, package_name, _new_values(body))
                return _done("Storage updated")
            case "DELETE" if self._storage.clear(user_id, package_name):
                return _done("Storage cleared")
            case "DELETE":
                raise _no_storage()
            case _:
                return None

    def _one_key(self, method: str, user_id: str, package_name: str, key: str, body: bytes) -> HttpReply | None:
        match method:
            case "GET":
                data = self._storage.read(user_id, package_name)
                if key not in data:
                    raise Refused(404, rest.Outcome(success=False, message=rest.KEY_NOT_FOUND))
                return _reply(rest.StoredValueReply(success=True, data=rest.StoredValue(value=data[key])))
            case "PUT":
                self._storage.write_one(user_id, package_name, key, _new_value(body))
                return _done(f'Key "{key}" set')
            case "DELETE" if self._storage.delete(user_id, package_name, key):
                return _done(f'Key "{key}" deleted')
            case "DELETE":
                raise _no_storage()
            case _:
                return None

    async def _tools(self, method: str, names: list[str], body: bytes) -> HttpReply | None:
        match method, names:
            case "POST", ["apps", package_name, "tool"]:
                return await self._call_tool(package_name, body)
            case "GET", ["apps", package_name, "tools"]:
                self._app_with_tools(package_name)
                return HttpReply(200, codec.encode([]))
            case "GET", ["users", _, "tools"]:
                return HttpReply(200, codec.encode([]))
            case _:
                return None

    async def _call_tool(self, package_name: str, body: bytes) -> HttpReply:
        asked = codec.decode_as(rest.ToolTrigger, body or b"{}")
        payload = codec.decode_as(dict[str, Any], body or b"{}")
        if isinstance(asked, codec.Malformed) or isinstance(payload, codec.Malformed) or not asked.tool_id:
            raise Refused(400, ToolFailure(error=True, message="Missing required fields: toolId"))
        if not asked.user_id:
            raise Refused(400, ToolFailure(error=True, message="Missing required fields: userId"))
        status, answer = await self._backend.http.tool_answer(self._app_with_tools(package_name), payload)
        return HttpReply(status, codec.encode(answer))

    def _app_with_tools(self, package_name: str) -> InstalledApp:
        app = self._catalogue.find(package_name)
        if app is None:
            raise Refused(500, ToolFailure(error=True, message=f"App {package_name} not found"))
        return app

    def _relay(self, user_id: str, stream_id: str) -> HttpReply:
        relay = self._backend.sound_relays.find(user_id, stream_id)
        if relay is None:
            raise Refused(404, rest.Outcome(error="Stream not found"))
        return HttpReply(200, headers={"content-type": relay.content_type}, chunks=relay.claim())

    def _fail_if_ordered(self, user_id: str) -> None:
        fault = self._storage.next_fault(user_id)
        if fault is not None:
            refused = Refused(fault.status, rest.Outcome(error="Failed as ordered"))
            if fault.retry_after_s is not None:
                headers = {**refused.reply.headers, "retry-after": f"{fault.retry_after_s:g}"}
                refused.reply = HttpReply(refused.reply.status, refused.reply.body, headers)
            raise refused

    def _installed(self, package_name: str) -> InstalledApp:
        app = self._catalogue.find(package_name)
        if app is None:
            raise Refused(404, rest.Outcome(error=rest.APP_NOT_FOUND))
        return app

    def _split(self, path: str) -> tuple[str, list[str]]:
        """Return the route that a path belongs to, and the names behind it."""
        if self._backend.generation == 2:
            path = path.rstrip("/")
        path = _OLD_NAMES.sub(f"{web_tokens.FOR_PHONES}/", path)
        for route in _ROUTES:
            if path == route or path.startswith(f"{route}/"):
                return route, [unquote(name) for name in path.split("/")[route.count("/") + 1 :]]
        return "", []

    def _not_found(self, request: HttpRequest) -> HttpReply:
        path = request.path_only
        if self._backend.generation == 3:
            timestamp = iso_timestamp(self._backend.now())
            return _reply(rest.NoRoute(error="Not found", path=path, timestamp=timestamp), 404)
        return _page(404, f"Cannot {request.method} {quote(unquote(path), safe=_PATH_CHARACTERS)}")


class _BrokenBody(Exception):
    """A body that says that it is JSON, and is none."""


_PATH_CHARACTERS = "/:@!$&'()*+,;=~%"
_OLD_NAMES = re.compile(r"^/auth/")
_TRIED = {
    ("PUT", 1): "Failed to update storage",
    ("PUT", 2): "Failed to set key",
    ("DELETE", 2): "Failed to delete key",
}
_ROUTES = (
    rest.PERMISSIONS,
    rest.SDK_VERSION,
    rest.SETTINGS,
    rest.OLD_SETTINGS,
    rest.STORAGE,
    rest.SPEECH,
    rest.OUTPUTS,
    rest.TOOLS,
    SOUND_RELAYS,
    web_tokens.EXCHANGE,
    web_tokens.FOR_PHONES,
)


def _reply(body: Wire, status: int = 200) -> HttpReply:
    return HttpReply(status, codec.encode(body))


def _done(message: str) -> HttpReply:
    return _reply(rest.Outcome(success=True, message=message))


def _page(status: int, text: str) -> HttpReply:
    """Return a page of the cloud's web framework, which answers what the cloud itself does not."""
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        "<title>Error</title>",
        "</head>",
        "<body>",
        f"<pre>{html.escape(text)}</pre>",
        "</body>",
        "</html>",
        "",
    ]
    return HttpReply(status, "\n".join(lines).encode(), {"content-type": "text/html; charset=utf-8"})


def _no_phone(request: HttpRequest) -> Refused:
    header = request.headers.get("authorization", "")
    problem = (
        "Invalid or expired token" if header.startswith(rest.BEARER) else "Missing or invalid Authorization header"
    )
    return Refused(401, rest.Outcome(error=problem))


def _keep_out_pages(request: HttpRequest) -> None:
    """Refuse what only a browser sends: any page in it reaches this machine, and tools are called without a key."""
    if "origin" in request.headers:
        raise Refused(403, rest.Outcome(error="Web pages may not call tools of the local cloud"))


def _no_speech(path: str) -> Refused:
    """Answer as a cloud that has no access to ElevenLabs."""
    query = read_speech(path)
    if query is None or not query.text:
        return Refused(400, rest.Outcome(success=False, message="Text parameter is required and must be a string"))
    settings = query.voice_settings
    if settings and isinstance(codec.decode_as(object, settings), codec.Malformed):
        return Refused(400, rest.Outcome(success=False, message="Invalid voice_settings JSON format"))
    return Refused(500, rest.Outcome(success=False, message="TTS service not configured"))


def _no_storage() -> Refused:
    return Refused(404, rest.Outcome(success=False, message=rest.STORAGE_NOT_FOUND))


def _new_value(body: bytes) -> str:
    read = codec.decode_as(rest.StoredValue, body)
    if isinstance(read, codec.Malformed) or not isinstance(read.value, str):
        raise Refused(400, rest.Outcome(error="Invalid body: expected { value: string }"))
    return read.value


def _new_values(body: bytes) -> dict[str, str]:
    read = codec.decode_as(rest.StoredValues, body)
    if isinstance(read, codec.Malformed):
        raise Refused(400, rest.Outcome(error="Invalid body: expected { data: Record<string,string> }"))
    for key, value in read.data.items():
        if not isinstance(value, str):
            detail = f'Invalid value for key "{key}"'
            raise Refused(400, rest.Outcome(error="All values must be strings", detail=detail))
    return read.data
