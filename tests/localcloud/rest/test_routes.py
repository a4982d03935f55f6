"""The REST routes that app servers call (docs/protocol.md, W-CHECK)."""

import json

import pytest

from mentra.localcloud import LocalCloud
from tests.helpers.scripted_app import API_KEY

STORAGE = "/api/sdk/simple-storage"
AUTH = {"Authorization": f"Bearer com.example.app:{API_KEY}"}
JSON = {"content-type": "application/json"}


@pytest.fixture
def call(network, cloud, app):
    async def call(method, path, body=None, headers=AUTH):
        text = b"" if body is None else json.dumps(body).encode()
        reply = await network.request(method, cloud.url + path, headers=JSON | headers, body=text, timeout=30)
        return reply.status, json.loads(reply.body)

    return call


@pytest.fixture
async def call_3(network, app):
    """The same on a cloud of 2026."""
    async with LocalCloud(network, generation=3) as cloud:
        cloud.install(app.installed())

        async def call_3(method, path, body=None, headers=AUTH):
            text = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
            reply = await network.request(method, cloud.url + path, headers=headers, body=text, timeout=1)
            return reply.status, json.loads(reply.body)

        yield call_3


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


async def test_the_storage_of_2025_has_no_limits_w_store_7(call):
    user = f"{STORAGE}/a@b.org"

    assert (await call("PUT", f"{user}/k", {"value": "x" * 1_000_001}))[0] == 200


async def test_a_key_that_begins_with_a_dollar_is_not_stored_w_store_11(call):
    user = f"{STORAGE}/a@b.org"

    assert await call("PUT", f"{user}/%24a", {"value": "v"}) == (500, {"error": "Failed to set key"})
    assert await call("PUT", user, {"data": {"a": "v", "$a": "v"}}) == (500, {"error": "Failed to update storage"})
    assert await call("GET", user) == (200, {"success": True, "data": {}})


@pytest.mark.parametrize("key", ["a..b", ".a", "a.", "a.$b", "s.below"])
async def test_what_the_database_cannot_store_is_an_error_and_changes_nothing_w_store_11(call, key):
    user = f"{STORAGE}/a@b.org"
    await call("PUT", user, {"data": {"s": "text"}})

    assert await call("PUT", f"{user}/{key}", {"value": "v"}) == (500, {"error": "Failed to set key"})
    assert await call("PUT", user, {"data": {"more": "v", key: "v"}}) == (500, {"error": "Failed to update storage"})
    assert await call("GET", user) == (200, {"success": True, "data": {"s": "text"}})


async def test_a_key_and_what_is_below_it_cannot_be_stored_at_once(call):
    answer = await call("PUT", f"{STORAGE}/a@b.org", {"data": {"a": "v", "a.b": "v"}})

    assert answer == (500, {"error": "Failed to update storage"})


async def test_removing_what_would_be_below_a_text_leaves_the_text(call):
    user = f"{STORAGE}/a@b.org"
    await call("PUT", user, {"data": {"s": "text", "x.y": "1", "x.z": "2"}})

    assert (await call("DELETE", f"{user}/s.below"))[0] == 200
    assert (await call("DELETE", f"{user}/no.such"))[0] == 200
    assert (await call("DELETE", f"{user}/x.y"))[0] == 200
    assert await call("DELETE", f"{user}/$x") == (500, {"error": "Failed to delete key"})
    assert (await call("GET", user))[1]["data"] == {"s": "text", "x": {"z": "2"}}


async def test_an_empty_update_makes_no_storage(call):
    user = f"{STORAGE}/a@b.org"

    assert await call("PUT", user, {"data": {}}) == (200, {"success": True, "message": "Storage updated"})
    assert (await call("DELETE", user))[0] == 404


