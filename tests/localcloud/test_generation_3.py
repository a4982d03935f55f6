"""What the cloud of June 2026 says otherwise than that of December 2025, as an app of the older handshake sees it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from mentra.localcloud import LocalCloud, VirtualGlasses
from mentra.transport.base import Network
from tests.helpers.scripted_app import ScriptedApp, let_it_happen

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOON_ISO = "2026-01-31T12:00:00.000Z"
USER = "user1@example.com"
SESSION = f"{USER}-com.example.app"
SYSTEM_SETTINGS = {
    "metricSystemEnabled": False,
    "contextualDashboard": True,
    "headUpAngle": 45,
    "brightness": 50,
    "autoBrightness": True,
    "sensingEnabled": True,
    "alwaysOnStatusBar": False,
    "bypassVad": False,
    "bypassAudioEncoding": False,
    "preferredMic": "auto",
    "useOnboardMic": False,
    "userTimezone": None,
}


@pytest.fixture
async def cloud(network: Network) -> AsyncIterator[LocalCloud]:
    async with LocalCloud(network, now=lambda: NOON, generation=3) as cloud:
        yield cloud


@pytest.fixture
async def running(cloud: LocalCloud, app: ScriptedApp, glasses: VirtualGlasses) -> ScriptedApp:
    await glasses.start(app.package_name)
    return app


async def test_the_start_webhook_has_three_addresses_w_http_2(cloud, running):
    body = running.requests[0][2]

    assert {key: value for key, value in body.items() if "ebsocketUrl" in key} == {
        "websocketUrl": cloud.websocket_url.replace("/app-ws", "/ws/miniapp"),
        "mentraOSWebsocketUrl": cloud.websocket_url,
        "augmentOSWebsocketUrl": cloud.websocket_url,
    }


async def test_the_ack_says_who_and_what_is_subscribed_w_hand_14(running):
    await running.subscribe("button_press")

    await running.connect(sessionId=f"{USER}-wrong")
    await let_it_happen()

    assert running.socket.frames[0] == {
        "type": "tpa_connection_ack",
        "sessionId": SESSION,
        "settings": [],
        "mentraosSettings": SYSTEM_SETTINGS,
        "capabilities": running.sockets[0].frames[0]["capabilities"],
        "subscriptions": ["button_press"],
        "userId": USER,
        "timestamp": NOON_ISO,
    }


async def test_every_setting_of_the_system_is_told_with_what_follows_from_it_w_cloud_6(running, glasses):
    await running.subscribe("augmentos:brightness")

    await glasses.change_system_settings({"preferredMic": "glasses"})

    assert running.socket.frames[-1] == {
        "type": "augmentos_settings_update",
        "sessionId": SESSION,
        "settings": {**SYSTEM_SETTINGS, "preferredMic": "glasses", "useOnboardMic": True},
        "timestamp": NOON_ISO,
    }


async def test_a_subscription_with_options_is_what_its_speech_is_called_w_lang_7(running, glasses):
    await running.subscribe("transcription:en-US?hints=es")

    await glasses.say("hello")

    assert running.socket.frames[-1]["streamType"] == "transcription:en-US?hints=es"


async def test_what_the_phone_recognised_comes_once_w_lang_6(running, glasses):
    await running.subscribe("transcription:en-US", "local_transcription")

    await glasses.send("transcription", {"text": "hi", "isFinal": True})

    events = [frame for frame in running.socket.frames if frame["type"] == "data_stream"]
    assert [frame["streamType"] for frame in events] == ["transcription:en-US"]


async def test_an_entry_of_the_calendar_says_that_it_takes_all_day_w_str_13(running, glasses):
    await running.subscribe("calendar_event")

    await glasses.send("calendar_event", {"eventId": 7, "title": "Fair", "dtStart": "2026-02-01", "allDay": True})

    assert running.socket.frames[-1]["data"] == {
        "type": "calendar_event",
        "eventId": "7",
        "title": "Fair",
        "dtStart": "2026-02-01T00:00:00.000Z",
        "dtEnd": "2026-02-01T00:00:00.000Z",
        "timezone": "",
        "allDay": True,
        "timeStamp": NOON_ISO,
    }


async def test_the_storage_has_limits_w_store_7(cloud, running, network):
    async def put(path: str, body: bytes) -> int:
        headers = {"authorization": f"Bearer {running.package_name}:{running.api_key}"}
        url = f"{cloud.url}/api/sdk/simple-storage/a@b.org{path}"
        return (await network.request("PUT", url, headers=headers, body=body, timeout=1)).status

    values = ",".join(f'"k{number}":"{"x" * 100_000}"' for number in range(10))

    assert await put("/k", b'{"value":"%s"}' % (b"x" * 100_001)) == 400
    assert await put("", f'{{"data":{{{values}}}}}'.encode()) == 200
    assert await put("", b'{"data":{"k0":"y"}}') == 200
    assert await put("", b'{"data":{"more":"%s"}}' % (b"x" * 100_000)) == 413


async def test_user_ids_are_written_in_lower_case_w_conv_6(cloud: LocalCloud, app: ScriptedApp):
    glasses = cloud.connect_glasses("Ann@Example.com")
    await glasses.start(app.package_name)

    assert cloud.connect_glasses("ann@example.com") is glasses
    assert glasses.user_id == "ann@example.com"
    assert app.requests[0][2]["sessionId"] == "ann@example.com-com.example.app"
