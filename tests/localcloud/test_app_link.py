"""The handshake, its refusals, and frames that the cloud does not like (docs/protocol.md, W-REF, W-CONV, W-APP)."""

import asyncio
import json

import pytest

from mentra.localcloud import LocalCloud, StartFailed
from mentra.protocol.app_to_cloud import ConnectionInit, DisplayEvent
from mentra.protocol.codec import Malformed, Unknown
from mentra.transport.base import Closed
from tests.helpers.scripted_app import API_KEY, ScriptedApp, ScriptedSocket, let_it_happen

SESSION = "user1@example.com-com.example.app"
GOOD_INIT = {
    "type": "tpa_connection_init",
    "sessionId": SESSION,
    "packageName": "com.example.app",
    "apiKey": API_KEY,
    "timestamp": "2026-11-23T00:56:34.089Z",
}
NO_INIT = {key: value for key, value in GOOD_INIT.items() if key != "sessionId"}


def text(**changes) -> bytes:
    return json.dumps({**GOOD_INIT, **changes}).encode()


async def say_first(cloud: LocalCloud, network, frame: bytes) -> ScriptedSocket:
    socket = await ScriptedSocket().open(network, cloud.websocket_url)
    socket.send_raw(frame)
    await let_it_happen()
    return socket


@pytest.mark.parametrize(
    ("row", "frame", "code", "message"),
    [
        ("W-REF-1 wrong key", text(apiKey="wrong"), "INVALID_API_KEY", "Invalid API key"),
        ("W-REF-1 empty key", text(apiKey=""), "INVALID_API_KEY", "Invalid API key"),
        ("W-REF-1 unknown package", text(packageName="com.example.no"), "INVALID_API_KEY", "Invalid API key"),
        ("W-REF-2 not started", text(), "APP_NOT_STARTED", "App not started for this session"),
        ("W-REF-3 no such user", text(sessionId="x@y.org-com.example.app"), "SESSION_NOT_FOUND", "Session not found"),
        ("W-REF-3 user before key", text(sessionId="x-y", apiKey="wrong"), "SESSION_NOT_FOUND", "Session not found"),
        ("W-REF-3 other frame", b'{"type":"display_event"}', "SESSION_NOT_FOUND", "Session not found"),
        ("W-REF-3 unknown type", b'{"type":"hello"}', "SESSION_NOT_FOUND", "Session not found"),
        ("W-REF-3 no object", b"[1]", "SESSION_NOT_FOUND", "Session not found"),
    ],
)
async def test_a_refusal_is_a_frame_and_a_close_with_1008(network, cloud, app, glasses, row, frame, code, message):
    socket = await say_first(cloud, network, frame)

    assert [{**refusal, "timestamp": ""} for refusal in socket.frames] == [
        {"type": "tpa_connection_error", "code": code, "message": message, "timestamp": ""}
    ], row
    assert socket.closed == Closed(1008, message)


@pytest.mark.parametrize(
    ("row", "frame", "closed"),
    [
        ("W-REF-4 no hyphen", text(sessionId="user1"), Closed(1008, "Invalid session ID format")),
        ("W-REF-5 no session id", json.dumps(NO_INIT).encode(), Closed(1011, "Internal server error")),
        ("W-REF-5 no JSON", b"hello", Closed(1011, "Internal server error")),
        ("W-REF-5 empty", b"", Closed(1011, "Internal server error")),
        ("W-CONV-10 null", b"null", Closed(1011, "Internal server error")),
    ],
)
async def test_some_refusals_are_only_a_close(network, cloud, app, glasses, row, frame, closed):
    socket = await say_first(cloud, network, frame)

    assert (socket.frames, socket.closed) == ([], closed), row


async def test_a_binary_frame_closes_with_1011_w_conv_10(network, cloud):
    socket = await ScriptedSocket().open(network, cloud.websocket_url)

    socket.send_binary(b"\0\0")
    await let_it_happen()

    assert socket.closed == Closed(1011, "Internal server error")


async def test_a_socket_that_says_nothing_stays_open_w_hand_12(network, cloud):
    socket = await ScriptedSocket().open(network, cloud.websocket_url)

    await let_it_happen()

    assert (socket.frames, socket.closed) == ([], None)


async def test_a_second_init_is_acknowledged_again_w_hand_12(running):
    running.socket.send(running.init())
    await let_it_happen()

    assert running.socket.types == ["tpa_connection_ack", "tpa_connection_ack"]
    assert running.socket.closed is None


async def test_a_wrong_tail_in_the_session_id_is_accepted_and_echoed(running):
    running.socket.send(running.init(sessionId="user1@example.com-nonsense"))
    await let_it_happen()

    assert running.socket.frames[-1]["sessionId"] == "user1@example.com-nonsense"


