"""Waiting for answers: the calls of a session that the cloud, the phone or the glasses answer later.

The rules:

* Each call waits under a key that the answer carries, and has a time limit.
* A refusal of the cloud names no request (docs/protocol.md, Refusals). It fails the calls that its words are about; if
  it is about none of them, all that wait.
* The end of the session fails them all. A lost connection fails none: the answer may come by the next one, or by HTTP.
"""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mentra.errors import MentraError, RequestTimeout, SessionStopped


class Requests:
    """The calls of one session that wait for an answer."""

    def __init__(self) -> None:
        self._waiting: dict[str, _Waiting] = {}
        self._over: str | None = None
        """Why the session ended."""

    async def wait(
        self,
        key: str,
        *,
        what: str,
        timeout: float | None,
        waited: float = 0.0,
        about: tuple[str, ...] = (),
        send: Callable[[], object] | None = None,
    ) -> Any:
        """Wait for an answer.

        Args:
            key: What the answer will be recognised by.
            what: What is waited for, as a message begins: ``"The photo"``.
            timeout: Seconds; ``None`` waits until the session ends.
            waited: Seconds of these that are gone already.
            about: Words, in lower case, by which a refusal of this call can be told.
            send: Sends the request; called once the answer can be taken.

        Raises:
            RequestTimeout: No answer came.
            SessionStopped: The session ended before.
            MentraError: Whatever ``fail`` or ``refuse`` was given.
        """
        if self._over is not None:
            raise _stopped(self._over)
        waiting = _Waiting(what, about, asyncio.get_running_loop().create_future())
        self._waiting[key] = waiting
        try:
            if send is not None:
                send()
            # Not asyncio.timeout: an answer may be a TimeoutError itself.
            left = None if timeout is None else max(0.0, timeout - waited)
            await asyncio.wait([waiting.answer], timeout=left)
            if not waiting.answer.done():
                raise RequestTimeout(f"{what} did not come within {timeout:g} s.")
            return waiting.answer.result()
        finally:
            if self._waiting.get(key) is waiting:
                del self._waiting[key]

    def has(self, key: str) -> bool:
        """Return whether a call waits under this key."""
        return key in self._waiting

    def answer(self, key: str, value: Any) -> bool:
        """Give a call its answer; return whether it was waited for. The first answer counts."""
        waiting = self._waiting.pop(key, None)
        if waiting is None or waiting.answer.done():
            return False
        waiting.answer.set_result(value)
        return True

    def fail(self, key: str, error: MentraError) -> bool:
        """Fail a call; return whether it was waited for."""
        waiting = self._waiting.pop(key, None)
        if waiting is None or waiting.answer.done():
            return False
        waiting.answer.set_exception(error)
        waiting.answer.exception()  # Marks it as seen: the call may have been cancelled in the same moment.
        return True

    def refuse(self, message: str, error: MentraError) -> None:
        """Fail the calls that a refusal of the cloud is about, by its words."""
        said = message.lower()
        meant = [key for key, waiting in self._waiting.items() if any(word in said for word in waiting.about)]
        for key in meant or list(self._waiting):
            self.fail(key, error)

    def close(self, reason: str) -> None:
        """Fail all calls, and every later one, because the session ended."""
        self._over = reason
        for key in list(self._waiting):
            self.fail(key, _stopped(reason))


def _stopped(reason: str) -> SessionStopped:
    # One for each call: an error that is raised again and again grows a traceback without end.
    return SessionStopped(f"The session ended: {reason}.")


def new_id(prefix: str) -> str:
    """Return an id that nobody can guess: whoever knows the id of a photo can upload one."""
    return f"{prefix}_{secrets.token_hex(16)}"


@dataclass(slots=True)
class _Waiting:
    what: str
    about: tuple[str, ...]
    answer: asyncio.Future[Any]
