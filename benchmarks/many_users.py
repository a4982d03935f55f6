"""An hour of many users on one local cloud, in simulated time: is it steady, and is its memory? See README.md.

python benchmarks/many_users.py [--users 200] [--minutes 60] [--pace 4] [--json]
"""

import argparse
import asyncio
import gc
import json
import logging
import random
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from mentra import AppServer, AppSession
from mentra.localcloud import InstalledApp, LocalCloud, VirtualGlasses
from mentra.transport.memory import MemoryNetwork
from tests.helpers.virtual_time import VirtualTimeLoop

API_KEY = "0123456789abcdef" * 4
EVERY_MINUTES = 5
PAGE_BYTES = 4096


class Captions(AppServer):
    """The standard app: shows what is said."""

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        session.events.on_transcription(lambda speech: session.layouts.show_text_wall(speech.text))


class Counter(AppServer):
    """A background app: counts presses, stores the count and writes it on the dashboard."""

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        @session.events.on_button_press
        async def _(press: object) -> None:
            count = int(await session.storage.get("count", "0")) + 1
            await session.storage.set("count", str(count))
            session.dashboard.write(f"{count} presses")


class Notices(AppServer):
    """A background app: shows notifications for two seconds."""

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        session.events.on_phone_notification(
            lambda notice: session.layouts.show_reference_card(notice.title, notice.content, duration=2.0)
        )


APPS = {"com.example.captions": Captions, "com.example.counter": Counter, "com.example.notices": Notices}


class Wearer:
    """One user, to whom something happens now and then; once in ten minutes a connection breaks."""

    def __init__(self, glasses: VirtualGlasses, seed: int, pace: float) -> None:
        self.events = 0
        self._glasses = glasses
        self._random = random.Random(seed)
        self._pause_s = 60.0 / pace

    async def live(self) -> None:
        """Go on until cancelled."""
        glasses, number = self._glasses, 0
        happenings = [
            lambda: glasses.say(f"sentence {number} of {glasses.user_id}"),
            lambda: glasses.press(),
            lambda: glasses.notify(f"notice {number}", "of this user only"),
            lambda: glasses.look_up(),
        ]
        await asyncio.sleep(self._random.uniform(0, self._pause_s))
        while True:
            number += 1
            await self._random.choice(happenings)()
            self.events += 1
            if self._random.random() < self._pause_s / 600.0:
                self._break()
            await asyncio.sleep(self._pause_s)

    def _break(self) -> None:
        package_name = self._random.choice(list(APPS))
        if package_name in self._glasses.running:
            self._glasses.drop_connection(package_name)


def resident_bytes() -> int:
    """Return how much memory this process holds, after everything that can be freed was."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES


async def hour(users: int, minutes: int, pace: float) -> list[dict[str, Any]]:
    """Let users live for some simulated minutes; return what was measured every five."""
    network = MemoryNetwork()
    rows: list[dict[str, Any]] = []
    servers = [kind(package_name=name, api_key=API_KEY) for name, kind in APPS.items()]
    async with LocalCloud(network, faithful=True) as cloud:
        for server in servers:
            await server.start(network=network, host="127.0.0.1", port=0, hosted=True)
            cloud.install(
                InstalledApp(
                    package_name=server.config.package_name,
                    api_key=API_KEY,
                    public_url=server.url,
                    app_type="standard" if isinstance(server, Captions) else "background",
                )
            )
        everybody = [cloud.connect_glasses(f"user{number}@example.com") for number in range(users)]
        await asyncio.gather(*(glasses.start(name) for glasses in everybody for name in APPS))
        wearers = [Wearer(glasses, number, pace) for number, glasses in enumerate(everybody)]
        lives = [asyncio.create_task(wearer.live()) for wearer in wearers]
        began = time.perf_counter()
        for minute in range(1, minutes + 1):
            await asyncio.sleep(60.0)
            if minute % EVERY_MINUTES == 0:
                rows.append(
                    {
                        "minute": minute,
                        "seconds": round(time.perf_counter() - began, 1),
                        "events": sum(wearer.events for wearer in wearers),
                        "running": sum(len(glasses.running) for glasses in everybody),
                        "megabytes": round(resident_bytes() / 1e6, 1),
                        "tasks": len(asyncio.all_tasks()),
                        "failed": sum(life.done() for life in lives),
                    }
                )
        for life in lives:
            life.cancel()
        await asyncio.gather(*lives, return_exceptions=True)
        for server in servers:
            await server.stop()
    return rows


def main() -> None:
    """Run it and print a line for every five minutes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--pace", type=float, default=4.0, help="events per user and minute")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    logging.disable(logging.WARNING)  # Of connections that break, which they shall.
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        rows = runner.run(hour(options.users, options.minutes, options.pace))
    if options.json:
        print(json.dumps(rows))
        return
    print(f"{options.users} users with {len(APPS)} apps each, {options.pace:g} events per user and minute")
    print(f"{'minute':>7}{'seconds':>9}{'events':>9}{'running':>9}{'MB':>9}{'of first':>10}{'tasks':>8}")
    for row in rows:
        ratio = row["megabytes"] / rows[0]["megabytes"]
        print(
            f"{row['minute']:>7}{row['seconds']:>9}{row['events']:>9}{row['running']:>9}"
            f"{row['megabytes']:>9}{ratio:>10.2f}{row['tasks']:>8}"
        )


if __name__ == "__main__":
    main()
