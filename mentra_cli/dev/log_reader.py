"""Reads the journal of a ``mentra dev`` from outside, as far as it is kept and as long as it is wanted."""

from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec

from mentra_cli.dev.control_client import DevGone, connect
from mentra_cli.dev.control_messages import LogEntries, Logs

WAIT_S = 20.0
"""How long one question waits for news."""


async def read_logs(folder: Path, asked: Logs, *, follow: bool) -> AsyncGenerator[LogEntries, None]:
    """Yield what happened, in pieces.

    Args:
        follow: Whether to go on until ``mentra dev`` ends.

    Raises:
        CliError: None is running.
    """
    first = asked.after
    async with connect(folder) as client:
        while True:
            try:
                told = await client.ask(asked, LogEntries)
            except DevGone:
                if asked.after == first and not asked.wait_s:
                    raise
                return  # It was there, and ended.
            if asked.after == 0:
                told = msgspec.structs.replace(told, missed=0)  # Who asks for all gets what there is.
            yield told
            if told.ended or not (follow or told.more):
                return
            asked = msgspec.structs.replace(asked, after=told.next, last=None, wait_s=WAIT_S if follow else 0.0)
