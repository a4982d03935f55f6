"""One plain line per entry: for pipes, files, continuous integration and coding agents."""

import os
import sys
from collections.abc import Callable
from typing import TextIO

from mentra_cli.dev.journal import Entry
from mentra_cli.dev.views.describe import describe


class Lines:
    """Writes entries as lines; further lines of one entry are indented.

    Args:
        gone: Called when nobody reads the lines any more.
    """

    def __init__(self, out: TextIO | None = None, *, gone: Callable[[], object] | None = None) -> None:
        self._out = out or sys.stdout
        self._gone = gone

    def show(self, entry: Entry) -> None:
        """Write one entry."""
        said = describe(entry)
        first, *rest = (said.text or "").splitlines() or [""]
        head = f"{entry.time.astimezone():%H:%M:%S} {said.who}  {said.title}"
        lines = [f"{head}: {first}" if first else head, *(f"    {line}" for line in rest)]
        text = "\n".join(lines) + "\n"
        encoding = self._out.encoding or "utf-8"
        try:
            self._out.write(text.encode(encoding, "replace").decode(encoding))
            self._out.flush()
        except BrokenPipeError:
            # The reader is gone (``| head``). Python would complain about it once more on its way out.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._out.fileno())
            if self._gone is not None:
                self._gone()
