"""One JSON document per entry and line: for programs."""

import os
import sys
from collections.abc import Callable
from typing import BinaryIO

from mentra_cli.dev.entry_json import entry_json
from mentra_cli.dev.journal import Entry


class Ndjson:
    """Writes entries as they come, each whole.

    Args:
        gone: Called when nobody reads the lines any more.
    """

    def __init__(self, out: BinaryIO | None = None, *, gone: Callable[[], object] | None = None) -> None:
        self.filter = ""
        """Only what contains this is written; empty: everything."""
        self._out = out or sys.stdout.buffer
        self._gone = gone

    def take(self, entry: Entry) -> None:
        """Write one entry."""
        line = entry_json(entry)
        if self.filter.casefold() not in line.decode().casefold():
            return
        try:
            self._out.write(line + b"\n")
            self._out.flush()
        except BrokenPipeError:
            # The reader is gone (``| head``). Python would complain about it once more on its way out.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._out.fileno())
            if self._gone is not None:
                self._gone()

    def close(self) -> None:
        """Do nothing: all is written."""
