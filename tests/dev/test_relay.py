"""The relay by itself: a scripted cloud on one side, scripted children on the other."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mentra.errors import UntrustedCloud
from mentra.protocol.webhooks import SessionRequest
from mentra.transport.base import Closed, Connection, HttpReply, HttpRequest, Receiver
from mentra.transport.memory import MemoryNetwork
from mentra_cli.dev.journal import Journal
from mentra_cli.dev.relay import Relay
from mentra_cli.dev.relayed_session import MAX_WAITING, SUBSCRIBE_WITHIN_S

USER = "ann@example.com"
SESSION = f"{USER}-com.example.app"
CLOUD = "ws://cloud:1/app-ws"
INIT = {
    "type": "tpa_connection_init",
    "sessionId": SESSION,
    "packageName": "com.example.app",
    "apiKey": "s3cr3t",
    "timestamp": "2026-11-23T00:56:34.089Z",
}
ACK = {"type": "tpa_connection_ack", "sessionId": SESSION, "settings": [], "capabilities": None, "futureField": 1}
SUBSCRIBE = {"type": "subscription_update", "packageName": "com.example.app", "subscriptions": ["button_press"]}
REQUEST = SessionRequest(session_id=SESSION, user_id=USER, timestamp="1", augmentos_websocket_url=CLOUD)


class Party(Receiver):
    """One end of a socket: writes down what it hears."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.closed: Closed | None = None
        self.connection: Connection

    def text_received(self, text: str | bytes) -> None:
        self.heard.append(json.loads(text))

    def binary_received(self, data: bytes) -> None:
        self.heard.append(data)

    def connection_lost(self, closed: Closed) -> None:
        self.closed = closed

    def say(self, message: Any) -> None:
        self.connection.send_text(json.dumps(message).encode())


class Scene:
    def __init__(self) -> None:
        self.network = MemoryNetwork()
        self.clouds: list[Party] = []
        self.journal = Journal()
        self.relay = Relay(self.journal, self.find_cloud, lambda key: key == INIT["apiKey"])

    def find_cloud(self, request: SessionRequest) -> tuple[MemoryNetwork, str]:
        if request.augmentos_websocket_url != CLOUD:
            raise UntrustedCloud("no")
        return self.network, CLOUD

    def accept(self, connection: Connection) -> Party:
        cloud = Party()
        cloud.connection = connection
        self.clouds.append(cloud)
        return cloud

    async def child(self, greeting: Any = INIT) -> Party:
        child = Party()
        child.connection = await self.network.connect(self.relay.socket_url, child, timeout=1)
        child.say(greeting)
        await settle()
        return child

    async def live(self) -> Party:
        """Start a session up to a subscribed child."""
        self.relay.admit(REQUEST)
        child = await self.child()
        self.clouds[-1].say(ACK)
        await settle()
        child.say(SUBSCRIBE)
        await settle()
        return child

    async def hand_over(self) -> Party:
        [session] = self.relay.sessions()
        self.relay.hand_over(session)
        return await self.child()


async def _no_http(_: HttpRequest) -> HttpReply:
    return HttpReply(404)


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def event(number: int) -> dict[str, Any]:
    return {"type": "data_stream", "streamType": "button_press", "data": {"buttonId": str(number)}}


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    scene = Scene()

    await scene.network.listen("cloud", 1, _no_http, lambda _: scene.accept)
    await scene.relay.open(scene.network, _no_http)
    yield scene
    await scene.relay.close()


async def test_the_start_webhook_leads_the_child_to_the_relay(scene: Scene) -> None:
    towards_here = scene.relay.admit(REQUEST)

    assert towards_here.mentraos_websocket_url == scene.relay.socket_url
    assert towards_here.augmentos_websocket_url == scene.relay.socket_url
    assert towards_here.websocket_url is None
    assert towards_here.timestamp == REQUEST.timestamp


