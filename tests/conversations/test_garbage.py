"""What is left of an ended session: nothing that only the garbage collector finds, or a server would need it often."""

import asyncio
import contextlib
import gc
import weakref
from collections.abc import Iterator

import pytest

from mentra import AppSession
from mentra.session.core import SessionCore
from mentra.transport.base import Network
from tests.conversations.world import Diary, Script, serving
from tests.helpers.scripted_cloud import ScriptedCloud, refusal
from tests.helpers.waiting import until

OURS = ("mentra.session", "mentra.server", "mentra.transport.client_socket")


@contextlib.contextmanager
def no_collections() -> Iterator[None]:
    """Leave it to the references to free what is not used any more."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def garbage() -> list[str]:
    """Return the types of our own objects that hold each other, and that nobody else holds."""
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    return sorted(type(each).__qualname__ for each in gc.garbage if type(each).__module__.startswith(OURS))


async def listens(session: AppSession) -> None:
    session.events.on("transcription:en-US", lambda speech: session.layouts.show_text_wall(speech.text))


async def uses_every_part(session: AppSession) -> None:
    for part in dir(session):
        getattr(session, part)
    session.state.session = weakref.ref(session)
    session.events.on_stopped(lambda news: session.logger.info("over"))
    session.events.on_glasses_battery(lambda event: session.device.state)
    session.location.on_update(lambda fix: session.location.last, accuracy="high")
    session.device.on_change("charging", lambda charging: session.device.state)
    session.settings.on_change(lambda changes: session.settings.get("lines"))
    session.dashboard.on_mode_change(lambda mode: session.dashboard.write(mode))
    session.camera.on_stream_status(lambda status: session.camera.stream)
    session.every(1, lambda: session.layouts.clear())
    session.on_stop(lambda reason: session.layouts.last())
    session.start_soon(waits(session))
    session.layouts.show_text_wall("hello")
    session.dashboard.write("hello")


async def waits(session: AppSession) -> None:
    await asyncio.sleep(1000)
    session.layouts.clear()


@pytest.mark.parametrize("script", [listens, uses_every_part, waits])
async def test_an_ended_session_is_gone_without_the_garbage_collector(
    network: Network, cloud: ScriptedCloud, script: Script
):
    async with serving(Diary(script), network) as app:
        await cloud.start(app)
        await until(lambda: app.current)
        session = weakref.ref(app.current[0])
        with no_collections():
            await cloud.stop(app)
            await until(lambda: len(app.calls) == 2)
            await until(lambda: cloud.socket.closed)
            app.current.clear()
            await until(lambda: session() is None)

            assert garbage() == []


async def test_a_start_that_failed_is_gone_without_the_garbage_collector(
    network: Network, cloud: ScriptedCloud, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("CRITICAL", "mentra.server")  # What is logged holds the error, which holds where it came from.
    async with serving(Diary(), network) as app:
        cloud.answer = refusal("INVALID_API_KEY", "Invalid API key")
        with no_collections():
            await cloud.start(app)

            assert garbage() == []


async def test_starts_that_replaced_each_other_are_gone_without_the_garbage_collector(
    network: Network, cloud: ScriptedCloud
):
    async with serving(Diary(waits), network) as app:
        with no_collections():
            await asyncio.gather(*(cloud.start(app, timestamp=f"2026-01-01T00:00:0{n}.000Z") for n in range(4)))
            await until(lambda: app.current)
            await cloud.start(app, timestamp="2026-01-01T00:00:09.000Z")
            await until(lambda: len(app.current) == 2)
            app.current.clear()

            assert len([each for each in gc.get_objects() if type(each) is SessionCore]) == 1
            assert garbage() == []
