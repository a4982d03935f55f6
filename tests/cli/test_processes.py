import os
import subprocess
import sys

import pytest

from mentra_cli.processes import is_alive, wait_until_gone

NOBODY = 2**30
"""Above the highest process id that Linux and macOS give."""


def test_this_process_is_alive():
    assert is_alive(os.getpid())
    assert not wait_until_gone(os.getpid(), within_s=0)


@pytest.mark.parametrize("pid", [NOBODY, 2**70, 0, -1])
def test_nobody_is_not(pid: int):
    assert not is_alive(pid)


@pytest.mark.processes
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells")
def test_a_process_that_ended_is_gone_before_anybody_asked_for_its_exit_code():
    process = subprocess.Popen([sys.executable, "-c", ""])

    assert wait_until_gone(process.pid, within_s=10)
    assert process.wait() == 0