async def test_a_webhook_of_an_untrusted_cloud_is_not_taken_in(scene: Scene) -> None:
    with pytest.raises(UntrustedCloud):
        scene.relay.admit(SessionRequest(session_id=SESSION, user_id=USER, augmentos_websocket_url="wss://evil/app-ws"))

    child = await scene.child()

    assert child.closed == Closed(1008, "mentra dev refuses the connection: SESSION_NOT_FOUND")
    assert scene.clouds == []


async def test_speech_is_fetched_from_the_cloud_as_no_phone_reaches_the_relay(scene: Scene) -> None:
    """Defect 26 of the official SDK 2.1.29: it asks for ``https`` whatever the cloud speaks."""
    child = await scene.live()
    frame = {"type": "audio_play_request", "packageName": "com.example.app", "requestId": "r1", "volume": 1}
    frame |= {"stopOtherAudio": True, "trackId": 2, "futureField": 1}
    here = scene.relay.http_url
    spoken = f"/api/tts?text={here.replace('/', '%2F')}"
    urls = [here + spoken, here.replace("http:", "https:") + spoken, "https://example.com" + spoken, f"{here}/song.mp3"]

    for url in urls:
        child.say({**frame, "audioUrl": url})
    await settle()

    (cloud,) = scene.clouds
    assert [heard for heard in cloud.heard if heard["type"] == "audio_play_request"] == [
        {**frame, "audioUrl": "http://cloud:1" + spoken},
        {**frame, "audioUrl": "http://cloud:1" + spoken},
        {**frame, "audioUrl": "https://example.com" + spoken},
        {**frame, "audioUrl": f"{here}/song.mp3"},
    ]


async def test_frames_pass_unchanged_in_both_directions(scene: Scene) -> None:
    child = await scene.live()
    strange = {"type": "from_the_future", "nested": {"a": [1, None, "ü"]}}

    child.say(strange)
    scene.clouds[0].say(strange)
    scene.clouds[0].connection.send_binary(b"\0\1")
    child.connection.send_binary(b"\2\3")
    await settle()

    assert scene.clouds[0].heard == [INIT, SUBSCRIBE, strange, b"\2\3"]
    assert child.heard == [ACK, strange, b"\0\1"]


async def test_a_refusal_reaches_the_child_with_its_close_code(scene: Scene) -> None:
    scene.relay.admit(REQUEST)
    child = await scene.child()
    refusal = {"type": "tpa_connection_error", "code": "INVALID_API_KEY", "message": "Invalid API key"}

    scene.clouds[0].say(refusal)
    scene.clouds[0].connection.close(1008, "Invalid API key")
    await settle()

    assert child.heard == [refusal]
    assert child.closed == Closed(1008, "Invalid API key")


async def test_a_cloud_that_cannot_be_reached_closes_the_child(scene: Scene) -> None:
    relay = Relay(scene.journal, lambda _: (scene.network, "ws://nowhere:1/app-ws"), lambda _: True)
    await relay.open(scene.network, _no_http)
    relay.admit(REQUEST)
    child = Party()
    child.connection = await scene.network.connect(relay.socket_url, child, timeout=1)
    child.say(INIT)
    await settle()

    assert child.closed is not None
    assert child.closed.code == 1011
    await relay.close()


async def test_a_cloud_that_cannot_be_reached_closes_the_child_that_waits_by_then(scene: Scene) -> None:
    connecting = asyncio.Event()

    class Slow(MemoryNetwork):
        async def connect(self, url: str, receiver: Receiver, **options: Any) -> Connection:
            connecting.set()
            await asyncio.sleep(1)
            raise ConnectionRefusedError(url)

    relay = Relay(scene.journal, lambda _: (Slow(), CLOUD), lambda _: True)
    scene.relay, first_relay = relay, scene.relay
    await relay.open(scene.network, _no_http)
    relay.admit(REQUEST)
    await scene.child()
    await connecting.wait()
    second = await scene.hand_over()

    await asyncio.sleep(2)

    assert second.closed is not None
    assert second.closed.code == 1011
    await relay.close()
    scene.relay = first_relay