@pytest.mark.parametrize("path", ["/", "/app-ws/", "/tpa-ws"])
async def test_other_paths_are_dropped_w_hand_9(network, cloud, path):
    with pytest.raises(ConnectionRefusedError, match="None"):
        await ScriptedSocket().open(network, cloud.websocket_url.removesuffix("/app-ws") + path)


async def test_a_query_in_the_url_is_fine_w_hand_8(network, cloud):
    await ScriptedSocket().open(network, cloud.websocket_url + "?a=1")


@pytest.mark.parametrize(
    ("extra", "code"),
    [({}, "MISSING_HEADERS"), ({"x-user-id": "user1@example.com", "x-session-id": SESSION}, "JWT_INVALID")],
)
async def test_the_rest_header_on_the_socket_is_refused_w_hand_10(network, cloud, extra, code):
    with pytest.raises(ConnectionRefusedError, match=f"status=401.*{code}"):
        await ScriptedSocket().open(
            network, cloud.websocket_url, {"Authorization": f"Bearer com.example.app:{API_KEY}", **extra}
        )


@pytest.mark.parametrize("frame", [b'{"type":"ownership_release"}', b'{"type":"new"}', b"{}", b"3", b'"x"', b"[]"])
async def test_frames_that_mean_nothing_are_ignored_w_conv_10(running, frame):
    running.socket.send_raw(frame)
    await let_it_happen()

    assert running.socket.types == ["tpa_connection_ack"]
    assert running.socket.closed is None


@pytest.mark.parametrize("frame", [b"null", b"hello", b""])
async def test_frames_that_are_no_json_close_with_1011_and_start_the_grace_w_conv_10(running, glasses, frame):
    running.socket.send_raw(frame)
    await let_it_happen()

    assert running.socket.closed == Closed(1011, "Internal server error")
    assert glasses.running == (running.package_name,)


@pytest.mark.parametrize("subscriptions", [{"subscriptions": None}, {}, {"subscriptions": {"a": 1}}])
async def test_subscriptions_that_are_no_list_are_refused_w_ref_6(running, subscriptions):
    await running.send("subscription_update", **subscriptions)

    refusal = running.socket.frames[-1]
    assert refusal["code"] == "MALFORMED_MESSAGE"
    assert refusal["message"].startswith("Invalid subscription type: ")
    assert running.socket.closed == Closed(1008, refusal["message"])


async def test_subscriptions_as_text_are_no_streams_and_no_error(running, glasses):
    await running.subscribe("button_press")
    await running.send("subscription_update", subscriptions="button_press")
    await glasses.press()

    assert running.socket.closed is None
    assert glasses.listeners("button_press") == ()


async def test_a_list_with_nothing_that_can_be_a_stream_counts_as_an_empty_one_w_conn_4(running, glasses):
    await running.subscribe("button_press")

    await running.subscribe(3, None)

    assert glasses.subscriptions(running.package_name) == ("button_press",)


async def test_frames_of_another_package_are_lost(running, glasses):
    await running.send("subscription_update", packageName="com.example.other", subscriptions=["button_press"])
    await running.show("hello", packageName="com.example.other")

    assert glasses.subscriptions(running.package_name) == ()
    assert glasses.display == ""


async def test_an_app_is_subscribed_in_its_name_before_it_was_ever_started_w_conn_21(network, cloud, running, glasses):
    async with ScriptedApp(network, "com.example.other") as other:
        cloud.install(other.installed(app_type="background"))
        await running.send("subscription_update", packageName=other.package_name, subscriptions=["button_press"])

        await glasses.start(other.package_name)
        await glasses.press()

        assert other.socket.types == ["tpa_connection_ack", "data_stream"]


@pytest.mark.parametrize("name", ["com.example.nobody", None])
async def test_a_list_that_is_none_is_refused_whosever_it_shall_be_w_conn_21(running, name):
    await running.send("subscription_update", packageName=name, subscriptions=None)

    assert running.socket.frames[-1]["code"] == "MALFORMED_MESSAGE"
    assert running.socket.closed is not None


async def test_a_socket_on_which_two_apps_logged_in_is_lost_to_both_w_conn_23(network, cloud, running, glasses):
    async with ScriptedApp(network, "com.example.other") as other:
        cloud.install(other.installed(app_type="background"))
        other.connects = False
        start = asyncio.create_task(glasses.start(other.package_name))
        await let_it_happen()
        running.socket.send(other.init())
        await start

        running.socket.close()
        await asyncio.sleep(5.1)

        assert running.webhooks == other.webhooks == ["session_request", "stop_request", "session_request"]


async def test_an_empty_list_has_no_effect_for_eight_seconds_w_conn_4(running, glasses):
    await running.subscribe("button_press")

    await running.subscribe()

    assert glasses.subscriptions(running.package_name) == ("button_press",)


