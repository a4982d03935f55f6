"""Our SDK beside the official one, in the same run, on the same load. See README.md and docs/performance.md.

python benchmarks/speed.py [--short] [--only steady,tls] [--rounds 3] [--json results.json]
"""

import argparse
import asyncio
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from certificates import Certificates, make_certificates
from contestants import BUN, SDK, Contestant, contestants, crews
from generator import NotBuilt, WrongAnswers, build
from processes import ProgramEnded, cores, raise_file_limit
from results import TARGETS, Results
from scales import FULL, SHORT, Scale
from works import COMMANDS, MEASURES, WORKS, Measure, Work, command, reloads, workers

PACKAGES = ("mentra-cli", "aiohttp", "aiofastnet", "picows", "uvloop", "websockets")


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """What is measured.

    Attributes:
        works: Those that every contestant does, of the ones in ``measures``.
    """

    description: str
    measures: Mapping[str, Mapping[str, Measure]]
    works: Mapping[str, Work]
    contestants: Sequence[Contestant]
    full: Scale
    short: Scale
    results: Results


class Run:
    """One run of a benchmark."""

    def __init__(
        self, benchmark: Benchmark, scale: Scale, works: Sequence[str], everybody: Sequence[Contestant]
    ) -> None:
        self.results = benchmark.results
        self.wrong: list[str] = []
        """What makes the run worthless: wrong answers, programs that ended."""
        self._kinds = benchmark.works
        self._scale = scale
        self._works = works
        self._everybody = everybody

    async def do(self) -> None:
        _, others = cores()
        os.sched_setaffinity(0, others)
        with tempfile.TemporaryDirectory(prefix="mentra-bench-") as folder:
            certificates = make_certificates(Path(folder))
            for work in self._works:
                if work in self._kinds:
                    await self._interleaved(work, self._kinds[work], self._everybody, certificates)
                elif work == "workers":
                    await self._interleaved(work, workers, crews(), certificates)
        if "commands" in self._works:
            self._commands()
        if "reload" in self._works and self._scale.saves:
            for name, readings in (await reloads(self._scale)).items():
                for reading in readings:
                    self.results.add("reload", "reload_ms", name, reading)

    async def _interleaved(
        self, work: str, do: Work, everybody: Sequence[Contestant], certificates: Certificates
    ) -> None:
        """Let everybody do it, one after the other, in rounds: what disturbs, disturbs all alike."""
        everybody = [one for one in everybody if not one.works or work in one.works]
        rounds = self._scale.repeats if work == "listening" else self._scale.rounds
        for number in range(rounds):
            for contestant in everybody:
                _say(f"{work}, round {number + 1} of {rounds}: {contestant.name}")
                try:
                    readings = await do(contestant, self._scale, certificates)
                except (WrongAnswers, ProgramEnded, TimeoutError) as error:
                    self.wrong.append(f"{work}, {contestant.name}: {error}")
                    _say(f"  WRONG: {error}")
                    continue
                for measure, reading in readings.items():
                    self.results.add(work, measure, contestant.name, reading)

    def _commands(self) -> None:
        for number in range(self._scale.repeats + 1):
            for name in COMMANDS:
                reading = command(name)
                if number:  # The first ones only fill the caches.
                    self.results.add("commands", "command_ms", name, reading)