async def test_the_storage_of_2026_has_limits_and_says_which_w_store_7(call_3):
    user = f"{STORAGE}/a@b.org"
    full = {f"k{number}": "x" * 100_000 for number in range(10)}
    long = 'Value for key "k" exceeds 100KB limit (100001 bytes). Use your own S3 bucket storage for large files.'
    advice = "Delete unused keys or use S3 storage."

    assert await call_3("PUT", f"{user}/k", {"value": "x" * 100_001}) == (400, {"error": long})
    assert (await call_3("PUT", user, {"data": full}))[0] == 200
    assert (await call_3("PUT", user, {"data": {"k0": "y"}}))[0] == 200
    assert (await call_3("PUT", f"{user}/k0", {"value": "x" * 100_000}))[0] == 200
    assert await call_3("PUT", f"{user}/more", {"value": "xx"}) == (
        413,
        {"error": f"Total storage exceeds 1MB limit (current: 1000000, new: 1000002). {advice}"},
    )
    sizes = "current: 1000000, adding: 1, total: 1000001"
    assert await call_3("PUT", user, {"data": {"more": "x"}}) == (
        413,
        {"error": f"Total storage would exceed 1MB limit ({sizes}). {advice}"},
    )
    assert (await call_3("GET", f"{user}/more"))[0] == 404


async def test_where_a_key_has_nested_the_cloud_of_2026_cannot_count(call_3):
    user = f"{STORAGE}/a@b.org"
    await call_3("PUT", f"{user}/x.y", {"value": "v"})

    assert (await call_3("PUT", user, {"data": {f"k{n}": "x" * 100_000 for n in range(11)}}))[0] == 200


async def test_in_2025_a_body_is_read_only_if_it_says_that_it_is_json(network, cloud, app):
    async def put(content_type, body):
        headers = AUTH | {"content-type": content_type}
        reply = await network.request("PUT", f"{cloud.url}{STORAGE}/a@b.org/k", headers=headers, body=body, timeout=1)
        return reply.status, reply.headers["content-type"].partition(";")[0], reply.body

    good = b'{"value": "v"}'
    assert (await put("application/json; charset=utf-8", good))[0] == 200
    assert await put("text/plain", good) == (
        400,
        "application/json",
        b'{"error":"Invalid body: expected { value: string }"}',
    )
    for broken in (b"{", b"5", b"null"):
        status, kind, page = await put("application/json", broken)
        assert (status, kind) == (400, "text/html")
        assert b"<pre>Bad Request</pre>" in page


async def test_in_2026_a_body_is_taken_for_json(call_3):
    assert (await call_3("PUT", f"{STORAGE}/a@b.org/k", {"value": "v"}))[0] == 200
    assert await call_3("PUT", f"{STORAGE}/a@b.org/k", b"{") == (
        400,
        {"error": "Invalid body: expected { value: string }"},
    )


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


def settings_path(package_name="com.example.app"):
    return f"/appsettings/user/{package_name}"


@pytest.mark.parametrize("route", ["/appsettings/user", "/tpasettings/user"])
async def test_settings_are_read_in_the_name_of_anybody(glasses, call, route):
    await glasses.change_settings("com.example.app", {"flag": True})

    for header in ("Bearer user1@example.com", "Bearer USER1@example.com", "Anything user1@example.com more"):
        answer = await call("GET", f"{route}/com.example.app", headers={"Authorization": header})
        assert answer == (200, {"success": True, "settings": [{"key": "flag", "value": True}]})


async def test_the_first_reading_of_settings_stores_the_defaults(cloud, app, glasses, call):
    schema = [
        {"type": "group", "title": "G"},
        {"type": "toggle", "key": "flag", "label": "Flag", "defaultValue": False},
        {"type": "select", "key": "size", "label": "S", "defaultValue": 1, "options": [{"label": "one", "value": 1}]},
    ]
    cloud.install(app.installed(settings=schema))
    headers = {"Authorization": "Bearer user1@example.com"}
    first = await call("GET", settings_path(), headers=headers)
    second = await call("GET", settings_path(), headers=headers)

    assert first[1]["settings"] == [
        {"key": "flag", "value": False, "defaultValue": False, "type": "toggle", "label": "Flag", "options": []},
        {
            "key": "size",
            "value": 1,
            "defaultValue": 1,
            "type": "select",
            "label": "S",
            "options": [{"label": "one", "value": 1}],
        },
    ]
    assert second[1]["settings"] == [{"key": "flag", "value": False}, {"key": "size", "value": 1}]


async def test_a_session_id_has_settings_of_its_own(glasses, call):
    """The official SDK 2.1.29 asks with it, and gets what a new user has."""
    await glasses.change_settings("com.example.app", {"flag": True})

    who = {"Authorization": "Bearer user1@example.com-com.example.app"}
    assert await call("GET", settings_path(), headers=who) == (200, {"success": True, "settings": []})


