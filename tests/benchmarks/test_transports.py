"""benchmarks/transports.py measures what it says of everybody who is installed. How fast anything is, no test asks."""

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TRANSPORTS = Path(__file__).parents[2] / "benchmarks" / "transports.py"
CLIENTS = ["mentra", "sans-I/O", "websockets", "picows", "aiohttp", "raw"]
LOOPS = ["asyncio", "uvloop"]
NEEDED = {"picows", "uvloop"}  # Of the group bench, which tests do without.
MEASURES = {
    "plain": {"starts_per_s", "start_cpu_us", "messages_per_s", "message_cpu_us"},
    "many": {"base_mb", "session_kb", "many_messages_per_s", "many_message_cpu_us"},
    "tls": {"tls_starts_per_s", "tls_start_cpu_us", "tls_messages_per_s", "tls_message_cpu_us"},
}

pytestmark = [pytest.mark.processes, pytest.mark.sockets, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def compiler():
    if shutil.which("gcc") is None:
        pytest.fail("The load generator needs gcc: bash .ci/packages openssl-headers")


def installed(name):
    return not any(package in name and importlib.util.find_spec(package) is None for package in NEEDED)


def test_the_short_mode_measures_every_client_on_every_loop(compiler, tmp_path):
    file = tmp_path / "results.json"
    everybody = {f"{client} {loop}" for client in CLIENTS for loop in LOOPS}
    able = {name for name in everybody if installed(name)}
    options = ["--short", "--sessions", "20", "--seconds", "0.1", "--json", str(file)]

    run = subprocess.run(
        [sys.executable, str(TRANSPORTS), *options], capture_output=True, text=True, timeout=110, check=False
    )

    assert run.returncode == 0, run.stderr
    found = json.loads(file.read_text())
    assert found["wrong"] == []
    assert set(found["absent"]) == everybody - able
    assert {(row["work"], row["measure"], row["contestant"]) for row in found["readings"]} == {
        (work, measure, name) for work, measures in MEASURES.items() for measure in measures for name in able
    }
    assert all(value > 0 for row in found["readings"] if row["measure"] != "session_kb" for value in row["values"])
    assert {(row["contestant"], row["to"]) for row in found["ratios"]} == {
        (name, f"mentra {name.split()[-1]}") for name in able
    }
    assert all(f"| {name} " in run.stdout for name in able)
