"""Type checkers accept what developers write, in every form. They read the files beside this one."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
READ_WITHIN_S = 300

pytestmark = [pytest.mark.processes, pytest.mark.timeout(READ_WITHIN_S)]


def test_mypy_accepts_the_apps():
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", "", str(HERE / "apps.py")]

    checked = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=READ_WITHIN_S)

    assert checked.returncode == 0, checked.stdout


def test_pyright_accepts_the_apps():
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, str(HERE / "apps.py")]

    checked = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=READ_WITHIN_S)

    assert checked.returncode == 0, checked.stdout


def test_the_apps_silence_no_checker():
    assert "type: ignore" not in (HERE / "apps.py").read_text()
