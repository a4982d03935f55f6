"""Calls of tools: each one runs once, has its time, and gets an answer that the assistant can act on.

The rules:

* The cloud gives up on a call after 20 s, and after any answer that is no success, and makes it once more, a second
  later, word for word (docs/protocol.md, HTTP). That second call gets the answer of the first, running or done.
* Calls are the same if user, tool, parameters and timestamp are. One without a timestamp is the same only as one that
  is still running: a user may well ask twice for the same thing.
* A tool that takes too long is cancelled before the cloud gives up, so that the assistant hears of it.
"""

import asyncio
import inspect
import logging
from collections.abc import Coroutine, Mapping
from typing import Any, Protocol

from mentra.errors import ToolError
from mentra.protocol import codec
from mentra.server.tools import Tool, ToolCall
from mentra.transport.base import is_cancelled

REMEMBERED_S = 60.0
"""How long the answer to a call is kept for a repetition of it."""
CANCEL_WITHIN_S = 1.0
"""How long a cancelled tool may take to clean up when the server stops."""

_logger = logging.getLogger("mentra.server")

_Key = tuple[str, str, bytes, Any]


class ToolHook(Protocol):
    """The app's own answer to tools that are not declared with ``@tool``."""

    async def on_tool_call(self, tool_name: str, args: dict[str, Any], user_id: str) -> Any:
        """Answer a call."""


class ToolFailed(Exception):
    """A tool raised an exception, which is logged."""


class ToolCalls:
    """The calls of one app's tools."""

    def __init__(self, tools: Mapping[str, Tool], app: ToolHook, *, timeout_s: float) -> None:
        self._tools = tools
        self._app = app
        self._timeout_s = timeout_s
        self._answers: dict[_Key, asyncio.Task[str | None]] = {}
        """Of the calls that run, and of those that ended not long ago, in the order in which they came."""
        self._forget_at: dict[_Key, float] = {}
        self._running: set[asyncio.Task[Any]] = set()
        """Also those that were cancelled and do not end."""

    async def answer(self, call: ToolCall) -> str | None:
        """Return the reply to a call that the cloud makes, or repeats.

        Raises:
            ToolFailed: The tool raised an exception.
        """
        self._forget_old()
        key = (call.user_id.lower(), call.name, codec.encode(call.parameters), call.timestamp)
        task = self._answers.get(key)
        if task is None:
            task = self._answers[key] = self._start(self._answer(call), name=f"tool {call.name}")
            task.add_done_callback(lambda done: self._answered(key, done))
        # Shielded: the cloud may hang up, and ask again.
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Cancel what still runs, and wait for it."""
        running = list(self._running)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=CANCEL_WITHIN_S)

    async def _answer(self, call: ToolCall) -> str | None:
        work = self._start(self._call(call), name=f"handler of tool {call.name}")
        done, _ = await asyncio.wait([work], timeout=self._timeout_s)
        if done:
            return work.result()
        _logger.warning("The tool %r took longer than %g s, and was cancelled.", call.name, self._timeout_s)
        work.cancel()
        return (
            f"{call.name} took longer than {self._timeout_s:g} s and was stopped, so it is not known what of it "
            "was done. Tell the user that it did not work, and do not try again by yourself."
        )

    def _start(self, work: Coroutine[Any, Any, str | None], *, name: str) -> asyncio.Task[str | None]:
        task = asyncio.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[str | None]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # It is logged, and whoever called may be gone: nobody else asks for it.

    async def _call(self, call: ToolCall) -> str | None:
        try:
            return reply_text(await call_tool(self._tools, self._app, call))
        except (Exception, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and is_cancelled():
                raise
            _logger.exception("The tool %r raised an exception.", call.name)
            raise ToolFailed(f"The tool {call.name} failed; the app's log has the details.") from error

    def _answered(self, key: _Key, task: asyncio.Task[str | None]) -> None:
        if key[-1] is None:
            del self._answers[key]
        else:
            self._forget_at[key] = task.get_loop().time() + REMEMBERED_S

    def _forget_old(self) -> None:
        now = asyncio.get_running_loop().time()
        for key in [key for key, moment in self._forget_at.items() if moment <= now]:
            del self._forget_at[key], self._answers[key]


async def call_tool(tools: Mapping[str, Tool], app: ToolHook, call: ToolCall) -> Any:
    """Have the app answer a call: its tool of that name, else ``on_tool_call``. A ``ToolError`` is an answer."""
    tool = tools.get(call.name)
    try:
        result: Any = tool(call) if tool else app.on_tool_call(call.name, dict(call.parameters), call.user_id)
        return await result if inspect.isawaitable(result) else result
    except ToolError as error:
        return str(error)


def reply_text(reply: Any) -> str | None:
    """Return an answer as the wire has it: text; anything else travels as JSON in that text."""
    if reply is None or isinstance(reply, str):
        # Not a member of ToolResponse or another enumeration, but what it stands for.
        return reply if reply is None else str.__str__(reply)
    return codec.encode(reply).decode()
