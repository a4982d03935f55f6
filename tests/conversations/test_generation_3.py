"""A cloud of 2026, which offers another handshake and resumes sessions; docs/protocol.md, Generation 3."""

import asyncio

import pytest

from mentra import AppSession
from mentra.protocol.app_to_cloud import ConnectionInit, Reconnect, SubscriptionUpdate
from mentra.protocol.connection import SDK_VERSION_3
from mentra.transport.base import Network
from tests.conversations.world import Diary, World
from tests.helpers.scripted_cloud import API_KEY, PACKAGE_NAME, USER_ID
from tests.helpers.waiting import until


@pytest.fixture
async def world_3(network: Network):
    async with World(network, generation=3) as world:
        yield world


async def captions(session: AppSession) -> None:
    session.events.on_transcription(lambda speech: session.layouts.show_text_wall(speech.text))


async def test_speech_reaches_the_glasses_by_the_newer_handshake_w_gen_2(world_3: World):
    app = await world_3.serve(Diary(captions))
    glasses = await world_3.wear(app)
    await until(lambda: glasses.subscriptions(PACKAGE_NAME))
    await glasses.say("hello")
    await glasses.wait_for_display("hello")

    init = glasses.frames(PACKAGE_NAME)[0]
    assert isinstance(init, ConnectionInit)
    assert (init.session_id, init.package_name, init.api_key, init.sdk_version) == (
        None,
        PACKAGE_NAME,
        API_KEY,
        SDK_VERSION_3,
    )


async def test_a_lost_connection_is_resumed_with_what_it_was_subscribed_to_w_gen_4(world_3: World):
    app = await world_3.serve(Diary(captions))
    glasses = await world_3.wear(app)
    await until(lambda: glasses.subscriptions(PACKAGE_NAME))
    glasses.drop_connection(PACKAGE_NAME)
    await until(lambda: not app.session.connected)
    await until(lambda: app.session.connected, within=20)
    await glasses.say("still here")
    await glasses.wait_for_display("still here")

    resumed = [frame for frame in glasses.frames(PACKAGE_NAME) if isinstance(frame, Reconnect)]
    assert [(frame.session_id, frame.sdk_version) for frame in resumed] == [
        (f"{USER_ID}-{PACKAGE_NAME}", SDK_VERSION_3)
    ]
    assert app.calls == [f"session {USER_ID}"]


async def test_a_stop_ends_a_session_of_generation_3_like_any_other(world_3: World):
    app = await world_3.serve(Diary(captions))
    glasses = await world_3.wear(app)
    await glasses.stop(PACKAGE_NAME)
    await until(lambda: len(app.calls) == 2)

    assert app.calls == [f"session {USER_ID}", f"stop {USER_ID} user_disabled"]


async def test_unsubscribing_from_everything_counts_at_once_w_gen_7(world_3: World):
    app = await world_3.serve(Diary())
    glasses = await world_3.wear(app)
    subscription = app.session.events.on("button_press", print)
    await until(lambda: glasses.subscriptions(PACKAGE_NAME) == ("button_press",))
    subscription.cancel()
    await until(lambda: glasses.subscriptions(PACKAGE_NAME) == ())

    sent = [frame for frame in glasses.frames(PACKAGE_NAME) if isinstance(frame, SubscriptionUpdate)]
    assert sent[-1].subscriptions == []


async def test_the_key_is_in_no_log_and_in_no_error(world_3: World, caplog: pytest.LogCaptureFixture):
    caplog.set_level("DEBUG")
    app = await world_3.serve(Diary(captions))
    glasses = await world_3.wear(app)
    glasses.drop_connection(PACKAGE_NAME)
    await asyncio.sleep(1.5)
    await until(lambda: app.session.connected, within=20)

    assert API_KEY not in caplog.text
