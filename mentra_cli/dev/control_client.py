"""How a command reaches the running ``mentra dev``, or ``mentra cloud``, of its folder."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from mentra.protocol import codec
from mentra.transport.base import HttpError, HttpReply, Network
from mentra.transport.sockets import SocketNetwork
from mentra_cli.dev import state_file
from mentra_cli.dev.control_messages import Refusal, Request
from mentra_cli.dev.state_file import DevState
from mentra_cli.errors import CliError, ExitCode
from mentra_cli.processes import is_alive

T = TypeVar("T")

ANSWER_WITHIN_S = 60.0
"""The slowest answers are those of an app that hangs, as it starts or in a tool: both are tried twice."""

_LOOK_EVERY_S = 0.05

_CODES = {400: ExitCode.USAGE, 404: ExitCode.NOT_FOUND}
_TRY_AGAIN = {400: "Correct it and try again."}


class DevGone(CliError):
    """The ``mentra dev`` that was there does not answer any more."""


class ControlClient:
    """Asks one ``mentra dev``. Get it from ``connect``."""

    def __init__(self, network: Network, state: DevState) -> None:
        self.state = state
        self._network = network

    async def ask(self, request: Request, answer: type[T], *, within_s: float = ANSWER_WITHIN_S) -> T:
        """Ask for something, and wait for the answer.

        Raises:
            DevGone: It ended, and left no word.
            CliError: It could not do it.
        """
        path, body = request.path, b""
        if request.method == "GET":
            path += f"?{urlencode(_query(request))}"
        else:
            body = codec.encode(request)
        try:
            reply = await self._network.request(
                request.method,
                self.state.control_url + path,
                headers={"authorization": f"Bearer {self.state.token}"},
                body=body,
                timeout=within_s,
            )
        except HttpError as error:
            raise DevGone(
                f"The {self.state.command} of this folder (process {self.state.pid}) does not answer any more.",
                fix=_START_IT,
                code=ExitCode.NOT_FOUND,
            ) from error
        return _read(reply, answer, self.state.command)


@asynccontextmanager
async def connect(folder: Path) -> AsyncGenerator[ControlClient, None]:
    """Find the ``mentra dev`` of a folder, or of the nearest folder above it.

    Raises:
        CliError: None is running (NOT_FOUND).
    """
    state = state_file.find(folder)
    if state is None:
        raise CliError(f"No mentra dev is running in {folder}.", fix=_START_IT, code=ExitCode.NOT_FOUND)
    network = SocketNetwork()
    try:
        yield ControlClient(network, state)
    finally:
        await network.close()


async def call(folder: Path, request: Request, answer: type[T], *, within_s: float = ANSWER_WITHIN_S) -> T:
    """Ask the ``mentra dev`` of a folder, or of the nearest folder above it, for one thing.

    Raises:
        CliError: None is running (NOT_FOUND), or it could not do it.
    """
    async with connect(folder) as client:
        return await client.ask(request, answer, within_s=within_s)


async def wait_for_dev(folder: Path, *, within_s: float) -> float:
    """Wait until a ``mentra dev`` of a folder, or of one above it, runs; return for how long, also if none does."""
    clock = asyncio.get_running_loop().time
    began = clock()
    while clock() - began < within_s:
        state = state_file.find(folder)
        if state is not None and is_alive(state.pid):
            break
        await asyncio.sleep(_LOOK_EVERY_S)
    return clock() - began


def _query(request: Request) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.to_builtins(request)
    return {name: value for name, value in values.items() if value is not None}


def _read(reply: HttpReply, kind: type[T], command: str) -> T:
    if reply.status == 200:
        answer = codec.decode_as(kind, reply.body)
        if not isinstance(answer, codec.Malformed):
            return answer
    refusal = codec.decode_as(Refusal, reply.body)
    if isinstance(refusal, codec.Malformed):
        refusal = Refusal(error=f"{command} answered {reply.status}: {refusal.problem}")
    raise CliError(
        refusal.error,
        fix=refusal.fix or _TRY_AGAIN.get(reply.status, f"See the terminal in which {command} runs."),
        code=_CODES.get(reply.status, ExitCode.GENERAL),
    )


_START_IT = "Start it in another terminal, in the project's folder: mentra dev, or mentra cloud"
