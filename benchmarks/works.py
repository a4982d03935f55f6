"""The kinds of work. Each does it once with one contestant, and returns what it read."""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import reload
from certificates import Certificates
from contestants import Contestant
from generator import Answer
from processes import cores
from scales import Scale
from stage import Stage, launched, staged

AUDIO_PER_SECOND = 50
# Every fiftieth frame of a session is answered: less than a second of sound would check nothing.
MIN_AUDIO_S = 1.2
BIN = Path(sys.executable).parent


class Reading(NamedTuple):
    """One number.

    Attributes:
        load: How busy the generator was, 0 to 1; ``None`` where there was none.
    """

    value: float
    load: float | None = None


Readings = dict[str, Reading]


class Measure(NamedTuple):
    """What a reading means."""

    title: str
    unit: str
    more_is_better: bool = False


MEASURES: Mapping[str, Mapping[str, Measure]] = {
    "steady": {
        "single_start_ms": Measure("a start alone, p50", "ms"),
        "starts_per_s": Measure("starts, 100 at once", "/s", more_is_better=True),
        "start_cpu_us": Measure("CPU of a start", "us"),
        "starts_p99_ms": Measure("start, 100 at once, p99", "ms"),
        "burst_p99_ms": Measure("burst of 100 webhooks, p99", "ms"),
        "messages_per_s": Measure("messages", "/s", more_is_better=True),
        "message_cpu_us": Measure("CPU of a message", "us"),
        "half_load_p50_us": Measure("at half load, p50", "us"),
        "half_load_p99_ms": Measure("at half load, p99", "ms"),
        "half_load_cpu_us": Measure("at half load, CPU of a message", "us"),
    },
    "many": {
        "base_mb": Measure("memory without sessions", "MB"),
        "session_kb": Measure("memory of an idle session", "kB"),
        "many_messages_per_s": Measure("messages", "/s", more_is_better=True),
        "many_message_cpu_us": Measure("CPU of a message", "us"),
    },
    "tls": {
        "tls_starts_per_s": Measure("starts, 50 at once", "/s", more_is_better=True),
        "tls_start_cpu_us": Measure("CPU of a start", "us"),
        "tls_messages_per_s": Measure("messages", "/s", more_is_better=True),
        "tls_message_cpu_us": Measure("CPU of a message", "us"),
    },
    "audio": {
        "frame_cpu_us": Measure("CPU of a frame", "us"),
        "frame_p99_ms": Measure("from a frame to its answer, p99", "ms"),
    },
    "workers": {
        "worker_starts_per_s": Measure("starts, 100 at once, 1 ms of work each", "/s", more_is_better=True),
        "worker_start_cpu_us": Measure("CPU of a start", "us"),
        "worker_messages_per_s": Measure("messages, 1 ms of work each", "/s", more_is_better=True),
        "worker_message_cpu_us": Measure("CPU of a message", "us"),
        "smaller_share": Measure("share of the less busy process", "", more_is_better=True),
    },
    "listening": {"listening_ms": Measure("from start to listening", "ms")},
    "commands": {"command_ms": Measure("start to end", "ms")},
    "reload": {"reload_ms": Measure("from save to the new text", "ms")},
}
"""The works, with what each reads; results.py has the targets."""


async def steady(contestant: Contestant, scale: Scale, _: Certificates) -> Readings:
    """Start sessions one by one, many at once and in bursts, then talk to them."""
    async with staged(contestant, awake=scale.awake) as stage:
        load = stage.generator
        single = await load.start(scale.single_starts, 1)
        await load.stop()
        await stage.warm(scale.sessions, scale.warm_ups, 100)
        bursts: list[Answer] = []
        for _burst in range(scale.bursts):
            bursts.append(await load.start(scale.burst, scale.burst, fresh=True))
            await load.stop()
        starts, start_cpu = await stage.cpu_of(load.start(scale.sessions, 100))
        await load.messages(scale.warm_s, _waiting(scale.sessions))
        talk, talk_cpu = await stage.cpu_of(load.messages(scale.seconds, _waiting(scale.sessions)))
        half, half_cpu = await stage.cpu_of(load.rate(scale.seconds, talk.per_second / 2))
        return {
            "single_start_ms": Reading(single.p50_us / 1000, single.generator_load),
            "starts_per_s": Reading(starts.per_second, starts.generator_load),
            "start_cpu_us": _each(starts, start_cpu),
            "starts_p99_ms": Reading(starts.p99_us / 1000, starts.generator_load),
            "burst_p99_ms": Reading(
                statistics.median(burst.p99_us for burst in bursts) / 1000,
                max(burst.generator_load for burst in bursts),
            ),
            "messages_per_s": Reading(talk.per_second, talk.generator_load),
            "message_cpu_us": _each(talk, talk_cpu),
            "half_load_p50_us": Reading(half.p50_us, half.generator_load),
            "half_load_p99_ms": Reading(half.p99_us / 1000, half.generator_load),
            "half_load_cpu_us": _each(half, half_cpu),
        }


