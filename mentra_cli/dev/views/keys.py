"""The keys of ``mentra dev`` at a terminal: one table, which the prompt, the help and the tests read.

Each key stands for a line that could be typed as well. Escape and then a letter is, to a terminal, the same as Alt with
that letter. Keys that are text, or that edit a line, are left alone: one can always type.
"""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortcut:
    """A key, and the line that it stands for."""

    name: str
    keys: tuple[tuple[str, ...], ...]
    """Each way to press it, in the words of prompt_toolkit."""
    shown: str
    line: str
    help: str
    is_entered: bool = True
    """Whether the line is entered at once; else it is put at the prompt, to be completed."""
    argument: str = ""
    """What the user adds to the line."""


SHORTCUTS = (
    Shortcut(name="help", keys=(("escape", "h"), ("f1",)), shown="Esc h, F1", line="/help", help="this help"),
    Shortcut(name="restart", keys=(("escape", "r"),), shown="Esc r", line="/restart", help="start the app's code anew"),
    Shortcut(
        name="speak",
        keys=(("escape", "s"),),
        shown="Esc s",
        line="",
        help="speak: an empty line to type a sentence in",
        is_entered=False,
    ),
    Shortcut(
        name="button", keys=(("escape", "b"),), shown="Esc b", line="/press", help="press the button of the glasses"
    ),
    Shortcut(
        name="replay last", keys=(("escape", "."),), shown="Esc .", line="/replay", help="send the last event again"
    ),
    Shortcut(
        name="filter",
        keys=(("escape", "f"),),
        shown="Esc f",
        line="/filter ",
        argument="TEXT",
        help="show only what contains TEXT; /filter alone ends it",
        is_entered=False,
    ),
    Shortcut(name="clear", keys=(("escape", "c"),), shown="Esc c", line="/clear", help="clear what has scrolled by"),
    Shortcut(name="quit", keys=(("escape", "q"),), shown="Esc q", line="/quit", help="end mentra dev, like Ctrl-C"),
)


MAX_COLUMNS = 78
_HELP_COLUMN = 27
"""Where the explanation of a key begins."""


def help_text(commands: Iterable[str], *, columns: int = MAX_COLUMNS) -> str:
    """Return what ``/help`` prints, broken between words.

    Args:
        commands: Names of all commands that can be typed after a slash.
        columns: Of the terminal.
    """
    width = min(columns, MAX_COLUMNS)
    keys_indent = " " * (_HELP_COLUMN if width >= 2 * _HELP_COLUMN else 4)
    known = {key.line.strip() for key in SHORTCUTS}
    others = [f"/{name}" for name in commands if f"/{name}" not in known]
    return "\n".join(
        [
            *_wrap("A sentence and Enter: the glasses hear it.", width),
            *_wrap("Keys: Esc, then the letter (or Alt with it). Each stands for a command:", width),
            *(line for key in SHORTCUTS for line in _wrap(_row(key), width, keys_indent)),
            *_wrap(f"And, as in another terminal: {' '.join(others)}", width),
            *_wrap("/say --help tells what a command takes. Tab completes its name.", width),
            *_wrap("To say a sentence that begins with a slash, begin it with two: //home", width),
        ]
    )


def _row(key: Shortcut) -> str:
    return f"  {key.shown:<10} {key.line + key.argument:<13} {key.help}"


def _wrap(line: str, width: int, indent: str = "  ") -> list[str]:
    # A name such as /no-such stays whole.
    return textwrap.wrap(line, width, subsequent_indent=indent, break_on_hyphens=False)