@pytest.mark.parametrize(
    ("headers", "package_name", "status", "error"),
    [
        ({}, "com.example.app", 400, "User ID missing in Authorization header"),
        ({"Authorization": "user1@example.com"}, "com.example.app", 401, "Error processing request"),
        ({"Authorization": "Bearer user1@example.com"}, "com.example.no", 404, "App not found"),
    ],
)
async def test_settings_of_nobody_are_an_error(call, headers, package_name, status, error):
    assert await call("GET", settings_path(package_name), headers=headers) == (status, {"error": error})


async def test_the_version_of_the_sdk_is_told(call):
    status, body = await call("GET", "/api/sdk/version", headers={})

    assert (status, body["success"], sorted(body["data"])) == (200, True, ["latest", "required"])


@pytest.mark.parametrize("line", ["GET /", "POST /api/tts", "POST /api/sdk/version", "GET /a%3Cb%3E%20c"])
async def test_in_2025_anything_else_is_a_page(network, cloud, app, line):
    method, path = line.split()
    reply = await network.request(method, cloud.url + path, timeout=1)

    shown = path.replace("<", "&lt;")
    assert (reply.status, reply.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert f"<pre>Cannot {method} {shown}</pre>" in reply.body.decode()


@pytest.mark.parametrize("path", ["/no/such", "/api/sdk/version/"])
async def test_in_2026_anything_else_is_an_object(call_3, path):
    status, answer = await call_3("GET", path)

    assert (status, answer) == (404, {"error": "Not found", "path": path, "timestamp": answer["timestamp"]})


@pytest.mark.parametrize("route", ["generate-webview-token", "hash-with-api-key", "generate-webview-signed-user-token"])
@pytest.mark.parametrize("base", ["/api/auth", "/auth"])
async def test_what_only_phones_may_ask_is_refused_to_apps(call, base, route):
    body = {"packageName": "com.example.app", "stringToHash": "x"}

    assert await call("POST", f"{base}/{route}", body) == (401, {"error": "Invalid or expired token"})
    assert await call("POST", f"{base}/{route}", body, headers={}) == (
        401,
        {"error": "Missing or invalid Authorization header"},
    )


async def test_anybody_can_call_a_tool_with_just_these_fields(app, call):
    body = {"toolId": "t", "userId": "u", "more": 1}

    assert await call("POST", "/api/tools/apps/com.example.app/tool", body, headers={}) == (200, app.tool_answer)
    assert app.requests[-1][1:] == ("/tool", body)


async def test_a_web_page_cannot_call_a_tool(app, call_3):
    page = {"content-type": "text/plain", "origin": "https://example.com"}
    body = {"toolId": "t", "userId": "u"}

    status, _ = await call_3("POST", "/api/tools/apps/com.example.app/tool", body, headers=page)

    assert (status, app.requests) == (403, [])


async def test_a_tool_that_fails_twice_has_its_own_status(app, call):
    app.statuses = [500, 503]

    status, answer = await call("POST", "/api/tools/apps/com.example.app/tool", {"toolId": "t", "userId": "u"})

    message = "Webhook failed: Request failed with status code 503"
    assert (status, answer) == (503, {"error": True, "message": message, "details": app.tool_answer})


@pytest.mark.parametrize(
    ("package_name", "body", "status", "message"),
    [
        ("com.example.app", {}, 400, "Missing required fields: toolId"),
        ("com.example.app", {"toolId": "t"}, 400, "Missing required fields: userId"),
        ("com.example.no", {"toolId": "t", "userId": "u"}, 500, "App com.example.no not found"),
    ],
)
async def test_a_call_of_a_tool_that_lacks_something_is_refused(call, package_name, body, status, message):
    answer = await call("POST", f"/api/tools/apps/{package_name}/tool", body)

    assert answer == (status, {"error": True, "message": message})


@pytest.mark.parametrize("path", ["apps/com.example.app/tools", "users/user1@example.com/tools"])
async def test_no_tools_are_known(call, path):
    assert await call("GET", f"/api/tools/{path}") == (200, [])


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
