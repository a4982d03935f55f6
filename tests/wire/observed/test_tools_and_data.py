"""Tools, settings, stored data and permissions, as it was seen (docs/protocol.md, HTTP, Settings, Simple storage)."""

import json
from hashlib import sha256
from typing import Any

import pytest

from tests.helpers.scripted_app import API_KEY
from tests.wire.observed.world import PACKAGE_NAME, SESSION_ID, TIME, USER_ID, World

CALL = {"toolId": "t", "toolParameters": {"x": 1}, "timestamp": "2026-01-31T12:00:00.000Z", "userId": USER_ID}
FAILED = "Webhook failed: Request failed with status code"
TOOLS = [
    ("W-HTTP-10", CALL, [], 1, {"status": "success", "reply": "done"}),
    ("W-HTTP-10", {"toolId": "not declared"}, [], 1, {"status": "success", "reply": "done"}),
    ("W-HTTP-10", {}, [], 1, {"status": "success", "reply": "done"}),
    ("W-HTTP-12", CALL, [500], 2, {"status": "success", "reply": "done"}),
    (
        "W-HTTP-12",
        CALL,
        [500, 500],
        2,
        {"error": True, "message": f"{FAILED} 500", "details": {"status": "success", "reply": "done"}},
    ),
    (
        "W-HTTP-12",
        CALL,
        [404, 404],
        2,
        {"error": True, "message": f"{FAILED} 404", "details": {"status": "success", "reply": "done"}},
    ),
]


@pytest.mark.parametrize(("row", "call", "statuses", "calls", "answer"), TOOLS, ids=[f"{t[0]} {t[2]}" for t in TOOLS])
async def test_a_tool_call_goes_as_it_was_seen(world: World, row, call, statuses, calls, answer):
    world.app.statuses = list(statuses)

    told = await world.glasses.trigger_tool(PACKAGE_NAME, call)

    assert told == answer
    assert [(path, body) for _, path, body in world.app.requests] == [("/tool", call)] * calls
    assert [round(when) for when, _, _ in world.app.requests] == [0, 1][:calls]
    assert {headers["x-app-api-key"] for headers in world.app.headers} == {sha256(API_KEY.encode()).hexdigest()}


async def test_a_tool_has_twenty_seconds_w_time_6(world: World):
    world.app.delay_s = 60

    told = await world.glasses.trigger_tool(PACKAGE_NAME, CALL)

    assert [round(when) for when, _, _ in world.app.requests] == [0, 21]
    assert (told["error"], told["details"]) == (True, {})


SCHEMA = (
    {"type": "toggle", "key": "flag", "label": "Flag", "defaultValue": False},
    {"type": "group", "title": "G"},
)


async def test_settings_come_as_their_schema_until_one_was_saved_w_set_1(world: World):
    world.cloud.install(world.app.installed(settings=SCHEMA))

    await world.start()

    assert world.app.socket.frames[0]["settings"] == [
        {"type": "toggle", "key": "flag", "label": "Flag", "defaultValue": False, "options": []},
        {"type": "group", "title": "G", "options": []},
    ]


async def test_a_change_of_settings_comes_twice_as_the_full_list_w_set_6(world: World):
    world.cloud.install(world.app.installed(settings=(*SCHEMA, {"type": "text", "key": "name", "label": "Name"})))
    await world.start()

    await world.glasses.change_settings(PACKAGE_NAME, {"flag": True})
    await world.glasses.change_settings(PACKAGE_NAME, {"name": "Ann"})

    both = [[{"key": "flag", "value": True}], [{"key": "flag", "value": True}, {"key": "name", "value": "Ann"}]]
    update = {"type": "settings_update", "packageName": PACKAGE_NAME, "sessionId": SESSION_ID, "timestamp": TIME}
    assert world.said == [{**update, "settings": settings} for settings in both]
    assert [(path, body) for _, path, body in world.app.requests[1:]] == [
        ("/settings", {"userIdForSettings": USER_ID, "settings": settings}) for settings in both
    ]


async def test_settings_are_posted_to_an_app_that_does_not_run_and_acknowledged_as_pairs_w_http_13(world: World):
    world.cloud.install(world.app.installed(settings=SCHEMA))
    pairs = [{"key": "flag", "value": True}]

    await world.glasses.change_settings(PACKAGE_NAME, {"flag": True})
    await world.start()

    assert world.app.requests[0][1:] == ("/settings", {"userIdForSettings": USER_ID, "settings": pairs})
    assert world.app.socket.frames[0]["settings"] == pairs