async def many(contestant: Contestant, scale: Scale, _: Certificates) -> Readings:
    """Hold very many sessions in a new process: their memory, and messages among them."""
    async with staged(contestant, awake=scale.awake) as stage:
        await asyncio.sleep(min(1.0, scale.rest_s))
        base_kb = stage.app.resident_kb
        await stage.generator.start(scale.many_sessions, 100)
        await asyncio.sleep(scale.rest_s)
        session_kb = (stage.app.resident_kb - base_kb) / scale.many_sessions
        waiting = max(1, scale.many_sessions // 10)
        await stage.generator.messages(scale.warm_s, waiting)
        talk, talk_cpu = await stage.cpu_of(stage.generator.messages(scale.seconds, waiting))
        return {
            "base_mb": Reading(base_kb / 1024),
            "session_kb": Reading(session_kb),
            "many_messages_per_s": Reading(talk.per_second, talk.generator_load),
            "many_message_cpu_us": _each(talk, talk_cpu),
        }


async def tls(contestant: Contestant, scale: Scale, certificates: Certificates) -> Readings:
    """Start sessions and talk to them over TLS 1.3."""
    async with staged(contestant, certificates=certificates, awake=scale.awake) as stage:
        readings = await start_and_talk(stage, scale, scale.tls_sessions, at_once=50)
        return {f"tls_{measure}": reading for measure, reading in readings.items()}


async def start_and_talk(stage: Stage, scale: Scale, sessions: int, *, at_once: int) -> Readings:
    """Start sessions, warm and then for the measurement, and talk to them."""
    await stage.warm(sessions, scale.warm_ups, at_once)
    starts, start_cpu = await stage.cpu_of(stage.generator.start(sessions, at_once))
    await stage.generator.messages(scale.warm_s, _waiting(sessions))
    talk, talk_cpu = await stage.cpu_of(stage.generator.messages(scale.seconds, _waiting(sessions)))
    return {
        "starts_per_s": Reading(starts.per_second, starts.generator_load),
        "start_cpu_us": _each(starts, start_cpu),
        "messages_per_s": Reading(talk.per_second, talk.generator_load),
        "message_cpu_us": _each(talk, talk_cpu),
    }


async def audio(contestant: Contestant, scale: Scale, _: Certificates) -> Readings:
    """Send sound, fifty frames a second and session."""
    async with staged(contestant, stream="audio_chunk", awake=scale.awake) as stage:
        await stage.warm(scale.audio_sessions, min(1, scale.warm_ups), 100)
        await stage.generator.start(scale.audio_sessions, 100)
        per_second = scale.audio_sessions * AUDIO_PER_SECOND
        await stage.generator.audio(scale.warm_s, per_second)
        sound, cpu = await stage.cpu_of(stage.generator.audio(max(scale.seconds, MIN_AUDIO_S), per_second))
        return {
            "frame_cpu_us": Reading(cpu / sound.sent * 1e6, sound.generator_load),
            "frame_p99_ms": Reading(sound.p99_us / 1000, sound.generator_load),
        }


async def listening(contestant: Contestant, _: Scale, __: Certificates) -> Readings:
    """Start the app."""
    async with launched(contestant) as launch:
        return {"listening_ms": Reading(launch.took_s * 1000)}


async def workers(crew: Contestant, scale: Scale, _: Certificates) -> Readings:
    """Start sessions and talk to them, in one worker or several on all cores, which the generator shares.

    Without work of its own for each message the generator would be the limit: one core of ours is what it needs.
    """
    async with staged(crew) as stage:
        await stage.warm(scale.sessions, scale.warm_ups, 100)
        starts, start_cpu = await stage.cpu_of(stage.generator.start(scale.sessions, 100))
        await stage.generator.messages(scale.warm_s, _waiting(scale.sessions))
        before = stage.app.cpu_of_each
        talk, talk_cpu = await stage.cpu_of(stage.generator.messages(scale.seconds, _waiting(scale.sessions)))
        used = sorted(after - before[pid] for pid, after in stage.app.cpu_of_each.items())
        return {
            "worker_starts_per_s": Reading(starts.per_second, starts.generator_load),
            "worker_start_cpu_us": _each(starts, start_cpu),
            "worker_messages_per_s": Reading(talk.per_second, talk.generator_load),
            "worker_message_cpu_us": _each(talk, talk_cpu),
            # Of two workers. The supervisor, the first of three, does nothing meanwhile.
            "smaller_share": Reading(used[-2] / sum(used) if len(used) > 1 else 1.0),
        }


Work = Callable[[Contestant, Scale, Certificates], Awaitable[Readings]]
WORKS: Mapping[str, Work] = {"steady": steady, "many": many, "tls": tls, "audio": audio, "listening": listening}
"""Those that every contestant does."""

MENTRA = str(BIN / "mentra")
COMMANDS = {
    "mentra --version": [MENTRA, "--version"],
    "python -c pass": [sys.executable, "-c", "pass"],
    "mentra --help": [MENTRA, "--help"],
    "typer hello --help": [sys.executable, str(Path(__file__).parent / "peers" / "hello_typer.py"), "--help"],
    "import mentra": [sys.executable, "-c", "import mentra"],
    "import aiohttp.web": [sys.executable, "-c", "import aiohttp.web"],
}


def command(name: str) -> Reading:
    """Run one command line to its end, on the core of the apps."""
    on_core, others = cores()
    os.sched_setaffinity(0, on_core)  # For the child, which inherits it.
    try:
        began = time.perf_counter()
        subprocess.run(COMMANDS[name], check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        return Reading((time.perf_counter() - began) * 1000)
    finally:
        os.sched_setaffinity(0, others)


async def reloads(scale: Scale) -> dict[str, list[Reading]]:
    """Save files, as reload.py does; return the readings of each of its contestants."""
    os.sched_setaffinity(0, set().union(*cores()))  # Each of them is more than one process.
    everybody = await reload.run(scale.saves, scale.rounds)
    return {one.name: [Reading(took) for took in one.took_ms] for one in everybody}


def _each(answer: Answer, cpu_s: float) -> Reading:
    return Reading(cpu_s / answer.answered * 1e6, answer.generator_load)


def _waiting(sessions: int) -> int:
    return max(1, sessions // 5)
