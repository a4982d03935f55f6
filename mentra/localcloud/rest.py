"""The REST routes of the local cloud that app servers call. Anything else is a 404.

Source: MentraOS cloud/packages/cloud/src/routes and api (Dec 2025); docs/protocol.md, Checking credentials.
"""

from collections.abc import Callable
from datetime import datetime
from urllib.parse import unquote

from mentra.localcloud.catalogue import Catalogue, InstalledApp
from mentra.localcloud.storage import AppSettings, SimpleStorage, TooLarge
from mentra.localcloud.web_tokens import WebTokens
from mentra.protocol import codec, rest, web_tokens
from mentra.protocol.audio import read_speech
from mentra.protocol.base import Wire, iso_timestamp
from mentra.protocol.connection import session_id_of
from mentra.transport.base import HttpReply, HttpRequest

MAX_BODY_BYTES = 10_000_000
"""What an app may store at once is limited by its characters, and these may take several bytes each."""
SDK_VERSION = "2.1.29"
"""The version of the official SDK that this cloud was compared with."""


class Refused(Exception):
    """Ends the handling of a request; its reply is the answer."""

    def __init__(self, status: int, outcome: rest.Outcome) -> None:
        super().__init__(outcome)
        self.reply = _reply(outcome, status)


class Rest:
    """Answers HTTP requests."""

    def __init__(
        self,
        catalogue: Catalogue,
        app_settings: AppSettings,
        storage: SimpleStorage,
        page_tokens: WebTokens,
        now: Callable[[], datetime],
    ) -> None:
        self._catalogue = catalogue
        self._app_settings = app_settings
        self._storage = storage
        self._page_tokens = page_tokens
        self._now = now

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Answer one request."""
        try:
            return self._route(request)
        except Refused as refused:
            return refused.reply

    def _route(self, request: HttpRequest) -> HttpReply:
        route, names = _split(request.path_only)
        match request.method, route, names:
            case "GET", rest.PERMISSIONS, [package_name]:
                return self._permissions(package_name)
            case "GET", rest.SPEECH, []:
                raise _no_speech(request.path)
            case "GET", rest.SDK_VERSION, []:
                return self._version()
            case "POST", web_tokens.EXCHANGE, []:
                return self._page_tokens.exchange(request)
            case "GET", rest.SETTINGS | rest.OLD_SETTINGS, [package_name]:
                return self._settings(request, package_name)
            case method, rest.STORAGE, [user_id]:
                package_name = self._authenticated(request).package_name
                self._fail_if_ordered(user_id)
                return self._all_keys(method, user_id, package_name, request.body)
            case method, rest.STORAGE, [user_id, key]:
                package_name = self._authenticated(request).package_name
                self._fail_if_ordered(user_id)
                return self._one_key(method, user_id, package_name, key, request.body)
            case _:
                raise _not_found()

    def _permissions(self, package_name: str) -> HttpReply:
        app = self._installed(package_name)
        declared = [rest.DeclaredPermission(type=permission) for permission in app.permissions]
        return _reply(rest.PermissionsReply(success=True, package_name=package_name, permissions=declared))

    def _version(self) -> HttpReply:
        versions = rest.SdkVersions(required=SDK_VERSION, latest=SDK_VERSION)
        return _reply(rest.SdkVersionReply(success=True, data=versions, timestamp=iso_timestamp(self._now())))

    def _settings(self, request: HttpRequest, package_name: str) -> HttpReply:
        header = request.headers.get("authorization", "")
        user_id = header.removeprefix(rest.BEARER)
        if not header.startswith(rest.BEARER) or not user_id:
            raise Refused(400, rest.Outcome(error="User ID missing in Authorization header"))
        app = self._installed(package_name)
        # The official SDK sends the session id where the user id belongs.
        settings = self._app_settings.list_for(user_id.removesuffix(session_id_of("", package_name)), app)
        return _reply(rest.SettingsReply(success=True, settings=settings))

    def _all_keys(self, method: str, user_id: str, package_name: str, body: bytes) -> HttpReply:
        match method:
            case "GET":
                data = self._storage.read(user_id, package_name)
                return _reply(rest.StoredValuesReply(success=True, data=data))
            case "PUT":
                self._write(user_id, package_name, _new_values(body))
                return _done("Storage updated")
            case "DELETE" if self._storage.clear(user_id, package_name):
                return _done("Storage cleared")
            case "DELETE":
                raise _no_storage()
            case _:
                raise _not_found()

    def _one_key(self, method: str, user_id: str, package_name: str, key: str, body: bytes) -> HttpReply:
        match method:
            case "GET":
                data = self._storage.read(user_id, package_name)
                if key not in data:
                    raise Refused(404, rest.Outcome(success=False, message=rest.KEY_NOT_FOUND))
                return _reply(rest.StoredValueReply(success=True, data=rest.StoredValue(value=data[key])))
            case "PUT":
                self._write(user_id, package_name, {key: _new_value(body)})
                return _done(f'Key "{key}" set')
            case "DELETE" if self._storage.delete(user_id, package_name, key):
                return _done(f'Key "{key}" deleted')
            case "DELETE":
                raise _no_storage()
            case _:
                raise _not_found()

    def _write(self, user_id: str, package_name: str, values: dict[str, str]) -> None:
        try:
            self._storage.write(user_id, package_name, values)
        except TooLarge as error:
            raise Refused(error.status, rest.Outcome(error=str(error))) from error

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

    def _authenticated(self, request: HttpRequest) -> InstalledApp:
        """Return the app whose key the request carries, as ``Bearer <package name>:<key>``."""
        header = request.headers.get("authorization")
        if not header:
            raise _unauthorized("Missing Authorization header", "Authorization header is required for SDK requests")
        if not header.startswith(rest.BEARER):
            wanted = "Authorization header must be in format: Bearer <packageName>:<apiKey>"
            raise _unauthorized("Invalid Authorization format", wanted)
        parts = header.removeprefix(rest.BEARER).split(":")
        if len(parts) != 2:
            raise _unauthorized("Invalid token format", "Token must be in format: <packageName>:<apiKey>")
        package_name, api_key = parts
        if not package_name or not api_key:
            raise _unauthorized("Invalid credentials", "Both packageName and apiKey must be provided")
        if not self._catalogue.accepts(package_name, api_key):
            raise _unauthorized("Invalid API key", "Provided API key is not valid for this packageName")
        return self._catalogue.get(package_name)


_ROUTES = (
    rest.PERMISSIONS,
    rest.SDK_VERSION,
    rest.SETTINGS,
    rest.OLD_SETTINGS,
    rest.STORAGE,
    rest.SPEECH,
    web_tokens.EXCHANGE,
)


def _split(path: str) -> tuple[str, list[str]]:
    """Return the route that a path belongs to, and the names behind it."""
    path = path.rstrip("/")
    for route in _ROUTES:
        if path == route or path.startswith(f"{route}/"):
            return route, [unquote(name) for name in path.split("/")[route.count("/") + 1 :]]
    return "", []


def _reply(body: Wire, status: int = 200) -> HttpReply:
    return HttpReply(status, codec.encode(body))


def _done(message: str) -> HttpReply:
    return _reply(rest.Outcome(success=True, message=message))


def _not_found() -> Refused:
    return Refused(404, rest.Outcome(error="Not found"))


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


def _unauthorized(error: str, message: str) -> Refused:
    return Refused(401, rest.Outcome(error=error, message=message))


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
