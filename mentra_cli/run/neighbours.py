"""How the workers of one app speak to each other: bridges over Unix sockets in a folder that is theirs alone."""

import asyncio
import dataclasses
import logging
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mentra.server.workers import Workers
from mentra.transport.base import HandleHttp, HttpError, HttpReply, HttpRequest, Listener
from mentra_cli.dev.bridge import Bridge

CONNECT_WITHIN_S = 5.0
"""How long a worker may not be there, as it is being started again."""
ANSWER_WITHIN_S = 3600.0
"""How long it may take to answer. How long is right, its own routes know; that it ended is noticed at once."""
_LOOK_EVERY_S = 0.02
_ACCEPT_AGAIN_S = 1.0
_BACKLOG = 128
_ADDRESS = "http://worker"
"""Over a bridge an address says nothing."""
_AS_IT_IS = "+"
"""Stands before a method and what the client asked for. A bridge answers ``HEAD`` without a body, and so without its
length, which only the listener that the client is connected to may leave out; and of a URL it keeps path and query
only, while a client may ask for ``*``, or for anything else."""

_logger = logging.getLogger("mentra.run")


class Neighbours(Workers):
    """The workers of an app, seen from one of them.

    Args:
        folder: Where their sockets are.
        on_open: Called when this one answers the others.
    """

    def __init__(self, folder: Path, *, index: int, count: int, on_open: Callable[[], object] = lambda: None) -> None:
        self._folder = folder
        self._index = index
        self._count = count
        self._on_open = on_open
        self._bridges: dict[int, Bridge] = {}
        """To those that were asked something."""
        self._connecting: dict[int, asyncio.Task[Bridge]] = {}
        self._doors: dict[Bridge, Listener] = {}
        """Of those that ask us."""
        self._socket: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None

    @property
    def index(self) -> int:
        """Which one this is, from 0."""
        return self._index

    @property
    def count(self) -> int:
        """How many there are."""
        return self._count

    async def open(self, handle: HandleHttp) -> None:
        """Begin to answer what the others ask."""

        async def answer(request: HttpRequest) -> HttpReply:
            method, _, target = _read(request.method).removeprefix(_AS_IT_IS).partition(" ")
            reply = await handle(HttpRequest(method, target, _each(_read, request.headers), request.body))
            # Here, where it becomes an answer with 500 if it is impossible.
            cookies = tuple(map(_written, reply.cookies))
            return dataclasses.replace(reply, headers=_each(_written, reply.headers), cookies=cookies)

        path = self._path(self._index)
        path.unlink(missing_ok=True)  # Of the worker before.
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.setblocking(False)
        self._socket.bind(str(path))
        self._socket.listen(_BACKLOG)
        self._accepting = asyncio.create_task(self._accept(self._socket, answer), name="accept other workers")
        self._on_open()

    async def ask(self, worker: int, request: HttpRequest) -> HttpReply:
        """Have another worker answer a request."""
        bridge = await self._bridge_to(worker)
        reply = await bridge.stream(
            _written(f"{_AS_IT_IS}{request.method} {request.path}"),
            _ADDRESS,
            headers=_each(_written, request.headers),
            body=request.body,
            timeout=ANSWER_WITHIN_S,
        )
        cookies = tuple(map(_read, reply.cookies))
        return dataclasses.replace(reply, headers=_each(_read, reply.headers), cookies=cookies)

    async def close(self) -> None:
        """Neither ask nor answer any more. What is being answered gets a moment."""
        tasks: list[asyncio.Task[Any]] = [*self._connecting.values()]
        if self._accepting is not None:
            tasks.append(self._accepting)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._socket is not None:
            self._socket.close()
        await asyncio.gather(*(door.close() for door in self._doors.values()))
        await asyncio.gather(*(bridge.close() for bridge in (*self._doors, *self._bridges.values())))
        self._doors.clear()
        self._bridges.clear()

    async def _accept(self, listening: socket.socket, answer: HandleHttp) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, _ = await loop.sock_accept(listening)
            except OSError as error:
                _logger.error("Another worker cannot be heard yet: %s", error)  # Such as too many open files.
                await asyncio.sleep(_ACCEPT_AGAIN_S)
                continue
            self._doors = {other: door for other, door in self._doors.items() if not other.gone}
            bridge = Bridge(first=False)
            # How much a request may have, whoever accepted it has seen to.
            self._doors[bridge] = await bridge.listen("worker", 0, answer, max_body_bytes=sys.maxsize)
            await bridge.take_over(accepted)

    async def _bridge_to(self, worker: int) -> Bridge:
        bridge = self._bridges.get(worker)
        if bridge is not None and not bridge.gone:
            return bridge
        task = self._connecting.get(worker)
        if task is None:
            task = self._connecting[worker] = asyncio.create_task(self._connect(worker), name=f"find worker {worker}")
            task.add_done_callback(lambda _: self._connecting.pop(worker))
        try:
            return await asyncio.shield(task)  # Others wait for the same.
        except OSError as error:
            raise HttpError(f"It was not there for {CONNECT_WITHIN_S:g} s: {error}") from error

    async def _connect(self, worker: int) -> Bridge:
        deadline = asyncio.get_running_loop().time() + CONNECT_WITHIN_S
        while True:
            end = socket.socket(socket.AF_UNIX)
            end.setblocking(False)
            try:
                await asyncio.get_running_loop().sock_connect(end, str(self._path(worker)))
                bridge = self._bridges[worker] = await Bridge.open(end, first=True)
            except OSError:
                end.close()
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(_LOOK_EVERY_S)
            except BaseException:
                end.close()
                raise
            else:
                return bridge

    def _path(self, worker: int) -> Path:
        return self._folder / f"{worker}.sock"


# A head may hold any bytes. Those that are no UTF-8 are surrogates in ours, which a bridge does not carry.


def _written(text: str) -> str:
    return text if text.isascii() else text.encode(errors="surrogateescape").decode("latin-1")


def _read(text: str) -> str:
    return text if text.isascii() else text.encode("latin-1").decode(errors="surrogateescape")


def _each(change: Callable[[str], str], headers: Mapping[str, str]) -> dict[str, str]:
    return {name: change(value) for name, value in headers.items()}