async def test_the_next_child_is_acknowledged_without_the_cloud(scene: Scene) -> None:
    await scene.live()

    child = await scene.hand_over()

    assert child.heard == [ACK]
    assert scene.clouds[0].heard == [INIT, SUBSCRIBE]
    assert len(scene.clouds) == 1


async def test_the_next_child_is_acknowledged_with_what_changed_meanwhile(scene: Scene) -> None:
    await scene.live()
    settings = [{"key": "lines", "value": 3}]
    scene.clouds[0].say({"type": "settings_update", "settings": settings})
    await settle()

    child = await scene.hand_over()

    assert child.heard == [{**ACK, "settings": settings}]


async def test_what_changed_before_the_cloud_came_back_is_not_told_again(scene: Scene) -> None:
    await scene.live()
    scene.clouds[0].say({"type": "settings_update", "settings": [{"key": "lines", "value": 2}]})
    await settle()
    scene.clouds[0].connection.abort()
    await settle()
    await scene.child()
    newest = {**ACK, "settings": [{"key": "lines", "value": 3}]}
    scene.clouds[1].say(newest)
    await settle()

    child = await scene.hand_over()

    assert child.heard == [newest]


async def test_events_wait_for_the_next_child_to_subscribe(scene: Scene) -> None:
    await scene.live()
    [session] = scene.relay.sessions()
    scene.relay.hand_over(session)
    scene.clouds[0].say(event(1))
    await settle()
    child = await scene.child()
    scene.clouds[0].say(event(2))
    await settle()
    heard_before = list(child.heard)

    child.say(SUBSCRIBE)
    scene.clouds[0].say(event(3))
    await settle()

    assert heard_before == [ACK]
    assert child.heard == [ACK, event(1), event(2), event(3)]


async def test_an_empty_list_of_subscriptions_does_not_count_as_subscribing(scene: Scene) -> None:
    await scene.live()
    child = await scene.hand_over()

    child.say({**SUBSCRIBE, "subscriptions": []})
    scene.clouds[0].say(event(1))
    await settle()

    assert child.heard == [ACK]


async def test_events_are_delivered_after_a_while_to_a_child_that_never_subscribes(scene: Scene) -> None:
    await scene.live()
    child = await scene.hand_over()
    scene.clouds[0].say(event(1))

    await asyncio.sleep(SUBSCRIBE_WITHIN_S + 0.1)

    assert child.heard == [ACK, event(1)]


async def test_too_many_waiting_events_drop_the_oldest_and_say_so_once(scene: Scene) -> None:
    await scene.live()
    [session] = scene.relay.sessions()
    scene.relay.hand_over(session)

    for number in range(MAX_WAITING + 2):
        scene.clouds[0].say(event(number))
    await settle()
    child = await scene.child()
    child.say(SUBSCRIBE)
    await settle()

    assert child.heard[1:] == [event(number) for number in range(2, MAX_WAITING + 2)]
    assert sum("oldest are dropped" in repr(entry) for entry in scene.journal) == 1


async def test_a_child_that_was_replaced_is_not_heard(scene: Scene) -> None:
    old = await scene.live()
    await scene.hand_over()

    old.say({"type": "display_event", "packageName": "com.example.app", "view": "main", "layout": {}})
    old.connection.close(1000)
    await settle()

    assert scene.clouds[0].heard == [INIT, SUBSCRIBE]
    assert scene.clouds[0].closed is None


async def test_a_child_that_closes_closes_the_cloud_too(scene: Scene) -> None:
    child = await scene.live()

    child.connection.close(1000)
    await settle()

    assert scene.clouds[0].closed is not None
    assert scene.relay.sessions() == []


async def test_a_child_that_dies_leaves_the_cloud_connected(scene: Scene) -> None:
    child = await scene.live()

    child.connection.abort()
    scene.clouds[0].say(event(1))
    await settle()
    following = await scene.child()
    following.say(SUBSCRIBE)
    await settle()

    assert scene.clouds[0].closed is None
    assert following.heard == [ACK, event(1)]


