"""One plain line per entry: for pipes, files, continuous integration and coding agents."""

import os
import sys
from collections.abc import Callable
from datetime import datetime
from typing import TextIO

from mentra_cli.dev.views.describe import Description, describe_batch
from mentra_cli.dev.views.folding import Batch


def plain(said: Description, time: datetime) -> str:
    """Return a description as lines, without the last line break."""
    first, *rest = (said.text or "").splitlines() or [""]
    head = f"{time.astimezone():%H:%M:%S} {said.who}  {said.title}"
    if said.margin:
        head += f", {said.margin}"
    return "\n".join([f"{head}: {first}" if first else head, *(f"    {line}" for line in rest)])


class Lines:
    """Writes entries as lines; further lines of one entry are indented.

    Args:
        verbose: Whether messages are written whole.
        gone: Called when nobody reads the lines any more.
    """

    def __init__(
        self, out: TextIO | None = None, *, verbose: bool = False, gone: Callable[[], object] | None = None
    ) -> None:
        self._out = out or sys.stdout
        self._verbose = verbose
        self._gone = gone

    def show(self, batch: Batch) -> None:
        """Write what is drawn as one."""
        text = plain(describe_batch(batch, whole=self._verbose), batch.last.time) + "\n"
        encoding = self._out.encoding or "utf-8"
        try:
            self._out.write(text.encode(encoding, "replace").decode(encoding))
            self._out.flush()
        except BrokenPipeError:
            # The reader is gone (``| head``). Python would complain about it once more on its way out.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._out.fileno())
            if self._gone is not None:
                self._gone()
