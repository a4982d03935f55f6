"""How a command prints: data to stdout, messages to stderr.

Commands print with these functions only. What else is written: help and usage errors by typer, a traceback on request
by ``main.py``, the version by ``__main__.py`` before Rich is loaded, the traffic by the views of ``mentra dev``.

Rich honours ``NO_COLOR``, ``FORCE_COLOR`` and ``COLUMNS`` itself. Off a terminal there are no boxes.
"""

import sys
from typing import Any

from rich.console import Console
from rich.text import Text

from mentra_cli.errors import CliError

out = Console(soft_wrap=True, highlight=False)
"""For data: what the user asked for."""
err = Console(stderr=True, soft_wrap=True, highlight=False)
"""For messages: progress, hints, errors."""
verbose = False
"""Whether the user wants to see more; set by ``main.py``."""


def say(text: str = "", style: str = "") -> None:
    """Print a message to stderr. Square brackets are printed as they are."""
    err.print(Text(text, style=style))


def data(text: str, style: str = "") -> None:
    """Print data to stdout. Square brackets are printed as they are."""
    out.print(Text(text, style=style))


def ask(question: str) -> str:
    """Ask for one line. The question goes to stderr, so stdout stays data. Only for a person at a terminal."""
    return err.input(Text(f"{question} ")).strip()


def json(document: Any) -> None:
    """Print exactly one JSON document to stdout."""
    # 13 ms, which help and text do without.
    import msgspec

    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
    sys.stdout.flush()


def json_line(document: bytes) -> None:
    """Print one JSON document of many to stdout, encoded already."""
    sys.stdout.buffer.write(document + b"\n")
    sys.stdout.flush()


def raw(contents: bytes) -> None:
    """Print the contents of a file to stdout, as they are."""
    sys.stdout.buffer.write(contents)
    sys.stdout.flush()


def error(problem: CliError) -> None:
    """Print an error and what to do about it."""
    err.print(Text.assemble(("Error: ", "bold red"), problem.message))
    if problem.fix:
        err.print(Text.assemble(("Fix:   ", "bold green"), problem.fix))
