"""Every frame of a user can be looked at afterwards: from apps, to apps and to the glasses."""

from datetime import UTC, datetime

import pytest

from mentra.localcloud import LocalCloud, PassedFrame

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
APP = "com.example.app"


@pytest.fixture
async def cloud(network):
    async with LocalCloud(network, now=lambda: NOON) as cloud:
        yield cloud


async def test_all_that_passed_is_there_in_its_order(running, glasses):
    await running.subscribe("button_press")
    await running.show("hello")
    await glasses.press()

    assert [(frame.direction, frame.message["type"]) for frame in glasses.traffic] == [
        ("from app", "tpa_connection_init"),
        ("to app", "tpa_connection_ack"),
        ("from app", "subscription_update"),
        ("from app", "display_event"),
        ("to glasses", "display_event"),
        ("to app", "data_stream"),
    ]
    assert {(frame.package_name, frame.time) for frame in glasses.traffic} == {(APP, NOON)}
    assert [frame.message for frame in glasses.traffic if frame.direction == "to app"] == running.socket.frames


async def test_a_layout_reaches_the_glasses_as_the_app_sent_it(running, glasses):
    await running.show("hello", durationMs=1000)

    sent, shown = list(glasses.traffic)[-2:]
    assert (sent.direction, shown.direction) == ("from app", "to glasses")
    assert shown.message["layout"] == sent.message["layout"]


async def test_sound_is_counted_and_not_kept(running, glasses):
    await running.subscribe("audio_chunk")
    for _ in range(3):
        await glasses.send_audio(bytes(3200))

    assert glasses.traffic[-1] == PassedFrame(
        time=NOON, direction="to app", package_name=APP, size_bytes=9600, is_sound=True, count=3
    )


async def test_a_key_is_not_kept(running, glasses):
    assert glasses.traffic[0].message["apiKey"] == "..."
    assert running.api_key not in repr(glasses.traffic)


async def test_a_refusal_and_what_nobody_can_read_are_there(running, glasses):
    running.socket.send_raw(b'{"type": "new"}')
    await running.send("subscription_update", subscriptions=None)

    new, wrong, refusal = [frame.message["type"] for frame in list(glasses.traffic)[2:]]
    assert (new, wrong, refusal) == ("new", "subscription_update", "tpa_connection_error")


async def test_the_end_of_a_session_is_there(running, glasses):
    await glasses.stop(running.package_name)

    assert [frame.message["type"] for frame in glasses.traffic if frame.direction == "to app"][-1] == "app_stopped"
