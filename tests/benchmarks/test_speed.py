"""benchmarks/speed.py measures what it says, and notices a wrong answer. How fast anything is, no test asks."""

import asyncio
import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
PEERS = ["mentra", "node quiet", "bun quiet", "raw asyncio"]
COMMANDS = [
    "mentra --version",
    "python -c pass",
    "mentra --help",
    "typer hello --help",
    "import mentra",
    "import aiohttp.web",
]
MEASURES = {
    "steady": {
        "single_start_ms",
        "starts_per_s",
        "start_cpu_us",
        "starts_p99_ms",
        "burst_p99_ms",
        "messages_per_s",
        "message_cpu_us",
        "half_load_p50_us",
        "half_load_p99_ms",
        "half_load_cpu_us",
    },
    "many": {"base_mb", "session_kb", "many_messages_per_s", "many_message_cpu_us"},
    "tls": {"tls_starts_per_s", "tls_start_cpu_us", "tls_messages_per_s", "tls_message_cpu_us"},
    "audio": {"frame_cpu_us", "frame_p99_ms"},
    "listening": {"listening_ms"},
}
WORKERS = {
    "worker_starts_per_s",
    "worker_start_cpu_us",
    "worker_messages_per_s",
    "worker_message_cpu_us",
    "smaller_share",
}
INSTALL_TIMEOUT_S = 240.0

pytestmark = [pytest.mark.processes, pytest.mark.sockets, pytest.mark.node, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def peers():
    """The official SDK and Bun, pinned, and a compiler."""
    if shutil.which("gcc") is None:
        pytest.fail("The load generator needs gcc: bash .ci/packages openssl-headers")
    if not (BENCHMARKS / "node_modules" / ".bin" / "bun").exists():
        subprocess.run(["npm", "install"], cwd=BENCHMARKS, check=True, capture_output=True, timeout=INSTALL_TIMEOUT_S)


def command(*options):
    return [sys.executable, str(BENCHMARKS / "speed.py"), "--short", *options]


def tiny(*options):
    return command("--sessions", "20", "--seconds", "0.1", "--rounds", "1", *options)


def descendants(pid):
    """The processes that a process has started, and what those have."""
    found = set()
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            found |= {int(child)} | descendants(child)
    return found


def alive(pids):
    return {pid for pid in pids if Path(f"/proc/{pid}").exists()}


def test_the_short_mode_measures_everybody_at_everything(peers, tmp_path):
    file = tmp_path / "results.json"

    run = subprocess.run(
        tiny("--contestants", ",".join(PEERS), "--json", str(file)), capture_output=True, text=True, check=False
    )

    assert run.returncode == 0, run.stderr
    found = json.loads(file.read_text())
    assert found["wrong"] == []
    assert found["absent"] == {}
    assert {(row["work"], row["measure"], row["contestant"]) for row in found["readings"]} == {
        *((work, measure, peer) for work, measures in MEASURES.items() for measure in measures for peer in PEERS),
        *(("workers", measure, crew) for measure in WORKERS for crew in ("1 worker", "2 workers")),
        *(("commands", "command_ms", name) for name in COMMANDS),
    }
    assert all(value > 0 for row in found["readings"] if row["measure"] != "session_kb" for value in row["values"])
    assert {target["measure"] for target in found["targets"]} >= {"message_cpu_us", "session_kb", "command_ms"}


def test_a_generator_that_stays_awake_tells_how_much_it_had_to_do(peers, tmp_path):
    file = tmp_path / "results.json"
    options = ["--awake", "--only", "steady", "--contestants", "mentra", "--json", str(file)]

    run = subprocess.run(tiny(*options), capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stderr
    found = json.loads(file.read_text())
    assert found["scale"]["awake"] is True
    [alone] = [row for row in found["readings"] if row["measure"] == "single_start_ms"]
    assert 0 < alone["generator_load"] < 0.9  # It is on its core all the time, and waits for one start after the other.


@pytest.mark.parametrize("program", ["speed.py", "transports.py"])
@pytest.mark.parametrize(("option", "kind"), [("--only", "work"), ("--contestants", "contestant")])
def test_a_name_that_nobody_has_is_refused_with_those_that_there_are(program, option, kind):
    run = subprocess.run(
        [sys.executable, str(BENCHMARKS / program), option, "nope,mentra"], capture_output=True, text=True, check=False
    )

    assert run.returncode == 2
    assert f"error: no such {kind}: " in run.stderr
    assert "nope" in run.stderr
    assert "There are: " in run.stderr


def test_a_wrong_answer_fails_the_run(peers, tmp_path):
    broken = tmp_path / "benchmarks"
    shutil.copytree(BENCHMARKS, broken, ignore=shutil.ignore_patterns("node_modules", "__pycache__", "build"))
    app = broken / "peers" / "captions.py"
    app.write_text(re.sub(r"speech\.text", "speech.text.upper()", app.read_text()))
    options = ["--sessions", "20", "--seconds", "0.1", "--only", "steady", "--contestants", "mentra"]

    run = subprocess.run(
        [sys.executable, str(broken / "speed.py"), "--short", *options], capture_output=True, text=True, check=False
    )

    assert run.returncode == 1
    assert "another text was due: MESSAGE 0" in run.stderr


async def test_an_interrupt_ends_every_process(peers):
    process = await asyncio.create_subprocess_exec(
        *command("--only", "steady", "--contestants", "mentra", "--rounds", "5"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with asyncio.timeout(30):
        while len(started := descendants(process.pid)) < 2:  # The app and the generator.
            await asyncio.sleep(0.05)

    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(20):
        await process.wait()

    assert alive(started) == set()
