"""The REST routes that app servers call (docs/protocol.md, W-CHECK)."""

import json

import pytest

from tests.helpers.scripted_app import API_KEY

STORAGE = "/api/sdk/simple-storage"
AUTH = {"Authorization": f"Bearer com.example.app:{API_KEY}"}


@pytest.fixture
def call(network, cloud, app):
    async def call(method, path, body=None, headers=AUTH):
        text = b"" if body is None else json.dumps(body).encode()
        reply = await network.request(method, cloud.url + path, headers=headers, body=text, timeout=1)
        return reply.status, json.loads(reply.body)

    return call


async def test_the_permissions_of_an_app_are_public_w_check_2(cloud, app, call):
    cloud.install(app.installed(permissions=("MICROPHONE", "CAMERA")))

    assert await call("GET", "/api/public/permissions/com.example.app", headers={}) == (
        200,
        {
            "success": True,
            "packageName": "com.example.app",
            "permissions": [{"type": "MICROPHONE"}, {"type": "CAMERA"}],
        },
    )


async def test_an_unknown_package_has_no_permissions_w_check_2(call):
    assert await call("GET", "/api/public/permissions/com.example.no") == (404, {"error": "App not found"})


@pytest.mark.parametrize(
    ("header", "error", "message"),
    [
        (None, "Missing Authorization header", "Authorization header is required for SDK requests"),
        (
            "Basic abc",
            "Invalid Authorization format",
            "Authorization header must be in format: Bearer <packageName>:<apiKey>",
        ),
        ("Bearer abc", "Invalid token format", "Token must be in format: <packageName>:<apiKey>"),
        ("Bearer a:b:c", "Invalid token format", "Token must be in format: <packageName>:<apiKey>"),
        ("Bearer :key", "Invalid credentials", "Both packageName and apiKey must be provided"),
        ("Bearer com.example.app:", "Invalid credentials", "Both packageName and apiKey must be provided"),
        (
            "Bearer com.example.app:wrong",
            "Invalid API key",
            "Provided API key is not valid for this packageName",
        ),
        (
            f"Bearer com.example.no:{API_KEY}",
            "Invalid API key",
            "Provided API key is not valid for this packageName",
        ),
    ],
)
async def test_storage_needs_package_and_key_w_check_1(call, header, error, message):
    headers = {} if header is None else {"Authorization": header}

    answer = await call("GET", f"{STORAGE}/user1%40example.com/key", headers=headers)

    assert answer == (401, {"error": error, "message": message})


async def test_a_key_that_was_never_stored_is_not_found_w_check_1(call):
    assert await call("GET", f"{STORAGE}/a@b.org/k") == (404, {"success": False, "message": "Key not found"})


async def test_values_are_stored_merged_and_read(call):
    user = f"{STORAGE}/User1%40example.com"

    assert await call("PUT", user, {"data": {"a": "1"}}) == (200, {"success": True, "message": "Storage updated"})
    assert await call("PUT", f"{user}/b%20c", {"value": "2"}) == (200, {"success": True, "message": 'Key "b c" set'})

    assert await call("GET", f"{STORAGE}/user1@example.com") == (200, {"success": True, "data": {"a": "1", "b c": "2"}})
    assert await call("GET", f"{user}/a") == (200, {"success": True, "data": {"value": "1"}})


async def test_storage_of_an_unknown_user_is_empty(call):
    assert await call("GET", f"{STORAGE}/nobody@example.com") == (200, {"success": True, "data": {}})


async def test_a_key_is_deleted_even_if_it_was_not_there(call):
    await call("PUT", f"{STORAGE}/a@b.org/k", {"value": "v"})

    for _ in range(2):
        assert await call("DELETE", f"{STORAGE}/a@b.org/k") == (200, {"success": True, "message": 'Key "k" deleted'})
    assert await call("GET", f"{STORAGE}/a@b.org") == (200, {"success": True, "data": {}})


async def test_clearing_leaves_an_empty_object(call):
    await call("PUT", f"{STORAGE}/a@b.org/k", {"value": "v"})

    for _ in range(2):
        assert await call("DELETE", f"{STORAGE}/a@b.org") == (200, {"success": True, "message": "Storage cleared"})


@pytest.mark.parametrize("path", ["", "/k"])
async def test_nothing_can_be_deleted_where_nothing_was_ever_stored(call, path):
    answer = await call("DELETE", f"{STORAGE}/a@b.org{path}")

    assert answer == (404, {"success": False, "message": "Storage not found"})


