import os
from pathlib import Path

import pytest

from mentra_cli.checks.running_dev import running_dev
from mentra_cli.dev import state_file
from mentra_cli.dev.state_file import DevState

NOBODY = 2**30
"""Above the highest process id that Linux and macOS give."""


def state(pid: int) -> DevState:
    return DevState(pid=pid, port=3000, control_url="http://127.0.0.1:1", cloud_url="http://127.0.0.1:2", token="t")


def test_a_running_process_counts(tmp_path: Path):
    state_file.write(tmp_path, state(os.getpid()))

    assert running_dev(tmp_path) == state(os.getpid())


@pytest.mark.parametrize("pid", [NOBODY, 2**70, 0, -1])
def test_a_file_left_behind_does_not(tmp_path: Path, pid: int):
    state_file.write(tmp_path, state(pid))

    assert running_dev(tmp_path) is None


def test_no_file_is_not_running(tmp_path: Path):
    assert running_dev(tmp_path) is None
