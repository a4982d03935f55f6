"""Webhooks and session messages as Rich panels, for a terminal."""

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from mentra_cli.dev.journal import AppOutput, DisplayChange, Entry, Frame, HttpAnswer, HttpCall, LoadFailed
from mentra_cli.dev.views.describe import describe


class Panels:
    """Prints entries: traffic in panels, everything else in lines. The glasses are shown elsewhere, pinned."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def show(self, entry: Entry) -> None:
        """Print one entry."""
        said = describe(entry)
        if isinstance(entry, DisplayChange):
            return
        if isinstance(entry, AppOutput):
            self._console.print(Text(f"app | {said.text}", style=said.style))
        elif isinstance(entry, HttpCall | HttpAnswer | Frame | LoadFailed):
            self._console.print(
                Panel(
                    Text(said.text),
                    title=Text(f"{said.who}  {said.title}"),
                    subtitle=f"{entry.time.astimezone():%H:%M:%S}",
                    title_align="left",
                    subtitle_align="right",
                    border_style=said.style,
                    box=box.ROUNDED,
                )
            )
        else:
            self._console.print(Text(f"{said.who}  {said.title}: {said.text}", style=said.style))
