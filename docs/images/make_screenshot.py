"""Take the picture of the README: run the real ``mentra dev`` in a real terminal, and save what it shows as SVG.

Needs tmux. Run it with ``make picture``.
"""

import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).parent / "mentra-dev.svg"
COLUMNS, LINES = 94, 36
SHOWN_WITHIN_S = 20.0
REST_S = 0.7
"""Nothing changes for so long: the screen is complete."""
GLASSES = "─ glasses "
"""What the frame of the glasses begins with."""

# Rich asks the reader's browser to fetch fonts from a host. A picture should not; any monospaced font will do.
FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", flags=re.DOTALL)
COMMENT = re.compile(r"<!--.*?-->\s*", flags=re.DOTALL)
FONT = re.compile(r"font-family: Fira Code, monospace")
FONTS = "font-family: ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


class Terminal:
    """A terminal that nobody looks at."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def tmux(self, *arguments: str) -> str:
        """Run one tmux command on the server of this terminal."""
        command = ["tmux", "-u", "-S", str(self._socket), "-f", os.devnull, *arguments]
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = {**os.environ, "PATH": path, "PS1": "$ "}
        return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout

    def type(self, text: str) -> None:
        """Type a line and press Enter."""
        self.tmux("send-keys", "-l", text)
        self.tmux("send-keys", "Enter")

    def wait_for(self, text: str, *, below: str = "") -> None:
        """Wait until a text is on the screen, or on the part of it below another text."""
        deadline = time.monotonic() + SHOWN_WITHIN_S
        while text not in (screen := self.tmux("capture-pane", "-p")).rpartition(below or "\0")[2]:
            if time.monotonic() > deadline:
                raise SystemExit(f"The terminal does not show {text!r}, but:\n{screen}")
            time.sleep(0.05)

    def screen(self) -> str:
        """Return what is on the screen, with its colours, once it has come to rest."""
        before, screen = "", self.tmux("capture-pane", "-p", "-e")
        while screen != before:
            time.sleep(REST_S)
            before, screen = screen, self.tmux("capture-pane", "-p", "-e")
        return screen


@contextlib.contextmanager
def open_terminal(folder: Path, command: str) -> Iterator[Terminal]:
    """Run a command in a terminal of its own."""
    terminal = Terminal(folder / "tmux")
    size = ["-x", str(COLUMNS), "-y", str(LINES)]
    terminal.tmux("new-session", "-d", *size, "-c", str(folder), "bash --norc --noprofile")
    try:
        terminal.type(command)
        yield terminal
    finally:
        terminal.tmux("kill-server")


def show_reload(terminal: Terminal, app: Path) -> None:
    """Speak, change the code under the conversation, and speak again."""
    terminal.wait_for("Hello! Say something.", below=GLASSES)
    terminal.type("what a lovely morning")
    terminal.wait_for("what a lovely morning", below=GLASSES)
    app.write_text(app.read_text().replace("(speech.text)", "(speech.text.upper())"))
    terminal.wait_for("reloaded")
    terminal.type("and the conversation goes on")
    terminal.wait_for("AND THE CONVERSATION GOES ON", below=GLASSES)


def svg_of(screen: str) -> str:
    """Return a terminal's screen as a picture."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, highlight=False)
    console.print(Text.from_ansi(screen.rstrip("\n")))
    svg = console.export_svg(title="mentra dev", unique_id="mentra-dev")
    return FONT.sub(FONTS, COMMENT.sub("", FONT_FACE.sub("", svg)))


def main() -> None:
    """Make a project, run it, take the picture."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = "mentra new hello --template minimal --no-input && cd hello && clear && mentra dev"
        with open_terminal(folder, command) as terminal:
            show_reload(terminal, folder / "hello" / "app.py")
            PICTURE.write_text(svg_of(terminal.screen()), encoding="utf-8")
    print(f"Took {PICTURE.name}, {PICTURE.stat().st_size // 1024} KiB.")


if __name__ == "__main__":
    main()