def machine() -> dict[str, Any]:
    """Return what the numbers depend on."""
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    on_core, others = cores()
    return {
        "cpu": models[0].partition(":")[2].strip() if models else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "app_on": sorted(on_core),
        "generator_on": sorted(others),
        "kernel": platform.release(),
        "load_average": os.getloadavg()[0],
        "python": platform.python_version(),
        "node": _output("node", "--version"),
        "bun": _output(str(BUN), "--version"),
        "@mentra/sdk": json.loads((SDK / "package.json").read_text())["version"] if SDK.exists() else "",
        **{package: _version(package) for package in PACKAGES},
        "open_files": raise_file_limit(),
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _output(*command_line: str) -> str:
    if not shutil.which(command_line[0]):
        return ""
    return subprocess.run(command_line, check=True, capture_output=True, text=True).stdout.strip()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _options(benchmark: Benchmark) -> argparse.Namespace:
    options = argparse.ArgumentParser(description=benchmark.description)
    options.add_argument("--short", action="store_true", help="a little of everything but the reload, in some minutes")
    options.add_argument("--only", default="", metavar="WORK,...", help=f"of {', '.join(benchmark.measures)}")
    options.add_argument("--contestants", default="", metavar="NAME,...", help="leave the others out")
    options.add_argument("--rounds", type=int, help="how often all is done")
    options.add_argument("--sessions", type=int, help="so many instead of those of the targets")
    options.add_argument("--seconds", type=float, help="the length of one measurement of messages")
    options.add_argument("--awake", action="store_true", help="keep the generator awake: nobody pays for waking it")
    options.add_argument("--json", type=Path, metavar="FILE", help="write all readings there")
    chosen = options.parse_args()
    names = [one.name for one in benchmark.contestants]
    for kind, asked, there_are in (
        ("work", chosen.only, list(benchmark.measures)),
        ("contestant", chosen.contestants, names),
    ):
        if unknown := {name for name in asked.split(",") if name} - set(there_are):
            options.error(f"no such {kind}: {', '.join(sorted(unknown))}. There are: {', '.join(there_are)}.")
    return chosen


def _scale(benchmark: Benchmark, chosen: argparse.Namespace) -> Scale:
    scale = benchmark.short if chosen.short else benchmark.full
    if chosen.sessions:
        scale = scale.with_sessions(chosen.sessions)
    if chosen.awake:
        scale = replace(scale, awake=True)
    if chosen.rounds:
        scale = replace(scale, rounds=chosen.rounds, repeats=min(scale.repeats, 5 * chosen.rounds))
    if chosen.seconds:
        rest_s = min(scale.rest_s, chosen.seconds)
        scale = replace(scale, seconds=chosen.seconds, warm_s=chosen.seconds / 2, rest_s=rest_s)
    return scale


async def _until_done_or_told(run: Run) -> bool:
    """Do it, and return whether it was done: a signal ends it, with every process that it has started."""
    doing = asyncio.create_task(run.do())
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, doing.cancel)
    try:
        await doing
    except asyncio.CancelledError:
        return False
    return True


def measure(benchmark: Benchmark) -> None:
    """Do what the command line asks for, and print it. Ends the process with 1 if anything was wrong."""
    chosen = _options(benchmark)
    scale = _scale(benchmark, chosen)
    try:
        build()
    except NotBuilt as error:
        sys.exit(str(error))
    everybody = benchmark.contestants
    if chosen.contestants:
        everybody = [one for one in everybody if one.name in chosen.contestants.split(",")]
    able = [one for one in everybody if not one.missing]
    absent = {one.name: one.missing for one in everybody if one.missing}
    for name, missing in absent.items():
        _say(f"{name} is left out: it needs {missing}.")
    described = machine()
    run = Run(benchmark, scale, chosen.only.split(",") if chosen.only else list(benchmark.measures), able)
    done = asyncio.run(_until_done_or_told(run))
    print(run.results.tables())
    if chosen.json:
        document = {"machine": described, "scale": asdict(scale), "absent": absent, "wrong": run.wrong}
        chosen.json.write_text(json.dumps({**document, **run.results.document()}, indent=1) + "\n", encoding="utf-8")
    if run.wrong:
        sys.exit("Wrong, so nothing of this counts:\n" + "\n".join(run.wrong))
    if not done:
        sys.exit("Interrupted: what is above is a part.")


if __name__ == "__main__":
    measure(
        Benchmark(
            description="Our SDK beside the official one, in the same run, on the same load.",
            measures=MEASURES,
            works=WORKS,
            contestants=contestants(),
            full=FULL,
            short=SHORT,
            results=Results(MEASURES, TARGETS),
        )
    )