@pytest.mark.parametrize(
    ("path", "body", "answer"),
    [
        ("", None, {"error": "Invalid body: expected { data: Record<string,string> }"}),
        ("", {"data": []}, {"error": "Invalid body: expected { data: Record<string,string> }"}),
        ("", {"data": {"k": 1}}, {"error": "All values must be strings", "detail": 'Invalid value for key "k"'}),
        ("/k", {}, {"error": "Invalid body: expected { value: string }"}),
        ("/k", {"value": 1}, {"error": "Invalid body: expected { value: string }"}),
    ],
)
async def test_only_text_is_stored(call, path, body, answer):
    assert await call("PUT", f"{STORAGE}/a@b.org{path}", body) == (400, answer)


async def test_a_dot_in_a_key_nests(call):
    await call("PUT", f"{STORAGE}/a@b.org/x.y", {"value": "v"})

    assert await call("GET", f"{STORAGE}/a@b.org/x.y") == (404, {"success": False, "message": "Key not found"})
    assert await call("GET", f"{STORAGE}/a@b.org") == (200, {"success": True, "data": {"x": {"y": "v"}}})


async def test_the_storage_has_the_limits_of_2026_w_store_7(call):
    user = f"{STORAGE}/a@b.org"
    longest = {f"k{number}": "x" * 100_000 for number in range(10)}

    assert (await call("PUT", f"{user}/k", {"value": "x" * 100_001}))[0] == 400
    assert (await call("PUT", user, {"data": longest}))[0] == 200
    assert (await call("PUT", user, {"data": {"k0": "y"}}))[0] == 200
    assert (await call("PUT", user, {"data": {"more": "x" * 100_000}}))[0] == 413
    assert (await call("GET", f"{user}/more"))[0] == 404


async def test_what_is_stored_can_be_seen_and_put_there(glasses, call):
    glasses.store("com.example.app", {"a": "1"})
    assert (await call("GET", f"{STORAGE}/USER1@example.com"))[1] == {"success": True, "data": {"a": "1"}}

    await call("PUT", f"{STORAGE}/user1@example.com/b", {"value": "2"})
    stored = glasses.stored("com.example.app")
    assert stored == {"a": "1", "b": "2"}

    stored.clear()
    assert glasses.stored("com.example.app") == {"a": "1", "b": "2"}
    assert glasses.stored("com.example.other") == {}


async def test_requests_about_data_fail_when_told_to(network, cloud, glasses, call):
    glasses.fail_storage(429, retry_after_s=7)
    glasses.fail_storage(times=2)

    reply = await network.request("GET", f"{cloud.url}{STORAGE}/User1@example.com", headers=AUTH, timeout=1)
    assert (reply.status, reply.headers["retry-after"]) == (429, "7")

    assert (await call("GET", f"{STORAGE}/other@example.com"))[0] == 200
    assert [(await call("GET", f"{STORAGE}/user1@example.com"))[0] for _ in range(3)] == [503, 503, 200]


@pytest.mark.parametrize("who", ["user1@example.com", "user1@example.com-com.example.app"])
async def test_settings_are_read_by_user_or_session_id(glasses, call, who):
    await glasses.change_settings("com.example.app", {"flag": True})

    answer = await call("GET", "/appsettings/user/com.example.app", headers={"Authorization": f"Bearer {who}"})

    assert answer == (200, {"success": True, "settings": [{"key": "flag", "value": True}]})


async def test_settings_without_a_user_are_an_error(call):
    answer = await call("GET", "/appsettings/user/com.example.app", headers={})

    assert answer == (400, {"error": "User ID missing in Authorization header"})


async def test_the_version_of_the_sdk_is_told(call):
    status, body = await call("GET", "/api/sdk/version", headers={})

    assert (status, body["success"], sorted(body["data"])) == (200, True, ["latest", "required"])


@pytest.mark.parametrize("request_line", ["GET /", "POST /api/tts", "POST /api/sdk/version", f"POST {STORAGE}/a@b.org"])
async def test_anything_else_is_not_found(call, request_line):
    assert await call(*request_line.split()) == (404, {"error": "Not found"})


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("", 400, "Text parameter is required and must be a string"),
        ("?text=", 400, "Text parameter is required and must be a string"),
        ("?text=Hi&voice_settings={", 400, "Invalid voice_settings JSON format"),
        ("?text=Hi&voice_settings=%7B%22speed%22%3A1%7D", 500, "TTS service not configured"),
        ("?text=Hi", 500, "TTS service not configured"),
    ],
)
async def test_speech_is_not_there_and_nonsense_is_refused_first_w_sound_5(call, query, status, message):
    assert await call("GET", f"/api/tts{query}", headers={}) == (status, {"success": False, "message": message})
