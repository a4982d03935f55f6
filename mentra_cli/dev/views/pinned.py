"""What stays below the traffic: the glasses, and one line that says where one is."""

from collections.abc import Callable
from dataclasses import dataclass

from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.utils import get_cwidth
from rich.console import Console
from rich.text import Text

from mentra.localcloud import DEFAULT_USER
from mentra_cli.dev.journal import AppError, DisplayChange, Entry, Frame, Loaded, LoadFailed
from mentra_cli.dev.local_users import Perceived
from mentra_cli.half_blocks import half_blocks

MAX_WIDTH = 64
"""Columns of the glasses' frame; a narrower terminal makes it narrower."""
_PERCEIVED = {
    True: (b'"rgb_led_control"', b'"audio_play_request"'),
    False: (b'"rtmp_stream_status"', b'"managed_stream_status"'),
}
"""Types of messages with which an app, or else the cloud, tells of something that is drawn."""
_PICTURE_ROWS = 14
_ROWS_ABOVE = 10
"""Rows of the terminal that tall displays leave to the traffic and the prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the app runs."""

    is_local: bool
    url: str
    """Where its public port is reached."""
    look: Callable[[str], Perceived] = lambda _: Perceived()
    """Returns what a user perceives at this moment, besides text."""


class Pinned:
    """Draws the lines above the prompt.

    Args:
        filter_text: Returns what is filtered for; empty when nothing is.
    """

    def __init__(self, place: Place, filter_text: Callable[[], str]) -> None:
        self._place = place
        self._filter_text = filter_text
        self._displays: dict[str, DisplayChange] = {}
        """What the glasses of each user show; the last one that changed stands last."""
        self.moves = False
        """Whether what was drawn looks different soon, without a further entry."""
        self._problem = ""
        """What is wrong with the code that was saved last; empty if nothing is."""

    def notice(self, entry: Entry) -> bool:
        """Take in an entry; return whether it changes what is drawn."""
        if isinstance(entry, Loaded | LoadFailed):
            self._problem = " the last save does not load " if isinstance(entry, LoadFailed) else ""
            return True
        if isinstance(entry, AppError):
            self._problem = self._problem or (" on_session failed " if entry.in_on_session else "")
            return True
        if not isinstance(entry, DisplayChange):
            return isinstance(entry, Frame) and any(tag in entry.text for tag in _PERCEIVED[entry.from_app])
        self._displays.pop(entry.user_id, None)
        self._displays[entry.user_id] = entry
        return True

    def draw(self, columns: int, rows: int) -> StyleAndTextTuples:
        """Return everything up to the place where one types."""
        prompt = "say> " if self._place.is_local else "> "
        return [*self._glasses(columns, rows), *self._status(columns), ("ansicyan bold", prompt)]

    def _glasses(self, columns: int, rows: int) -> StyleAndTextTuples:
        if not self._displays and not self._place.is_local:
            return []  # The display is on somebody's nose.
        now = next(reversed(self._displays.values()), DisplayChange(user_id=DEFAULT_USER, text=""))
        perceived = self._place.look(now.user_id)
        self.moves = perceived.moves or perceived.light is not None
        width = min(MAX_WIDTH, columns) - 4
        most = max(1, rows - _ROWS_ABOVE)
        lines = (
            half_blocks(perceived.bitmap, width, min(most, _PICTURE_ROWS))
            if perceived.bitmap
            else wrapped(now.text, width)
        )
        if len(lines) > most:
            lines = [*lines[: most - 1], "..."]
        inside = "".join(map(self._row(width), lines))
        if beside := _beside(now, perceived, width):
            inside += f"├{'╌' * (width + 2)}┤\n{''.join(map(self._row(width), beside))}"
        title = f"─ {self._title(now.user_id)} "[: width + 2]
        above = f"╭{title}{'─' * (width + 2 - get_cwidth(title))}╮\n"
        return [("ansigreen bold", f"{above}{inside}╰{'─' * (width + 2)}╯\n")]

    def _row(self, width: int) -> Callable[[str], str]:
        return lambda line: f"│ {line}{' ' * (width - get_cwidth(line))} │\n"

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
            *([("ansired bold", self._problem)] if self._problem else []),
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


def _beside(display: DisplayChange, perceived: Perceived, width: int) -> list[str]:
    """Return a line for each thing that is perceived besides the main view."""
    things = {
        "dashboard": " / ".join(display.dashboard.splitlines()),
        "light": perceived.light or "",
        "sound": " ".join((perceived.sound or "").split()),
        "video": str(perceived.video or ""),
    }
    return [_cut(f"{name:<10}{thing}", width) for name, thing in things.items() if thing]


def _cut(line: str, columns: int) -> str:
    if get_cwidth(line) <= columns:
        return line
    return f"{wrapped(line, columns - 3)[0]}..."


def wrapped(text: str, columns: int) -> list[str]:
    """Break a text into rows: at its own line breaks, then between words, by the width that characters take."""
    console = Console(width=columns)
    rows = [row.plain.rstrip() for line in text.split("\n") for row in Text(line).wrap(console, columns)]
    return rows or [""]
