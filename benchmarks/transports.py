"""The WebSocket clients that could carry our sessions, in the same run, on the same load. See README.md.

python benchmarks/transports.py [--short] [--only plain,many,tls] [--rounds 3] [--json results.json]

Each echoes captions without an SDK, peers/echo_*.py: what is said comes in as text, and goes out in a text wall. Raw,
beside them, is the limit: it checks and masks nothing.
"""

import sys
from collections.abc import Mapping

import works
from certificates import Certificates
from contestants import OURS, PEERS, RAW_ASYNCIO, RAW_UVLOOP, Contestant, contestants, missing
from results import Results
from scales import FULL, TRANSPORTS_SHORT, Scale
from speed import Benchmark, measure
from stage import staged
from works import Measure, Readings, Work, start_and_talk

LOOPS = ("asyncio", "uvloop")
CLIENTS = {
    OURS: ("echo_mentra.py",),
    "sans-I/O": ("echo_sans_io.py",),
    "websockets": ("echo_websockets.py",),
    "picows": ("echo_picows.py", "picows"),
    "aiohttp": ("echo_aiohttp.py",),
}
"""Each client's app, and the packages that it needs beyond those of our SDK."""

MEASURES: Mapping[str, Mapping[str, Measure]] = {
    "plain": {
        name: works.MEASURES["steady"][name]
        for name in ("starts_per_s", "start_cpu_us", "messages_per_s", "message_cpu_us")
    },
    "many": works.MEASURES["many"],
    "tls": works.MEASURES["tls"],
}


async def plain(contestant: Contestant, scale: Scale, _: Certificates) -> Readings:
    """Start sessions and talk to them. A start is its webhook, the opening and a frame in and two out."""
    async with staged(contestant, awake=scale.awake) as stage:
        return await start_and_talk(stage, scale, scale.sessions, at_once=100)


WORKS: Mapping[str, Work] = {"plain": plain, "many": works.many, "tls": works.tls}


def transports() -> list[Contestant]:
    """Return every client on every loop, and raw."""
    return [
        *(
            Contestant(
                f"{name} {loop}",
                (sys.executable, str(PEERS / app)),
                {"BENCH_LOOP": loop},
                missing(*packages, *(["uvloop"] if loop == "uvloop" else [])),
            )
            for name, (app, *packages) in CLIENTS.items()
            for loop in LOOPS
        ),
        *(one for one in contestants() if one.name in (RAW_ASYNCIO, RAW_UVLOOP)),
    ]


if __name__ == "__main__":
    everybody = transports()
    measure(
        Benchmark(
            description="The WebSocket clients that could carry our sessions, in the same run, on the same load.",
            measures=MEASURES,
            works=WORKS,
            contestants=everybody,
            full=FULL,
            short=TRANSPORTS_SHORT,
            results=Results(MEASURES, beside={one.name: f"{OURS} {one.variables['BENCH_LOOP']}" for one in everybody}),
        )
    )