BEARER = f"Bearer {PACKAGE_NAME}:{API_KEY}"
STORAGE = [
    # row, method, path behind the user, body, credentials, status, answer; one after the other
    ("W-STORE-1", "GET", "", None, BEARER, 200, {"success": True, "data": {}}),
    ("W-STORE-3", "DELETE", "/k", None, BEARER, 404, {"success": False, "message": "Storage not found"}),
    ("W-STORE-3", "DELETE", "", None, BEARER, 404, {"success": False, "message": "Storage not found"}),
    ("W-STORE-1", "GET", "/k", None, BEARER, 404, {"success": False, "message": "Key not found"}),
    ("W-STORE-2", "PUT", "/k", {"value": "v"}, BEARER, 200, {"success": True, "message": 'Key "k" set'}),
    ("W-STORE-1", "GET", "/k", None, BEARER, 200, {"success": True, "data": {"value": "v"}}),
    ("W-STORE-2", "PUT", "", {"data": {"l": "w"}}, BEARER, 200, {"success": True, "message": "Storage updated"}),
    ("W-STORE-2", "GET", "", None, BEARER, 200, {"success": True, "data": {"k": "v", "l": "w"}}),
    ("W-STORE-2", "PUT", "/k", {"value": 5}, BEARER, 400, {"error": "Invalid body: expected { value: string }"}),
    (
        "W-STORE-2",
        "PUT",
        "",
        {"data": {"k": 5}},
        BEARER,
        400,
        {"error": "All values must be strings", "detail": 'Invalid value for key "k"'},
    ),
    ("W-STORE-3", "DELETE", "/x", None, BEARER, 200, {"success": True, "message": 'Key "x" deleted'}),
    ("W-STORE-4", "PUT", "/a.b", {"value": "n"}, BEARER, 200, {"success": True, "message": 'Key "a.b" set'}),
    ("W-STORE-4", "GET", "/a.b", None, BEARER, 404, {"success": False, "message": "Key not found"}),
    ("W-STORE-4", "GET", "/a", None, BEARER, 200, {"success": True, "data": {"value": {"b": "n"}}}),
    ("W-STORE-11", "PUT", "/$a", {"value": "v"}, BEARER, 500, {"error": "Failed to set key"}),
    ("W-STORE-3", "DELETE", "", None, BEARER, 200, {"success": True, "message": "Storage cleared"}),
    ("W-STORE-3", "GET", "", None, BEARER, 200, {"success": True, "data": {}}),
    ("W-STORE-6", "GET", "", None, "", 401, "Missing Authorization header"),
    ("W-STORE-6", "GET", "", None, "Basic x", 401, "Invalid Authorization format"),
    ("W-STORE-6", "GET", "", None, "Bearer x", 401, "Invalid token format"),
    ("W-STORE-6", "GET", "", None, f"Bearer {PACKAGE_NAME}:wrong", 401, "Invalid API key"),
    ("W-STORE-6", "GET", "", None, f"Bearer com.example.other:{API_KEY}", 401, "Invalid API key"),
]


async def test_the_storage_answers_as_it_was_seen(world: World):
    wrong = []
    for row, method, path, body, credentials, status, answer in STORAGE:
        told = await call(world, method, f"/api/sdk/simple-storage/User1@example.com{path}", body, credentials)
        seen = told if isinstance(answer, dict) else (told[0], told[1]["error"])
        if seen != (status, answer):
            wrong.append((row, method, path, seen, (status, answer)))

    assert wrong == []


async def test_the_storage_tells_users_apart_without_case_w_store_5(world: World):
    await call(world, "PUT", "/api/sdk/simple-storage/A@example.com/k", {"value": "v"}, BEARER)

    assert world.cloud.connect_glasses("a@EXAMPLE.com").stored(PACKAGE_NAME) == {"k": "v"}


PERMISSIONS = [
    (PACKAGE_NAME, 200, {"success": True, "packageName": PACKAGE_NAME, "permissions": [{"type": "ALL"}]}),
    ("com.example.other", 404, {"error": "App not found"}),
]


@pytest.mark.parametrize(("package_name", "status", "answer"), PERMISSIONS)
async def test_permissions_are_told_to_everybody_w_check_2(world: World, package_name, status, answer):
    told = await call(world, "GET", f"/api/public/permissions/{package_name}", None, "")

    assert told == (status, answer)


async def call(world: World, method: str, path: str, body: Any, credentials: str) -> tuple[int, Any]:
    headers = {"content-type": "application/json", **({"authorization": credentials} if credentials else {})}
    encoded = b"" if body is None else json.dumps(body).encode()
    reply = await world.network.request(method, world.cloud.url + path, headers=headers, body=encoded, timeout=1)
    return reply.status, json.loads(reply.body)