async def test_a_cloud_that_stops_the_app_closes_the_child_in_the_same_way(scene: Scene) -> None:
    child = await scene.live()

    scene.clouds[0].say({"type": "app_stopped"})
    scene.clouds[0].connection.close(1000, "App stopped")
    await settle()

    assert child.heard == [ACK, {"type": "app_stopped"}]
    assert child.closed == Closed(1000, "App stopped")
    assert scene.relay.sessions() == []


@pytest.mark.parametrize("code", [1011, 1012, 4000])
async def test_a_cloud_that_closes_for_a_moment_can_be_reached_again(scene: Scene, code: int) -> None:
    child = await scene.live()

    scene.clouds[0].connection.close(code, "for a moment")
    await settle()
    again = await scene.child()
    scene.clouds[1].say(ACK)
    await settle()

    assert child.closed == Closed(code, "for a moment")
    assert again.heard == [ACK]


async def test_a_repetition_after_a_change_of_code_is_recognised_by_the_new_child(scene: Scene) -> None:
    await scene.live()
    [session] = scene.relay.sessions()

    given = scene.relay.hand_over(session)

    assert given.timestamp != REQUEST.timestamp
    assert scene.relay.admit(REQUEST) == given


async def test_a_child_may_take_over_before_the_cloud_has_answered(scene: Scene) -> None:
    scene.relay.admit(REQUEST)
    await scene.child()

    following = await scene.hand_over()
    scene.clouds[0].say(ACK)
    await settle()

    assert len(scene.clouds) == 1
    assert following.heard == [ACK]


async def test_an_acknowledgement_between_two_children_is_for_the_second(scene: Scene) -> None:
    scene.relay.admit(REQUEST)
    first = await scene.child()
    [session] = scene.relay.sessions()
    scene.relay.hand_over(session)

    scene.clouds[0].say(ACK)
    await settle()
    second = await scene.child()

    assert first.heard == []
    assert second.heard == [ACK]


async def test_the_present_child_may_finish_its_answer_until_the_next_is_there(scene: Scene) -> None:
    old = await scene.live()
    [session] = scene.relay.sessions()
    scene.relay.hand_over(session)
    answer = {"type": "display_event", "packageName": "com.example.app", "view": "main", "layout": {}}

    old.say(answer)
    await settle()

    assert scene.clouds[0].heard == [INIT, SUBSCRIBE, answer]


async def test_a_program_without_the_key_gets_no_session(scene: Scene) -> None:
    child = await scene.live()

    thief = await scene.child({**INIT, "apiKey": "wrong"})

    assert thief.closed == Closed(1008, "mentra dev refuses the connection: INVALID_API_KEY")
    assert child.closed is None


async def test_a_web_page_gets_no_answer(scene: Scene) -> None:
    with pytest.raises(ConnectionRefusedError):
        await scene.network.connect(
            scene.relay.socket_url, Party(), headers={"Origin": "https://evil.example"}, timeout=1
        )


async def test_a_broken_cloud_connection_breaks_the_childs_and_can_come_back(scene: Scene) -> None:
    child = await scene.live()

    scene.clouds[0].connection.abort()
    await settle()
    again = await scene.child()
    scene.clouds[1].say(ACK)
    await settle()

    assert child.closed == Closed(1006)
    assert scene.clouds[1].heard == [INIT]
    assert again.heard == [ACK]


async def test_a_repeated_webhook_leaves_the_connection_alone(scene: Scene) -> None:
    child = await scene.live()

    scene.relay.admit(REQUEST)
    await settle()

    assert child.closed is None
    assert scene.clouds[0].closed is None


async def test_another_webhook_for_the_same_session_begins_anew(scene: Scene) -> None:
    child = await scene.live()

    scene.relay.admit(SessionRequest(session_id=SESSION, user_id=USER, timestamp="2", augmentos_websocket_url=CLOUD))
    await settle()

    assert child.closed is not None
    assert scene.clouds[0].closed is not None