async def test_an_empty_list_clears_after_eight_seconds_w_conn_4(running, glasses):
    await running.subscribe("button_press")

    await asyncio.sleep(8.1)
    await running.subscribe()

    assert glasses.subscriptions(running.package_name) == ()


async def test_a_reconnect_protects_the_list_again_w_conn_4(running, glasses):
    await running.subscribe("button_press")
    await asyncio.sleep(60.0)
    running.socket.close()
    await let_it_happen()

    await running.connect()
    await running.subscribe()

    assert glasses.subscriptions(running.package_name) == ("button_press",)


async def test_a_refused_init_protects_the_list_as_well_w_conn_4(running, glasses):
    await running.subscribe("button_press")
    await asyncio.sleep(60.0)

    refused = await running.connect(apiKey="wrong")
    await refused.wait_closed()
    running.sockets[0].send({"type": "subscription_update", "packageName": running.package_name, "subscriptions": []})
    await let_it_happen()

    assert glasses.subscriptions(running.package_name) == ("button_press",)


async def test_the_cloud_of_2025_does_not_know_a_ping_w_app_8(running):
    await running.send("ping")

    assert running.socket.types == ["tpa_connection_ack"]
    assert running.socket.closed is None


async def test_the_cloud_of_2026_answers_a_ping_with_a_number_w_app_8(running_3):
    await running_3.send("ping")

    pong = running_3.socket.frames[-1]
    assert pong == {"type": "pong", "timestamp": pong["timestamp"]}
    assert isinstance(pong["timestamp"], int)


async def test_the_cloud_of_2026_answers_a_ping_before_it_knows_whose_it_is_w_app_8(network, cloud_3):
    socket = await ScriptedSocket().open(network, cloud_3.websocket_url)

    socket.send({"type": "ping"})
    await let_it_happen()

    assert (socket.types, socket.closed) == (["pong"], None)


async def test_everything_an_app_sends_is_kept_for_tests(running, glasses):
    await running.show("hi")
    await running.send("transcription_config", requestId="1")
    await running.send("display_event", view=3)

    kinds = [type(frame) for frame in glasses.frames(running.package_name)]
    assert kinds == [ConnectionInit, DisplayEvent, Unknown, Malformed]


async def test_each_list_is_judged_by_what_the_app_has_declared_by_then_w_app_3(running, glasses, cloud):
    await running.subscribe("transcription:en-US", "button_press")
    cloud.install(running.installed(permissions=()))
    kept = glasses.subscriptions(running.package_name)
    await running.subscribe("transcription:en-US", "button_press")
    refused = glasses.subscriptions(running.package_name)
    cloud.install(running.installed(permissions=("MICROPHONE",)))
    await running.subscribe("transcription:en-US", "button_press")

    assert (kept, refused, glasses.subscriptions(running.package_name)) == (
        ("transcription:en-US", "button_press"),
        ("button_press",),
        ("transcription:en-US", "button_press"),
    )


async def test_an_init_needs_a_session_id_that_is_text_and_nothing_else_to_be_judged_w_ref_5(cloud, app, glasses):
    app.connects = False
    start = asyncio.create_task(glasses.start(app.package_name))
    await let_it_happen()

    broken = await app.connect(sessionId=5)
    await let_it_happen()
    keyless = await app.connect(apiKey=None, timestamp=5)
    with pytest.raises(StartFailed):
        await start

    assert (broken.frames, broken.closed) == ([], Closed(1011, "Internal server error"))
    assert keyless.frames[0]["code"] == "INVALID_API_KEY"


async def test_a_timestamp_may_be_anything(cloud, app, glasses):
    app.connects = False
    start = asyncio.create_task(glasses.start(app.package_name))
    await let_it_happen()

    socket = await app.connect(timestamp=1234)
    await start

    assert socket.types == ["tpa_connection_ack"]


async def test_a_list_in_the_name_of_another_app_of_the_user_is_that_apps_list(network, cloud, running, glasses):
    async with ScriptedApp(network, "com.example.second") as second:
        cloud.install(second.installed(app_type="background"))
        await glasses.start(second.package_name)

        second.socket.send(
            {
                "type": "subscription_update",
                "packageName": running.package_name,
                "subscriptions": ["button_press"],
            }
        )
        await let_it_happen()
        await glasses.press()

        assert glasses.subscriptions(running.package_name) == ("button_press",)
        assert running.socket.types[-1] == "data_stream"
        assert second.socket.types == ["tpa_connection_ack"]


async def test_an_app_that_is_being_stopped_goes_on_hearing(running, glasses):
    await running.subscribe("button_press")
    running.delay_s = 3.0
    stop = asyncio.create_task(glasses.stop(running.package_name))
    await let_it_happen()

    await glasses.press()
    await stop

    assert running.socket.types == ["tpa_connection_ack", "data_stream", "app_stopped"]
