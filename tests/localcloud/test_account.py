"""Settings, data and tools of apps, as a user has them whether the app runs or not."""

import asyncio
from datetime import UTC, datetime

import pytest

from mentra.localcloud import LocalCloud
from mentra.protocol.webhooks import tool_key
from tests.helpers.scripted_app import API_KEY

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOON_ISO = "2026-01-31T12:00:00.000Z"
SESSION = "user1@example.com-com.example.app"
SETTINGS = (
    {"type": "toggle", "key": "flag", "label": "Flag", "defaultValue": False, "options": []},
    {"type": "group", "title": "More"},
    {"type": "text", "key": "name", "label": "Name", "defaultValue": "anon", "maxLines": 3},
)


@pytest.fixture
async def cloud(network):
    async with LocalCloud(network, now=lambda: NOON) as cloud:
        yield cloud


async def test_a_tool_may_be_called_with_less_than_the_assistant_says_w_http_10(app, glasses):
    await glasses.trigger_tool(app.package_name, {"toolId": "what", "more": 1})

    assert app.requests[-1][1:] == ("/tool", {"toolId": "what", "more": 1})


async def test_a_tool_call_carries_the_hashed_key_w_http_10(app, glasses):
    answer = await glasses.call_tool(app.package_name, "add", {"x": 1})

    assert answer == {"status": "success", "reply": "done"}
    assert app.headers[-1]["x-app-api-key"] == tool_key(API_KEY)
    assert [body for _, _, body in app.requests] == [
        {"toolId": "add", "toolParameters": {"x": 1}, "userId": "user1@example.com", "timestamp": NOON_ISO}
    ]


async def test_each_tool_call_has_a_timestamp_of_its_own(cloud, app, glasses):
    bob = cloud.connect_glasses("bob@example.com")

    await glasses.call_tool(app.package_name, "add")
    await bob.call_tool(app.package_name, "add")
    await glasses.call_tool(app.package_name, "add")

    stamps = [body["timestamp"] for _, _, body in app.requests]
    assert stamps == [NOON_ISO, "2026-01-31T12:00:00.001Z", "2026-01-31T12:00:00.002Z"]


async def test_a_failed_tool_call_is_repeated_once_and_then_described_w_http_12(app, glasses):
    app.statuses = [500, 500]

    answer = await glasses.call_tool(app.package_name, "add")

    assert answer == {
        "error": True,
        "message": "Webhook failed: Request failed with status code 500",
        "details": {"status": "success", "reply": "done"},
    }
    assert app.requests[1][0] - app.requests[0][0] == pytest.approx(1.0)


async def test_a_tool_that_hangs_is_given_up_after_twenty_seconds_twice(app, glasses):
    app.delay_s = 100.0

    answer = await glasses.call_tool(app.package_name, "add")

    assert answer["error"] is True
    assert asyncio.get_running_loop().time() == pytest.approx(41.0)


async def test_until_the_user_saved_the_ack_has_the_schema_w_set_1(cloud, app, glasses):
    cloud.install(app.installed(settings=SETTINGS))

    await glasses.start(app.package_name)

    assert app.socket.frames[0]["settings"] == [{**entry, "options": []} for entry in SETTINGS]


async def test_a_change_of_settings_comes_by_socket_and_then_by_http_as_the_full_list_w_set_6(cloud, app, glasses):
    cloud.install(app.installed(settings=SETTINGS))
    await glasses.start(app.package_name)
    pairs = [{"key": "flag", "value": True}, {"key": "name", "value": "anon"}]

    await glasses.change_settings(app.package_name, {"flag": True})

    assert app.socket.frames[-1] == {
        "type": "settings_update",
        "packageName": app.package_name,
        "sessionId": SESSION,
        "settings": pairs,
        "timestamp": NOON_ISO,
    }
    assert app.requests[-1][1:] == ("/settings", {"userIdForSettings": "user1@example.com", "settings": pairs})


async def test_settings_of_an_app_that_does_not_run_come_by_http_and_are_in_the_next_ack_w_set_2(cloud, app, glasses):
    cloud.install(app.installed(settings=SETTINGS))

    await glasses.change_settings(app.package_name, {"name": None})
    await glasses.start(app.package_name)

    assert [path for _, path, _ in app.requests] == ["/settings", "/webhook"]
    assert app.socket.frames[0]["settings"] == [{"key": "flag", "value": False}, {"key": "name", "value": None}]


async def test_settings_are_the_defaults_until_the_user_chose(cloud, app, glasses):
    cloud.install(app.installed(settings=SETTINGS))

    before = glasses.settings("com.example.app")
    await glasses.change_settings("com.example.app", {"flag": True})

    assert before == {"flag": False, "name": "anon"}
    assert glasses.settings("com.example.app") == {"flag": True, "name": "anon"}