async def test_other_paths_get_no_answer(scene: Scene) -> None:
    with pytest.raises(ConnectionRefusedError):
        await scene.network.connect(f"{scene.relay.socket_url}/else", Party(), timeout=1)


async def test_the_key_passes_to_the_cloud_and_not_to_the_journal(scene: Scene) -> None:
    await scene.live()

    assert scene.clouds[0].heard[0]["apiKey"] == "s3cr3t"
    assert "s3cr3t" not in repr(list(scene.journal))


DISPLAY = {
    "type": "display_event",
    "packageName": "com.example.app",
    "view": "main",
    "layout": {"layoutType": "text_wall", "text": "a"},
}
OTHER_STREAMS = {**SUBSCRIBE, "subscriptions": ["head_position"]}


async def test_a_session_goes_back_to_the_child_before_which_noticed_nothing(scene: Scene) -> None:
    before = await scene.live()
    [session] = scene.relay.sessions()
    after = await scene.hand_over()
    after.say(OTHER_STREAMS)
    await settle()

    after.connection.abort()
    await settle()
    scene.clouds[0].say(event(1))
    taken = session.take_back()
    await settle()
    before.say(DISPLAY)
    await settle()

    assert taken
    assert before.heard == [ACK, event(1)]
    assert before.closed is None
    assert scene.clouds[0].heard == [INIT, SUBSCRIBE, OTHER_STREAMS, SUBSCRIBE, DISPLAY]
    assert scene.clouds[0].closed is None


async def test_what_the_child_before_wanted_to_show_meanwhile_is_shown_when_it_is_back(scene: Scene) -> None:
    before = await scene.live()
    [session] = scene.relay.sessions()
    after = await scene.hand_over()
    before.say(DISPLAY)
    await settle()
    unheard = list(scene.clouds[0].heard)

    after.connection.abort()
    await settle()
    session.take_back()
    await settle()

    assert unheard == [INIT, SUBSCRIBE]
    assert scene.clouds[0].heard == [INIT, SUBSCRIBE, DISPLAY, SUBSCRIBE]


async def test_a_session_cannot_go_back_to_a_child_that_is_gone(scene: Scene) -> None:
    before = await scene.live()
    [session] = scene.relay.sessions()
    after = await scene.hand_over()
    before.connection.abort()
    await settle()

    after.connection.abort()
    await settle()

    assert not session.take_back()
    assert session.live


async def test_the_end_of_a_session_closes_the_child_before_as_well(scene: Scene) -> None:
    before = await scene.live()
    after = await scene.hand_over()

    scene.clouds[0].connection.close(1000, "App stopped")
    await settle()

    assert before.closed == after.closed == Closed(1000, "App stopped")


async def test_each_view_is_shown_again_and_what_only_looks_like_a_layout_is_not(scene: Scene) -> None:
    before = await scene.live()
    dashboard = {**DISPLAY, "view": "dashboard"}
    decoy = {"type": "from_the_future", "text": "display_event"}
    for frame in (DISPLAY, dashboard, decoy):
        before.say(frame)
    [session] = scene.relay.sessions()
    after = await scene.hand_over()
    after.connection.abort()
    await settle()

    session.take_back()
    await settle()

    assert scene.clouds[0].heard == [INIT, SUBSCRIBE, DISPLAY, dashboard, decoy, DISPLAY, dashboard, SUBSCRIBE]


async def test_a_session_that_no_child_took_stays_with_the_one_it_had(scene: Scene) -> None:
    before = await scene.live()
    [session] = scene.relay.sessions()
    scene.relay.hand_over(session)
    scene.clouds[0].say(event(1))
    await settle()
    waiting = list(before.heard)

    taken = session.take_back()
    await settle()

    assert taken
    assert waiting == [ACK]
    assert before.heard == [ACK, event(1)]


async def test_a_session_goes_back_past_a_child_that_is_gone(scene: Scene) -> None:
    good = await scene.live()
    bad = await scene.hand_over()
    worse = await scene.hand_over()
    [session] = scene.relay.sessions()
    for child in (bad, worse):
        child.connection.abort()
        await settle()

    session.take_back()
    scene.clouds[0].say(event(1))
    await settle()

    assert good.heard == [ACK, event(1)]
    assert bad.heard == [ACK]


