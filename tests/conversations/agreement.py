"""What must be true when a story is over: apps and cloud agree on who runs, and nothing is left over."""

import asyncio
from collections import Counter
from collections.abc import Iterable

from mentra.localcloud import LocalCloud
from mentra.protocol.connection import session_id_of
from tests.conversations.world import Diary


def assert_agreement(cloud: LocalCloud, user_ids: Iterable[str], *apps: Diary) -> None:
    """Check that sessions are those in which the cloud believes, and that each other one was stopped once."""
    for app in apps:
        name = app.config.package_name
        running = {user_id for user_id in user_ids if name in cloud.connect_glasses(user_id).running}
        assert set(app.sessions) == {session_id_of(user_id, name) for user_id in running}
        assert all(session.connected for session in app.sessions.values())
        assert unstopped(app) == Counter(running)


def unstopped(app: Diary) -> Counter[str]:
    """Return how many calls of ``on_session`` each user saw for which there was no ``on_stop``."""
    count: Counter[str] = Counter()
    for call in app.calls:
        what, user_id = call.split()[:2]
        count[user_id] += 1 if what == "session" else -1
    assert min(count.values(), default=0) >= 0
    return +count


def assert_nothing_left() -> None:
    """Check that nothing runs but the test itself."""
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
