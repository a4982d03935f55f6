"""What a status says of a video, and whether it is about that one."""

import pytest

from mentra.protocol.cloud_to_app import ManagedStreamStatus, StreamOutput, StreamStatus, VideoStatistics
from mentra.session.video_state import ManagedState, RtmpState

OUTPUT = StreamOutput(url="rtmp://x", status="active")
STATISTICS = VideoStatistics(bitrate=1, fps=2, dropped_frames=3, duration_s=4)


async def test_what_a_later_status_leaves_out_stays_known():
    state = RtmpState("rtmp://a/b")
    state.update(StreamStatus(status="streaming", stream_id="s1", stats=STATISTICS))
    state.update(StreamStatus(status="reconnecting"))

    assert (state.stream_id, state.status, state.stats, state.is_live) == ("s1", "reconnecting", STATISTICS, False)


async def test_a_managed_video_is_ready_when_it_can_be_watched():
    state = ManagedState()
    state.update(ManagedStreamStatus(status="active", stream_id="s1", hls_url="https://h"))
    before = state.is_ready()
    state.update(ManagedStreamStatus(status="active", dash_url="https://d", outputs=[OUTPUT]))

    assert (before, state.is_ready()) == (False, True)
    assert (state.hls_url, state.dash_url, state.outputs) == ("https://h", "https://d", (OUTPUT,))


async def test_a_video_that_is_over_is_not_live_whatever_was_said_last():
    state = RtmpState("rtmp://a/b")
    state.update(StreamStatus(status="active"))
    state.over.set()

    assert state.is_live is False


@pytest.mark.parametrize(
    ("known", "status", "stream_id", "meant"),
    [
        ("s1", "stopped", "s1", True),
        ("s1", "stopped", "s2", False),
        ("s1", "stopped", None, True),
        (None, "initializing", "s2", True),
        (None, "active", "before", False),
        (None, "stopped", "s2", False),
        (None, "stopping", "s2", False),
    ],
)
async def test_a_status_is_about_the_video_that_it_names_or_about_a_new_one(
    known: str | None, status: str, stream_id: str | None, meant: bool
):
    state = RtmpState("rtmp://a/b")
    state.stream_id = known

    assert state.is_meant(StreamStatus(status=status, stream_id=stream_id), "before") is meant


async def test_the_first_word_on_a_managed_video_may_be_its_last():
    assert ManagedState().is_meant(ManagedStreamStatus(status="error", stream_id="s2"), "before") is True