async def test_a_key_that_may_not_leave_is_not_sent_when_a_connection_is_opened_again(scene: Scene) -> None:
    await scene.live()
    scene.relay._find_cloud = _refuse
    scene.clouds[0].connection.abort()
    await settle()

    child = await scene.child()

    assert child.closed == Closed(1008, "mentra dev refuses the connection: INVALID_API_KEY")
    assert len(scene.clouds) == 1


def _refuse(_: SessionRequest) -> tuple[MemoryNetwork, str]:
    raise UntrustedCloud("a local key")


async def test_after_a_refused_request_the_child_can_come_back_to_the_cloud(scene: Scene) -> None:
    child = await scene.live()
    refusal = {"type": "tpa_connection_error", "code": "PERMISSION_DENIED", "message": "Camera permission required"}
    scene.clouds[0].say(refusal)
    scene.clouds[0].connection.close(1008, "Camera permission required")
    await settle()
    again = await scene.child()
    scene.clouds[1].say(ACK)
    await settle()

    assert child.heard[-1] == refusal
    assert child.closed == Closed(1008, "Camera permission required")
    assert (again.heard, again.closed) == ([ACK], None)


async def test_a_cloud_that_refuses_the_app_itself_ends_the_session(scene: Scene) -> None:
    await scene.live()
    scene.clouds[0].say({"type": "tpa_connection_error", "code": "APP_DEPRECATED", "message": "App deprecated"})
    scene.clouds[0].connection.close(1008, "App deprecated")
    await settle()

    assert scene.relay.sessions() == []
    assert (await scene.child()).heard[-1]["code"] == "SESSION_NOT_FOUND"


# What the cloud tells once.


async def test_new_code_is_told_how_the_glasses_are_and_how_the_dashboard_is(scene: Scene) -> None:
    child = await scene.live()
    (cloud,) = scene.clouds
    for state in ({"batteryLevel": 80, "wifiConnected": True}, {"batteryLevel": 79, "futureField": 1}):
        cloud.say({"type": "device_state_update", "state": state, "fullSnapshot": False})
    mode = {"type": "dashboard_mode_changed", "mode": "expanded"}
    cloud.say(mode)
    await settle()

    newer = await scene.hand_over()

    snapshot = {
        "type": "device_state_update",
        "state": {"batteryLevel": 79, "wifiConnected": True, "futureField": 1},
        "fullSnapshot": True,
    }
    assert newer.heard == [ACK, snapshot, mode]
    assert len(child.heard) == 4


async def test_code_that_gets_its_session_back_is_told_as_well(scene: Scene) -> None:
    child = await scene.live()
    [session] = scene.relay.sessions()
    await scene.hand_over()
    scene.clouds[0].say({"type": "device_state_update", "state": {"batteryLevel": 5}})
    await settle()

    session.take_back()
    await settle()

    snapshot = {"type": "device_state_update", "state": {"batteryLevel": 5}, "fullSnapshot": True}
    assert snapshot in child.heard


async def test_code_that_listens_to_nothing_takes_back_what_the_code_before_listened_to(scene: Scene) -> None:
    await scene.live()
    await scene.hand_over()

    await asyncio.sleep(SUBSCRIBE_WITHIN_S + 0.1)

    last = scene.clouds[0].heard[-1]
    assert (last["type"], last["packageName"], last["subscriptions"]) == (
        "subscription_update",
        INIT["packageName"],
        [],
    )


async def test_code_that_subscribed_is_not_spoken_for(scene: Scene) -> None:
    await scene.live()
    child = await scene.hand_over()
    child.say(SUBSCRIBE)
    await settle()

    await asyncio.sleep(SUBSCRIBE_WITHIN_S + 0.1)

    assert scene.clouds[0].heard[-1] == SUBSCRIBE
