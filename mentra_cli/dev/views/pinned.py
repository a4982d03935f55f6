"""What stays below the traffic: the glasses, and one line that says where one is."""

from collections.abc import Callable
from dataclasses import dataclass

from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.utils import get_cwidth
from rich.console import Console
from rich.text import Text

from mentra.localcloud import DEFAULT_USER
from mentra_cli.dev.journal import DisplayChange, Entry, Loaded, LoadFailed

MAX_WIDTH = 64
"""Columns of the glasses' frame; a narrower terminal makes it narrower."""
_ROWS_ABOVE = 10
"""Rows of the terminal that tall displays leave to the traffic and the prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the app runs."""

    is_local: bool
    url: str
    """Where its public port is reached."""


class Pinned:
    """Draws the lines above the prompt.

    Args:
        filter_text: Returns what is filtered for; empty when nothing is.
    """

    def __init__(self, place: Place, filter_text: Callable[[], str]) -> None:
        self._place = place
        self._filter_text = filter_text
        self._displays: dict[str, str] = {}
        """The text on the glasses of each user; the last one that changed stands last."""
        self._is_behind = False
        """Whether the code that was saved last does not serve."""

    def notice(self, entry: Entry) -> bool:
        """Take in an entry; return whether it changes what is drawn."""
        if isinstance(entry, Loaded | LoadFailed):
            self._is_behind = isinstance(entry, LoadFailed)
            return True
        if not isinstance(entry, DisplayChange):
            return False
        self._displays.pop(entry.user_id, None)
        self._displays[entry.user_id] = entry.text
        return True

    def draw(self, columns: int, rows: int) -> StyleAndTextTuples:
        """Return everything up to the place where one types."""
        prompt = "say> " if self._place.is_local else "> "
        return [*self._glasses(columns, rows), *self._status(columns), ("ansicyan bold", prompt)]

    def _glasses(self, columns: int, rows: int) -> StyleAndTextTuples:
        if not self._displays and not self._place.is_local:
            return []  # The display is on somebody's nose.
        user_id, text = next(reversed(self._displays.items()), (DEFAULT_USER, ""))
        width = min(MAX_WIDTH, columns) - 4
        lines = wrapped(text, width)
        most = max(1, rows - _ROWS_ABOVE)
        if len(lines) > most:
            lines = [*lines[: most - 1], "..."]
        inside = "".join(f"│ {line}{' ' * (width - get_cwidth(line))} │\n" for line in lines)
        title = f"─ {self._title(user_id)} "[: width + 2]
        above = f"╭{title}{'─' * (width + 2 - get_cwidth(title))}╮\n"
        return [("ansigreen bold", f"{above}{inside}╰{'─' * (width + 2)}╯\n")]

    def _title(self, user_id: str) -> str:
        others = len(self._displays) - 1
        name = "" if user_id == DEFAULT_USER else f" of {user_id}"
        return f"glasses{name} (+{others} more)" if others > 0 else f"glasses{name}"

    def _status(self, columns: int) -> StyleAndTextTuples:
        """Return as many parts of the status as fit on a line; which cloud it is always does."""
        local = self._place.is_local
        filtered = self._filter_text()
        parts = [
            ("ansigreen", " LOCAL cloud ") if local else ("ansired bold reverse", " REAL CLOUD "),
            *([("ansired bold", " the last save does not load ")] if self._is_behind else []),
            *([("ansiyellow bold", f" filter: {filtered} ")] if filtered else []),
            ("ansibrightblack", f" {self._place.url} "),
            *([("ansibrightblack", " Type to speak ")] if local else []),
            ("ansibrightblack", " Esc h: help "),
            ("ansibrightblack", " Ctrl-C ends "),
        ]
        fitting: StyleAndTextTuples = []
        for style, part in parts:
            columns -= get_cwidth(part) + 1
            if columns > 0 or not fitting:
                fitting += [("ansibrightblack", "|"), (style, part)] if fitting else [(style, part)]
        return [*fitting, ("", "\n")]


def wrapped(text: str, columns: int) -> list[str]:
    """Break a text into rows: at its own line breaks, then between words, by the width that characters take."""
    console = Console(width=columns)
    rows = [row.plain.rstrip() for line in text.split("\n") for row in Text(line).wrap(console, columns)]
    return rows or [""]
