"""How a command reaches the running ``mentra dev`` of its folder."""

from pathlib import Path
from typing import Any, TypeVar

from mentra.protocol import codec
from mentra.transport.base import HttpError, HttpReply
from mentra.transport.sockets import SocketNetwork
from mentra_cli.dev import state_file
from mentra_cli.dev.control import Problem
from mentra_cli.errors import CliError, ExitCode

T = TypeVar("T")

ANSWER_WITHIN_S = 10.0
BAD_REQUEST = 400


async def call(folder: Path, method: str, path: str, body: Any, answer: type[T]) -> T:
    """Ask the ``mentra dev`` of a folder, or of the nearest folder above it, to do something.

    Raises:
        CliError: None is running (NOT_FOUND), or it could not do it (GENERAL).
    """
    state = state_file.find(folder)
    if state is None:
        raise _not_running(f"No mentra dev is running in {folder}.")
    network = SocketNetwork()
    try:
        reply = await network.request(
            method,
            state.control_url + path,
            headers={"authorization": f"Bearer {state.token}"},
            body=codec.encode(body),
            timeout=ANSWER_WITHIN_S,
        )
    except HttpError as error:
        raise _not_running(f"The mentra dev of this folder (process {state.pid}) does not answer any more.") from error
    finally:
        await network.close()
    return _read(reply, answer)


def _read(reply: HttpReply, kind: type[T]) -> T:
    if reply.status == 200:
        answer = codec.decode_as(kind, reply.body)
        if not isinstance(answer, codec.Malformed):
            return answer
    problem = codec.decode_as(Problem, reply.body)
    if reply.status == BAD_REQUEST and not isinstance(problem, codec.Malformed):
        raise CliError(problem.error, fix="Correct it and try again.", code=ExitCode.USAGE)
    text = problem.problem if isinstance(problem, codec.Malformed) else problem.error
    raise CliError(f"mentra dev answered {reply.status}: {text}", fix="See the terminal in which mentra dev runs.")


def _not_running(message: str) -> CliError:
    return CliError(
        message,
        fix="Start it in another terminal, in the project's folder: mentra dev",
        code=ExitCode.NOT_FOUND,
    )
