"""The official SDK takes what ``mentra config export`` writes."""

import datetime
import subprocess
from pathlib import Path
from typing import Literal

import pytest

from mentra import AppServer, Settings, group, note, setting, tool
from mentra_cli.app_config import declared_by, export_of
from tests.peers.conftest import API_KEY, HERE, executable

pytestmark = pytest.mark.node

READ_WITHIN_S = 30


class Everything(Settings):
    looks = group("Looks")
    loud: bool = False
    name: str = ""
    nickname: str | None = None
    motto: str = setting("", multiline=True, max_lines=3)
    size: Literal["s", "l"] = "s"
    letter: Literal["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m"] = "a"
    days: list[Literal["mo", "tu"]] = setting(["mo"])
    lines: int = setting(3, min=1, max=5)
    speed: float | None = setting(None, min=0, step=0.5, placeholder="times")
    wake: datetime.time = setting(datetime.time(7), show_seconds=False)
    sleep: datetime.time | None = None
    version = note("Version", "1.2")


class App(AppServer):
    settings = Everything

    @tool
    def add(self, what: str) -> None:
        """Add."""


def accepted(text: str, folder: Path) -> str:
    file = folder / "app_config.json"
    file.write_text(text)
    command = [executable("node"), "validate_app_config.mjs", str(file)]
    finished = subprocess.run(
        command, cwd=HERE, capture_output=True, text=True, timeout=READ_WITHIN_S, check=True, env={}
    )
    return finished.stdout.splitlines()[-1]


@pytest.mark.usefixtures("official_sdk")
def test_the_official_sdk_accepts_an_export_of_every_type_w_rec_8(tmp_path: Path) -> None:
    declared = declared_by(App(package_name="com.example.app", api_key=API_KEY), tmp_path)
    text = export_of(declared, None, tmp_path / "app_config.json").text

    assert accepted(text, tmp_path) == "true"
    assert accepted(text.replace('"slider"', '"slide"'), tmp_path) == "false"
