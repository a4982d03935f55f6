"""Webhooks and session messages as Rich panels, for a terminal."""

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from mentra_cli.dev.journal import (
    AppError,
    AppOutput,
    Blocked,
    CloudCall,
    DisplayChange,
    Frame,
    HttpAnswer,
    HttpCall,
    LoadFailed,
)
from mentra_cli.dev.views.colours import Colours
from mentra_cli.dev.views.describe import Description, describe_batch
from mentra_cli.dev.views.folding import Batch

_IN_PANELS = HttpCall | HttpAnswer | CloudCall | Frame | LoadFailed | AppError | Blocked


class Panels:
    """Prints traffic in panels, everything else in lines. The glasses are shown elsewhere, pinned.

    Args:
        verbose: Whether messages are shown whole.
    """

    def __init__(self, console: Console, *, verbose: bool = False) -> None:
        self._console = console
        self._verbose = verbose
        self._colours = Colours()

    def show(self, batch: Batch) -> None:
        """Print what is drawn as one."""
        entry = batch.last
        if isinstance(entry, DisplayChange):
            return
        said = describe_batch(batch, whole=self._verbose)
        if isinstance(entry, AppOutput):
            self._console.print(Text(f"app | {said.text}", style=said.style))
        elif isinstance(entry, _IN_PANELS) and not batch.size_bytes and said.text:
            self._console.print(self._panel(said, f"{entry.time.astimezone():%H:%M:%S}"))
        else:
            text = f": {said.text}" if said.text else ""
            self._console.print(Text(f"{said.who}  {said.title}{text}", style=self._style(said)))

    def _panel(self, said: Description, time: str) -> Panel:
        style = self._style(said)
        return Panel(
            Text(said.text),
            title=Text.assemble((said.who, style), "  ", *self._title(said)),
            subtitle=Text(f"{said.margin}  {time}" if said.margin else time),
            title_align="left",
            subtitle_align="right",
            border_style=style,
            box=box.ROUNDED,
        )

    def _title(self, said: Description) -> list[tuple[str, str]]:
        """Return the title in parts, the user in the colour of the session."""
        style = self._style(said)
        before, user, after = said.title.partition(f"({said.user_id})") if said.user_id else (said.title, "", "")
        weight = "bold red" if "red" in said.style else "bold"
        return [(before, weight), (user, style), (after, weight)]

    def _style(self, said: Description) -> str:
        return f"{said.style} {self._colours.of(said.session_id)}".strip() if said.session_id else said.style
