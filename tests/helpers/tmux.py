"""A real terminal for tests, and the environment that its programs get."""

import asyncio
import contextlib
import os
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path

WITHIN_S = 15.0


def plain_environment(**more: str) -> dict[str, str]:
    dropped = ("API_KEY", "PACKAGE_NAME", "PORT", "MENTRAOS_API_KEY", "CI", "NO_COLOR", "FORCE_COLOR")
    return {**{name: value for name, value in os.environ.items() if name not in dropped}, **more}


class Tmux:
    """A real terminal, 100 columns by 40 rows if nothing else is said."""

    def __init__(self, folder: Path, command: str, *, columns: int = 100, rows: int = 40) -> None:
        self._name = f"mentra-{uuid.uuid4().hex[:8]}"
        self._tmux(
            "new-session", "-d", "-x", str(columns), "-y", str(rows), "-c", str(folder), "bash --norc --noprofile"
        )
        self.type(command)

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)
        self._tmux("send-keys", "Enter")

    def press(self, *keys: str) -> None:
        self._tmux("send-keys", *keys)

    def screen(self) -> str:
        return self._tmux("capture-pane", "-p")

    def scrollback(self) -> list[str]:
        """Return all lines, with those that have left the screen, as far as tmux keeps them (2,000)."""
        return self._tmux("capture-pane", "-p", "-S", "-").splitlines()

    async def until(self, condition: Callable[[str], bool]) -> str:
        try:
            async with asyncio.timeout(WITHIN_S):
                while not condition(screen := self.screen()):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"The terminal shows:\n{self.screen()}") from None
        return screen

    def end(self) -> None:
        with contextlib.suppress(subprocess.CalledProcessError):
            self._tmux("kill-server")

    def _tmux(self, *arguments: str) -> str:
        command = ["tmux", "-L", self._name, "-f", "/dev/null", *arguments]
        environment = plain_environment(TERM="xterm-256color", LANG="C.UTF-8", LC_ALL="C.UTF-8", PS1="$ ")
        return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
