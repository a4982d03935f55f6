"""Sound in a file that can be played at any moment."""

import resource
import signal
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mentra import AppSession
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import Diary, serving
from tests.helpers.scripted_cloud import ScriptedCloud, turns

SOUND = bytes(range(200))


@pytest.fixture
def memory() -> MemoryNetwork:
    return MemoryNetwork()


def read(path: Path) -> tuple[int, int, int, bytes]:
    """Channels, bytes a sample, samples a second and sound of a WAV file."""
    with wave.open(str(path)) as file:
        sound = file.readframes(file.getnframes())
        return file.getnchannels(), file.getsampwidth(), file.getframerate(), sound


async def in_session(memory: MemoryNetwork, work: Callable[[AppSession, ScriptedCloud], Any]) -> Any:
    async with ScriptedCloud(memory) as cloud, serving(Diary(), memory) as app:
        await cloud.start(app)
        await turns()
        return await work(app.session, cloud)


async def test_what_is_heard_within_the_block_is_recorded(memory: MemoryNetwork, tmp_path: Path):
    path = tmp_path / "x.wav"

    async def work(session: AppSession, cloud: ScriptedCloud) -> None:
        cloud.socket.send_binary(b"before")
        await turns()
        with session.record(path) as recording:
            await turns()
            for start in (0, 100):
                cloud.socket.send_binary(SOUND[start : start + 100])
            await turns()
            assert (recording.path, recording.duration_s) == (path, 100 / 16_000)
        await turns()
        cloud.socket.send_binary(b"after!")
        await turns()
        assert cloud.socket.subscriptions == [["audio_chunk"], []]

    await in_session(memory, work)

    assert read(path) == (1, 2, 16_000, SOUND)


async def test_the_file_is_whole_after_each_piece(memory: MemoryNetwork, tmp_path: Path):
    """A process that is killed leaves what came before."""
    path = tmp_path / "x.wav"

    async def work(session: AppSession, cloud: ScriptedCloud) -> None:
        with session.record(str(path)):
            assert read(path) == (1, 2, 16_000, b"")
            cloud.socket.send_binary(SOUND)
            await turns()
            assert read(path) == (1, 2, 16_000, SOUND)

    await in_session(memory, work)


async def test_the_end_of_the_session_leaves_a_whole_file(memory: MemoryNetwork, tmp_path: Path):
    path = tmp_path / "x.wav"

    async def work(session: AppSession, cloud: ScriptedCloud) -> None:
        with session.record(path) as recording:
            cloud.socket.send_binary(SOUND)
            await turns()
            cloud.socket.close(1000, "App stopped")
            await session.wait_stopped()
        assert recording.duration_s == 100 / 16_000

    await in_session(memory, work)

    assert read(path) == (1, 2, 16_000, SOUND)


async def test_a_file_that_cannot_be_written_is_an_error_at_the_beginning(memory: MemoryNetwork, tmp_path: Path):
    async def work(session: AppSession, cloud: ScriptedCloud) -> None:
        with pytest.raises(FileNotFoundError), session.record(tmp_path / "nowhere" / "x.wav"):
            pass
        await turns()
        assert cloud.socket.subscriptions == []

    await in_session(memory, work)


async def test_a_disk_that_becomes_full_is_an_error_at_the_end_and_no_flood_before(
    memory: MemoryNetwork, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    path = tmp_path / "x.wav"

    async def record(session: AppSession, cloud: ScriptedCloud) -> None:
        with session.record(path) as recording:
            for _ in range(5):
                cloud.socket.send_binary(SOUND)
                await turns()
            assert recording.duration_s == 100 / 16_000

    async def work(session: AppSession, cloud: ScriptedCloud) -> None:
        with pytest.raises(OSError, match="File too large"):
            await record(session, cloud)

    at_limit = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, limits[1]))
    try:
        await in_session(memory, work)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, at_limit)

    assert read(path) == (1, 2, 16_000, SOUND)
    assert len([record for record in caplog.records if record.exc_info]) == 1


async def test_a_wrong_name_of_a_recording_names_the_right_one(memory: MemoryNetwork):
    async def work(session: AppSession, cloud: ScriptedCloud) -> None:
        with pytest.raises(AttributeError, match="Did you mean 'duration_s'"):
            session.record("x.wav").duration  # noqa: B018 - the look itself is the test.

    await in_session(memory, work)
