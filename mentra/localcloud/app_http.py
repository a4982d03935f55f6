"""What the cloud asks of an app's server over HTTP, with its time limits and its second attempts.

Source: MentraOS cloud/packages/cloud/src/services/session/AppManager.ts, services/core/app.service.ts (Dec 2025);
docs/protocol.md, HTTP.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from mentra.localcloud.catalogue import InstalledApp
from mentra.protocol import codec
from mentra.protocol.base import iso_timestamp
from mentra.protocol.connection import SOCKET_PATH, SOCKET_PATH_3, session_id_of
from mentra.protocol.settings import Setting
from mentra.protocol.webhooks import (
    TOOL_KEY_HEADER,
    SessionRequest,
    SettingsRequest,
    StopRequest,
    ToolFailure,
    ToolRequest,
    tool_key,
)
from mentra.transport.base import HttpError, HttpReply, Network

WEBHOOK_TIMEOUT_S = 10.0
TOOL_TIMEOUT_S = 20.0
PAUSE_S = 1.0
"""Before the second and last attempt, where there is one."""
UNLIMITED_S = 300.0
"""The cloud gives a stop or settings request all the time it wants; this only keeps a wait from being endless."""
TIMESTAMP_STEP = timedelta(milliseconds=1)
"""The difference between two timestamps that the wire can tell apart."""
USER_DISABLED = "user_disabled"
"""The reason of every stop that was ever seen."""
HEADERS = {
    "content-type": "application/json",
    "accept": "application/json, text/plain, */*",
    "accept-encoding": "gzip, compress, deflate, br",
    "user-agent": "axios/1.13.2",
}
"""Of everything that the cloud posts to apps (docs/protocol.md, HTTP)."""

_logger = logging.getLogger(__name__)


class AppHttp:
    """Calls to the HTTP servers of apps."""

    def __init__(self, network: Network, now: Callable[[], datetime]) -> None:
        self._network = network
        self._now = now
        self._last_tool_call: datetime | None = None

    async def session_request(
        self,
        app: InstalledApp,
        user_id: str,
        websocket_url: str,
        *,
        generation: int = 2,
    ) -> str | None:
        """Ask an app to connect; twice if need be, with the same body.

        Args:
            websocket_url: Where an app of generation 2 connects.
            generation: 2 names this address as the cloud of 2025 does, 3 as that of 2026, which offers the way of
                docs/protocol.md, Generation 3, besides.

        Returns:
            ``None`` when it agreed, else what went wrong.
        """
        request = SessionRequest(
            session_id=session_id_of(user_id, app.package_name),
            user_id=user_id,
            timestamp=iso_timestamp(self._now()),
            websocket_url=websocket_url.removesuffix(SOCKET_PATH) + SOCKET_PATH_3 if generation == 3 else None,
            mentraos_websocket_url=websocket_url if generation == 3 else None,
            augmentos_websocket_url=websocket_url,
        )
        answer = await self._post(app, app.webhook_path, request, timeout=WEBHOOK_TIMEOUT_S, repeats=True)
        return _problem(answer)

    async def stop_request(self, app: InstalledApp, user_id: str) -> None:
        """Tell an app that its session ends, and wait until it took note. Its answer does not matter."""
        request = StopRequest(
            session_id=session_id_of(user_id, app.package_name),
            user_id=user_id,
            reason=USER_DISABLED,
            timestamp=iso_timestamp(self._now()),
        )
        await self._post(app, app.webhook_path, request, timeout=UNLIMITED_S)

    async def settings(self, app: InstalledApp, user_id: str, settings: list[Setting]) -> None:
        """Tell an app what its settings are now. Its answer does not matter."""
        await self._post(app, "/settings", SettingsRequest(user_id=user_id, settings=settings), timeout=UNLIMITED_S)

    async def upload(self, url: str, content_type: str, body: bytes, *, token: str | None) -> HttpReply | None:
        """Post a photo, as the glasses do; return the answer, or ``None`` if there was none.

        Args:
            token: For the header ``Authorization: Bearer``.
        """
        headers = {"content-type": content_type, **({"authorization": f"Bearer {token}"} if token else {})}
        answer = await self._try(url, headers, body, UNLIMITED_S)
        return answer if isinstance(answer, HttpReply) else None

    def tool_request(self, user_id: str, tool_id: str, parameters: Mapping[str, Any]) -> ToolRequest:
        """Return what the assistant says when it calls a tool of an app."""
        return ToolRequest(
            tool_id=tool_id,
            tool_parameters=dict(parameters),
            user_id=user_id,
            timestamp=iso_timestamp(self._moment_of_tool_call()),
        )

    async def tool(self, app: InstalledApp, request: ToolRequest | Mapping[str, Any]) -> Any:
        """Call a tool of an app; twice if need be.

        Args:
            request: What the caller says; it is passed on as it is.

        Returns:
            The app's JSON; when both attempts failed, what the cloud tells the caller then: an object with
            ``error``, ``message`` and in ``details`` the app's JSON, which is empty if the app did not answer.
        """
        return (await self.tool_answer(app, request))[1]

    async def tool_answer(self, app: InstalledApp, request: ToolRequest | Mapping[str, Any]) -> tuple[int, Any]:
        """Call a tool of an app; return the HTTP status for the caller as well."""
        key = {TOOL_KEY_HEADER: tool_key(app.api_key)}
        answer = await self._post(app, "/tool", request, headers=key, timeout=TOOL_TIMEOUT_S, repeats=True)
        if isinstance(answer, HttpError):
            return 500, _failure(f"Webhook failed: {answer}", {})
        if problem := _problem(answer):
            return answer.status, _failure(f"Webhook failed: {problem}", _json(answer.body) or {})
        return answer.status, _json(answer.body)

    def _moment_of_tool_call(self) -> datetime:
        """Return the present moment, or a later one: what has the timestamp of a call is a repetition of it."""
        last, now = self._last_tool_call, self._now()
        self._last_tool_call = now if last is None else max(now, last + TIMESTAMP_STEP)
        return self._last_tool_call

    async def _post(
        self,
        app: InstalledApp,
        path: str,
        body: msgspec.Struct | Mapping[str, Any],
        *,
        timeout: float,
        repeats: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> HttpReply | HttpError:
        url = app.public_url + path
        headers = {**HEADERS, **(headers or {})}
        encoded = codec.encode(body)
        answer = await self._try(url, headers, encoded, timeout)
        if not repeats or (problem := _problem(answer)) is None:
            return answer
        _logger.debug("POST %s will be repeated: %s", url, problem)
        await asyncio.sleep(PAUSE_S)
        return await self._try(url, headers, encoded, timeout)

    async def _try(self, url: str, headers: Mapping[str, str], body: bytes, timeout: float) -> HttpReply | HttpError:
        try:
            return await self._network.request("POST", url, headers=headers, body=body, timeout=timeout)
        except HttpError as error:
            return error


def _problem(answer: HttpReply | HttpError) -> str | None:
    if isinstance(answer, HttpError):
        return str(answer)
    return None if 200 <= answer.status < 300 else f"Request failed with status code {answer.status}"


def _failure(message: str, details: Any) -> Any:
    return msgspec.to_builtins(ToolFailure(error=True, message=message, details=details))


def _json(body: bytes) -> Any:
    """Return a body as JSON, or as text when it is none."""
    value = codec.decode_as(object, body)
    return body.decode("utf-8", "replace") if isinstance(value, codec.Malformed) else value
