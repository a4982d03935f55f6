"""What a wearer does through the control interface, and what it is answered with."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mentra import AppServer, AppSession, Bitmap, Settings, Transcription, setting, tool
from mentra.localcloud import DEFAULT_USER
from mentra.protocol.streams import STREAMS, AudioChunk, LedResponse
from mentra.session.events import Events
from mentra_cli.dev.journal import Note, Speech
from mentra_cli.dev.local_users import registration
from mentra_cli.dev.wearer import REACT_WITHIN_S
from tests.dev.stage import API_KEY, PACKAGE_NAME, Stage
from tests.dev.test_control import ask, told

BOB = "bob@example.com"
TRANSLATION = "translation:en-US-to-es-ES"
NOTHING_ELSE = {
    "dashboard": "",
    "dashboard_mode": "main",
    "bitmap": None,
    "light": None,
    "sound": None,
    "video": None,
    "screenshot": None,
}


class Listener(AppServer):
    """Listens to everything, and shows it."""

    def __init__(self) -> None:
        super().__init__(package_name=PACKAGE_NAME, api_key=API_KEY)
        self.heard: list[Any] = []
        self.bytes_heard = 0

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        session.layouts.show_text_wall(f"hello {user_id}")

        def take(event: Any) -> None:
            self.heard.append(event)
            session.layouts.show_text_wall(f"event {len(self.heard)}")

        def hear(chunk: AudioChunk) -> None:
            self.bytes_heard += len(chunk.data)
            session.layouts.show_text_wall(f"{self.bytes_heard} bytes")

        for stream in [*(STREAMS.keys() - {"translation"}), TRANSLATION, "custom_message"]:
            session.events.on(stream, take)
        session.events.on(AudioChunk.stream, hear)
        session.settings.on_change("lines", lambda new, _: session.layouts.show_text_wall(f"lines {new}"))
        session.events.on("transcription:fr-FR", lambda speech: session.layouts.show_text_wall(speech.text))

    @tool
    async def forecast(self, city: str) -> str:
        """Tell the weather."""
        if city == "Nowhere":
            raise ValueError(city)
        return f"Sunny in {city}"


class Quiet(AppServer):
    """Listens to nothing."""

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        session.layouts.show_text_wall("quiet")


@pytest.fixture
def app() -> Listener:
    return Listener()


@pytest.fixture
async def stage(tmp_path: Path, app: Listener) -> AsyncIterator[Stage]:
    stage = Stage(tmp_path)
    await stage.open(lambda: app)
    await stage.until(lambda: stage.display == "hello you@example.com")
    yield stage
    await stage.supervisor.close()


@pytest.fixture
async def quiet(tmp_path: Path) -> AsyncIterator[Stage]:
    stage = Stage(tmp_path)
    await stage.open(lambda: Quiet(package_name=PACKAGE_NAME, api_key=API_KEY))
    await stage.until(lambda: stage.display == "quiet")
    yield stage
    await stage.supervisor.close()


EVENTS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "button_press": ("/press", {"long": True}, {"button_id": "main", "press_type": "long"}),
    "head_position": ("/look", {"direction": "up"}, {"position": "up"}),
    "touch_event": ("/touch", {"gesture": "wiggle"}, {"gesture_name": "wiggle"}),
    "glasses_battery_update": ("/battery", {"level": 15}, {"level": 15, "charging": False}),
    "phone_battery_update": ("/battery", {"level": 1.5, "phone": True, "charging": True}, {"charging": True}),
    "location_update": ("/move", {"lat": -33.9, "lng": 151.2, "accuracy_m": 5}, {"lat": -33.9, "accuracy_m": 5}),
    "phone_notification": ("/notify", {"title": "Ann", "content": "Hi"}, {"app": "Messages", "content": "Hi"}),
    "phone_notification_dismissed": ("/dismiss", {"id": "7"}, {"notification_id": "7"}),
    "photo_taken": (
        "/photo",
        {"photo": "eAo=", "mime_type": "image/png"},
        {"photo_data": "eAo=", "mime_type": "image/png"},
    ),
    "transcription": ("/say", {"text": "hello", "interim": True}, {"text": "hello", "is_final": False}),
    "translation": (
        "/send",
        {"stream": TRANSLATION, "data": {"text": "hola", "isFinal": True}},
        {"text": "hola", "is_final": True},
    ),
    "VAD": ("/send", {"stream": "VAD", "data": {"status": True}}, {"status": True}),
    "glasses_connection_state": (
        "/send",
        {"stream": "glasses_connection_state", "data": {"status": "CONNECTED", "wifi": {"connected": True}}},
        {"status": "CONNECTED"},
    ),
    "vps_coordinates": (
        "/send",
        {"stream": "vps_coordinates", "data": dict.fromkeys(["x", "y", "z", "qx", "qy", "qz", "qw", "confidence"], 1)},
        {"x": 1},
    ),
    "calendar_event": (
        "/calendar",
        {"title": "Lunch", "start": "2026-01-01T12:00:00Z", "end": "2026-01-01T14:00:00+01:00"},
        {"title": "Lunch", "dt_start": "2026-01-01T12:00:00.000Z", "dt_end": "2026-01-01T13:00:00.000Z"},
    ),
}
"""For each stream an action, its body, and fields of the event that the app gets."""


def test_every_stream_has_an_action() -> None:
    # What the light answers to an app is nothing that a wearer does.
    assert EVENTS.keys() == STREAMS.keys() - {LedResponse.stream}


@pytest.mark.parametrize("stream", EVENTS)
async def test_an_action_is_an_event_that_the_app_hears(stage: Stage, app: Listener, stream: str) -> None:
    path, body, fields = EVENTS[stream]

    shown = await told(stage, "POST", path, body)

    assert (shown["display"], shown["heard"]) == ("event 1", True)
    [event] = app.heard
    assert isinstance(event, STREAMS[stream])
    assert {name: getattr(event, name) for name in fields} == fields


async def test_a_stream_without_a_struct_of_its_own_can_be_sent(stage: Stage, app: Listener) -> None:
    await told(stage, "POST", "/send", {"stream": "custom_message", "data": {"action": "go"}})

    assert [(event.action, event.payload) for event in app.heard] == [("go", None)]


async def test_a_gesture_that_the_stream_names_need_not_be_said_again(stage: Stage, app: Listener) -> None:
    await told(stage, "POST", "/send", {"stream": "touch_event:double_tap", "data": {}})

    assert [event.gesture_name for event in app.heard] == ["double_tap"]


async def test_all_of_a_sound_is_heard_in_frames_of_100_ms(stage: Stage, app: Listener) -> None:
    sound = base64.b64encode(bytes(8000)).decode()

    shown = await told(stage, "POST", "/sound", {"pcm": sound})

    assert shown["display"] == "8000 bytes"
    frames = [entry for entry in stage.journal if getattr(entry, "binary_bytes", 0)]
    assert [frame.binary_bytes for frame in frames] == [3200, 3200, 1600]


async def test_in_real_time_a_sound_takes_as_long_as_it_is(stage: Stage) -> None:
    sound = base64.b64encode(bytes(64_000)).decode()
    began = asyncio.get_running_loop().time()

    shown = await told(stage, "POST", "/sound", {"pcm": sound, "real_time": True})

    assert shown["display"] == "64000 bytes"
    assert asyncio.get_running_loop().time() - began >= 2


async def test_speech_word_by_word_is_heard_as_it_grows(stage: Stage, app: Listener) -> None:
    await told(stage, "POST", "/say", {"text": "good morning", "word_by_word": True})

    assert [(event.text, event.is_final) for event in app.heard] == [
        ("good", False),
        ("good morning", False),
        ("good morning", True),
    ]


async def test_glasses_are_taken_off_and_put_on_again(stage: Stage, app: Listener) -> None:
    off = await told(stage, "POST", "/wear", {"off": True})
    unseen = await told(stage, "POST", "/press", {})
    on = await told(stage, "POST", "/wear", {"ssid": "home"})

    assert [shown["display"] for shown in (off, unseen, on)] == ["hello you@example.com"] * 2 + ["event 3"]
    gone, _, there = app.heard
    assert (gone.status, there.status, there.model_name) == ("DISCONNECTED", "CONNECTED", "Even Realities G1")
    assert there.wifi.ssid == "home"


async def test_glasses_are_not_put_on_and_taken_off_at_once(stage: Stage) -> None:
    answer = await ask(stage, "POST", "/wear", b'{"off": true, "model": "Mentra Live"}')

    assert (answer.status, json.loads(answer.body)["error"]) == (
        400,
        "Glasses are put on or taken off: leave out off, or the rest.",
    )


async def test_speech_is_written_down_for_its_user(stage: Stage) -> None:
    shown = await told(stage, "POST", "/say", {"text": "bonjour", "language": "fr-FR"})

    assert shown["display"] == "bonjour"
    assert stage.entries(Speech) == [
        Speech(user_id="you@example.com", text="bonjour", time=stage.entries(Speech)[0].time)
    ]


@pytest.mark.parametrize(
    ("body", "text"),
    [({"translation": "buenos días"}, "buenos días"), ({}, "good morning"), ({"interim": True}, "good morning")],
    ids=str,
)
async def test_what_is_said_is_translated_too(stage: Stage, app: Listener, body: dict[str, Any], text: str) -> None:
    await told(stage, "POST", "/say", {"text": "good morning", "to": "es-ES", **body})

    said, translated = app.heard
    is_final = not body.get("interim", False)
    assert (said.text, said.is_final) == ("good morning", is_final)
    assert (translated.text, translated.original_text, translated.is_final) == (text, "good morning", is_final)


@pytest.mark.parametrize(
    ("path", "body", "stream", "registration"),
    [
        ("/press", {}, "button_press", "session.events.on_button_press(handler)"),
        ("/touch", {"gesture": "long_press"}, "touch_event:long_press", 'on_touch_event(handler, "long_press")'),
        ("/send", {"stream": "touch_event", "data": {"gesture_name": "x"}}, "touch_event", "on_touch_event(handler)"),
        ("/send", {"stream": "start_app", "data": {}}, "start_app", 'session.events.on("start_app", handler)'),
        (
            "/send",
            {"stream": "battery", "data": {}},
            "no stream 'battery'",
            "Did you mean 'phone_battery_update'?",
        ),
        ("/send", {"stream": "foo", "data": {}}, "no stream 'foo'", "There are "),
        ("/say", {"text": "x"}, "transcription:en-US", "session.events.on_transcription(handler)"),
        (
            "/say",
            {"text": "x", "language": "fr-FR"},
            "transcription:fr-FR",
            'on_transcription(handler, language="fr-FR")',
        ),
        (
            "/say",
            {"text": "x", "to": "es-ES"},
            "translation:en-US-to-es-ES",
            'session.events.on_translation(handler, target="es-ES")',
        ),
        ("/sound", {"pcm": "AAAA"}, "audio_chunk", "session.events.on_audio_chunk(handler)"),
    ],
)
async def test_what_nobody_listens_to_is_told_with_the_call_that_helps(
    quiet: Stage, path: str, body: dict[str, Any], stream: str, registration: str
) -> None:
    shown = await told(quiet, "POST", path, body)

    assert shown["display"] == "quiet"
    assert shown["heard"] is False
    assert stream in shown["problem"]
    assert registration in shown["fix"]
    [note] = quiet.entries(Note)
    assert isinstance(note, Note)
    assert note.text == shown["problem"]


@pytest.mark.parametrize("stream", STREAMS)
def test_the_call_that_is_proposed_is_a_method_of_events(stream: str) -> None:
    method = registration(TRANSLATION if stream == "translation" else stream).removeprefix("session.events.")

    assert hasattr(Events, method.partition("(")[0])
    assert stream == LedResponse.stream or not method.startswith("on(")


async def test_a_move_is_kept_for_an_app_that_asks_where_it_is(tmp_path: Path) -> None:
    class Asking(AppServer):
        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            @session.events.on_button_press
            async def tell(_: object) -> None:
                place = await session.location.get_latest()
                session.layouts.show_text_wall(f"{place.lat} {place.lng}")

            session.layouts.show_text_wall("ready")

    stage = Stage(tmp_path)
    await stage.open(lambda: Asking(package_name=PACKAGE_NAME, api_key=API_KEY))
    await stage.until(lambda: stage.display == "ready")

    moved = await told(stage, "POST", "/move", {"lat": 48.2, "lng": 16.4})
    pressed = await told(stage, "POST", "/press", {})
    problems = [entry for entry in stage.entries(Note) if isinstance(entry, Note) and entry.is_problem]
    await stage.supervisor.close()

    assert moved == {
        "version": 1,
        "display": "ready",
        "heard": False,
        "warning": (
            "The app does not listen to location_update; it gets the place when it asks for it: "
            "session.location.get_latest()."
        ),
    }
    assert pressed["display"] == "48.2 16.4"
    assert problems == []


@pytest.mark.parametrize(
    ("path", "body", "stream", "permission"),
    [
        ("/say", {"text": "hello"}, "transcription:en-US", "MICROPHONE"),
        ("/move", {"lat": 48, "lng": 16}, "location_update", "LOCATION"),
    ],
)
async def test_what_the_app_has_no_permission_to_hear_is_told_with_the_permission(
    tmp_path: Path, path: str, body: dict[str, Any], stream: str, permission: str
) -> None:
    class Unpermitted(AppServer):
        permissions = ()

        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            session.events.on_transcription(lambda speech: session.layouts.show_text_wall(speech.text))
            session.events.on_location(lambda place: session.layouts.show_text_wall(str(place.lat)))
            session.layouts.show_text_wall("ready")

    stage = Stage(tmp_path)
    await stage.open(lambda: Unpermitted(package_name=PACKAGE_NAME, api_key=API_KEY))
    await stage.until(lambda: stage.display == "ready")

    shown = await told(stage, "POST", path, body)
    await stage.supervisor.close()

    assert shown == {
        "version": 1,
        "display": "ready",
        "heard": False,
        "problem": f"Nobody heard it: the app has subscribed to {stream}, and lacks the permission {permission}.",
        "fix": (
            f"Declare it in the app, permissions = (Permission.{permission},), or grant it here: "
            f"mentra permissions --grant {permission}, then mentra restart"
        ),
    }


async def test_looking_up_at_the_dashboard_needs_no_handler(tmp_path: Path) -> None:
    class Dashing(AppServer):
        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            session.dashboard.write("3 new")
            session.layouts.show_text_wall("main")

    stage = Stage(tmp_path)
    await stage.open(lambda: Dashing(package_name=PACKAGE_NAME, api_key=API_KEY))
    await stage.until(lambda: stage.display == "main")

    up = await told(stage, "POST", "/look", {"direction": "up"})
    down = await told(stage, "POST", "/look", {"direction": "down"})
    notes = [entry for entry in stage.entries(Note) if isinstance(entry, Note) and entry.is_problem]
    await stage.supervisor.close()

    assert up == {"version": 1, "display": "main", "heard": False, "dashboard": "3 new"}
    assert down["heard"] is False
    assert [note.text for note in notes] == [down["problem"]]


class Seeing(AppServer):
    """Shows which glasses it finds when it starts."""

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        assert session.capabilities is not None
        session.layouts.show_text_wall(f"began with {session.capabilities.model_name}")


@pytest.fixture
async def seeing(tmp_path: Path) -> AsyncIterator[Stage]:
    stage = Stage(tmp_path, glasses="Vuzix Z100")
    await stage.open(lambda: Seeing(package_name=PACKAGE_NAME, api_key=API_KEY))
    await stage.until(lambda: stage.display == "began with Vuzix Z100")
    yield stage
    await stage.supervisor.close()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/wear", {"model": "Mentra Live"}),
        ("/start", {"glasses": "Mentra Live"}),
    ],
)
async def test_a_new_user_puts_glasses_on_before_the_app_starts(seeing: Stage, path: str, body: dict[str, Any]) -> None:
    shown = await told(seeing, "POST", path, {**body, "user": BOB})

    assert shown == {"version": 1, "display": "began with Mentra Live", "heard": True}


async def test_a_faithful_cloud_shows_that_the_app_starts(tmp_path: Path) -> None:
    stage = Stage(tmp_path, faithful=True)
    await stage.open(lambda: Quiet(package_name=PACKAGE_NAME, api_key=API_KEY))

    await stage.until(lambda: stage.display.startswith("// MentraOS - Starting App"))
    await stage.until(lambda: stage.display == "quiet")
    await stage.supervisor.close()


async def test_glasses_stay_with_who_leaves_and_comes_back(seeing: Stage) -> None:
    await told(seeing, "POST", "/start", {"user": BOB})
    await told(seeing, "POST", "/wear", {"user": BOB, "model": "Mentra Live"})
    await told(seeing, "POST", "/leave", {"user": BOB})

    shown = await told(seeing, "POST", "/start", {"user": BOB})

    assert shown == {"version": 1, "display": "began with Mentra Live", "heard": True}


async def test_who_is_there_changes_glasses_and_the_app_goes_on(seeing: Stage) -> None:
    assert seeing.supervisor.user is not None
    for path, body in (
        ("/wear", {"model": "Mentra Live"}),
        ("/start", {"glasses": "Even Realities G2"}),
    ):
        shown = await told(seeing, "POST", path, body)

        assert shown["display"] == "began with Vuzix Z100"
        assert seeing.supervisor.user.glasses.model in body.values()


async def test_what_these_glasses_cannot_do_is_mentioned(stage: Stage, app: Listener) -> None:
    pressed = await told(stage, "POST", "/press", {})
    await told(stage, "POST", "/wear", {"model": "Mentra Live"})
    pressed_on_others = await told(stage, "POST", "/press", {})

    assert pressed["warning"] == (
        "The Even Realities G1 have no button: on real ones this cannot happen. "
        "Put on others: mentra wear 'Mentra Live'"
    )
    assert "warning" not in pressed_on_others
    assert [event.stream for event in app.heard] == ["button_press", "glasses_connection_state", "button_press"]


async def test_an_event_waits_for_an_app_that_is_just_being_started(tmp_path: Path) -> None:
    class Slow(AppServer):
        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            await asyncio.sleep(1)
            session.events.on_transcription(lambda speech: session.layouts.show_text_wall(speech.text))

    stage = Stage(tmp_path)
    await stage.open(lambda: Slow(package_name=PACKAGE_NAME, api_key=API_KEY))

    shown = await told(stage, "POST", "/say", {"text": "early"})
    await stage.supervisor.close()

    assert shown == {"version": 1, "display": "early", "heard": True}


async def test_the_answer_has_what_the_app_shows_last_of_what_it_shows_at_once(tmp_path: Path) -> None:
    class Thinking(AppServer):
        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            @session.events.on_transcription
            async def answer(speech: Transcription) -> None:
                session.layouts.show_text_wall("thinking")
                await asyncio.sleep(0.02)
                session.layouts.show_text_wall("answer")

    stage = Stage(tmp_path)
    await stage.open(lambda: Thinking(package_name=PACKAGE_NAME, api_key=API_KEY))

    shown = await told(stage, "POST", "/say", {"text": "x"})
    await stage.supervisor.close()

    assert shown["display"] == "answer"


async def test_an_app_that_shows_something_all_the_time_does_not_keep_the_answer_waiting(tmp_path: Path) -> None:
    class Restless(AppServer):
        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            session.events.on_transcription(lambda _: None)
            for number in range(100_000):
                session.layouts.show_text_wall(f"{number}")
                await asyncio.sleep(0.01)

    stage = Stage(tmp_path)
    await stage.open(lambda: Restless(package_name=PACKAGE_NAME, api_key=API_KEY))
    await stage.until(lambda: stage.display == "10")
    began = asyncio.get_running_loop().time()

    await told(stage, "POST", "/say", {"text": "x"})
    took_s = asyncio.get_running_loop().time() - began
    await stage.supervisor.close()

    assert took_s == pytest.approx(REACT_WITHIN_S, abs=0.02)


async def test_a_tool_is_called_and_answers(stage: Stage) -> None:
    answer = await told(stage, "POST", "/tool", {"name": "forecast", "parameters": {"city": "Vienna"}})

    assert answer == {
        "version": 1,
        "answer": {"status": "success", "reply": "Sunny in Vienna"},
        "failed": False,
        "display": "hello you@example.com",
    }


async def test_a_tool_that_fails_is_told_so(stage: Stage) -> None:
    answer = await told(stage, "POST", "/tool", {"name": "forecast", "parameters": {"city": "Nowhere"}})

    assert answer["failed"] is True


async def test_a_tool_that_the_app_does_not_have_is_not_called(stage: Stage) -> None:
    answer = await ask(stage, "POST", "/tool", b'{"name": "nosuch"}')

    assert (answer.status, json.loads(answer.body)["error"]) == (
        404,
        "The app has no tool 'nosuch' and no on_tool_call. Its tools: forecast.",
    )


async def test_any_tool_is_called_of_an_app_with_on_tool_call(tmp_path: Path) -> None:
    class Open(AppServer):
        async def on_tool_call(self, tool_name: str, args: dict[str, Any], user_id: str) -> Any:
            return None

    stage = Stage(tmp_path)
    await stage.open(lambda: Open(package_name=PACKAGE_NAME, api_key=API_KEY))
    answer = await told(stage, "POST", "/tool", {"name": "any"})
    await stage.supervisor.close()

    assert (answer["answer"], answer["failed"]) == ({"status": "success", "reply": None}, False)


async def test_settings_without_a_value_are_told_and_impossible_values_refused(tmp_path: Path) -> None:
    class Chosen(Settings):
        lines: int = setting(3, min=1, max=5)
        city: str | None = None

    class Set(AppServer):
        settings = Chosen

    stage = Stage(tmp_path)
    await stage.open(lambda: Set(package_name=PACKAGE_NAME, api_key=API_KEY))
    now = await told(stage, "GET", "/settings")
    answers = [
        await ask(stage, "POST", "/settings", json.dumps({"values": values}).encode())
        for values in ({"lines": 99}, {"liens": 3})
    ]
    await stage.supervisor.close()

    assert now["values"] == {"lines": 3, "city": None}
    assert [(answer.status, json.loads(answer.body)["error"]) for answer in answers] == [
        (400, "The setting 'lines' takes a number from 1 to 5, not 99."),
        (400, "There is no setting 'liens'. There are: lines, city."),
    ]


async def test_settings_are_changed_and_told(stage: Stage) -> None:
    before = await told(stage, "GET", "/settings")
    shown = await told(stage, "POST", "/settings", {"values": {"lines": 3, "a.b": None}})
    after = await told(stage, "GET", "/settings")
    of_bob = await told(stage, "GET", f"/settings?user={BOB}")

    assert shown == {"version": 1, "display": "lines 3", "heard": True}
    assert [each["values"] for each in (before, after, of_bob)] == [{}, {"lines": 3, "a.b": None}, {}]


async def test_settings_of_mentraos_are_changed_and_told(stage: Stage) -> None:
    changed = {"values": {"metricSystemEnabled": True, "userTimezone": "Europe/Vienna"}, "mentraos": True}
    before = await told(stage, "GET", "/settings?mentraos=true")
    await told(stage, "POST", "/settings", changed)
    after = await told(stage, "GET", "/settings?mentraos=true")

    assert before["values"]["metricSystemEnabled"] is False
    assert after["values"] == {**before["values"], **changed["values"]}


async def test_other_glasses_are_put_on(stage: Stage) -> None:
    await told(stage, "POST", "/wear", {"model": "Mentra Live"})

    assert stage.supervisor.user is not None
    assert stage.supervisor.user.glasses.model == "Mentra Live"


async def test_a_dropped_connection_comes_back(stage: Stage) -> None:
    await told(stage, "POST", "/drop", {})
    await asyncio.sleep(5)

    assert (await told(stage, "POST", "/press", {}))["heard"] is True


async def test_without_code_there_is_nothing_to_drop_or_to_call(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    await stage.supervisor.open()

    answers = [await ask(stage, "POST", path, body) for path, body in [("/drop", b"{}"), ("/tool", b'{"name":"x"}')]]
    start = await ask(stage, "POST", "/start", b"{}")
    await stage.supervisor.close()

    assert [answer.status for answer in [*answers, start]] == [409, 409, 409]


# Several users.


async def test_a_new_user_gets_glasses_and_the_app_with_the_first_action(stage: Stage, app: Listener) -> None:
    shown = await told(stage, "POST", "/press", {"user": BOB})

    assert shown["display"] == "event 1"
    assert stage.display == "hello you@example.com"
    assert {session.user_id for session in app.sessions.values()} == {"you@example.com", BOB}


async def test_each_user_has_a_screen_of_their_own(stage: Stage) -> None:
    await told(stage, "POST", "/start", {"user": BOB})

    screens = [await told(stage, "GET", f"/screen?user={user}") for user in ("you@example.com", BOB)]

    assert [screen["display"] for screen in screens] == ["hello you@example.com", f"hello {BOB}"]


async def test_other_code_serves_all_users(stage: Stage) -> None:
    await told(stage, "POST", "/start", {"user": BOB})
    newer = Listener()

    await stage.save(lambda: newer)
    await told(stage, "POST", "/press", {"user": BOB})
    await told(stage, "POST", "/press", {})

    assert len(newer.heard) == 2


async def test_another_package_is_started_for_all_users(stage: Stage) -> None:
    await told(stage, "POST", "/start", {"user": BOB})

    class Other(AppServer):
        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            session.layouts.show_text_wall(f"other {user_id}")

    await stage.save(lambda: Other(package_name="com.example.other", api_key=API_KEY))
    screens = [
        await told(stage, "GET", f"/screen?user={user}&text=other&wait_s=5") for user in ("you@example.com", BOB)
    ]

    assert [screen["display"] for screen in screens] == ["other you@example.com", f"other {BOB}"]


async def test_who_leaves_is_gone_and_begins_anew_with_the_next_action(stage: Stage, app: Listener) -> None:
    await told(stage, "POST", "/start", {"user": BOB})

    await told(stage, "POST", "/leave", {"user": BOB})
    await stage.until(lambda: len(app.sessions) == 1)
    again = await ask(stage, "POST", "/leave", b'{"user":"bob@example.com"}')
    shown = await told(stage, "POST", "/press", {"user": BOB})

    assert again.status == 404
    assert shown["heard"] is True


async def test_the_first_user_can_leave_too(stage: Stage) -> None:
    await told(stage, "POST", "/leave", {})
    await told(stage, "POST", "/start", {})

    assert stage.display == "hello you@example.com"


# The screen.


async def test_the_screen_is_told_at_once(stage: Stage) -> None:
    shown = await told(stage, "GET", "/screen")

    assert shown == {"version": 1, "display": "hello you@example.com", **NOTHING_ELSE, "found": True}


async def test_the_screen_tells_what_is_perceived_besides_text(tmp_path: Path) -> None:
    class Showing(AppServer):
        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            async def show(_: object) -> None:
                await session.layouts.show_bitmap(Bitmap.from_rows(["##", "##"]))
                session.dashboard.write("3 new")
                session.led.on("green", duration=60)
                await session.audio.play("https://example.com/a.mp3?token=s3cr3t")

            session.events.on_head_position(show)

    stage = Stage(tmp_path)
    await stage.open(lambda: Showing(package_name=PACKAGE_NAME, api_key=API_KEY))
    assert stage.supervisor.user is not None
    glasses = stage.supervisor.user.glasses
    await told(stage, "POST", "/look", {"direction": "up"})
    screen = await told(stage, "GET", "/screen")
    [user] = (await told(stage, "GET", "/status"))["users"]
    await told(stage, "POST", "/wear", {"model": "Mentra Live"})
    light = (await told(stage, "GET", "/screen"))["light"]
    picture = glasses.bitmap
    await stage.supervisor.close()

    assert picture is not None
    bitmap = screen.pop("bitmap")
    assert Bitmap.from_bytes(base64.b64decode(bitmap.pop("bmp"))) == picture
    assert bitmap == {"width": picture.width, "height": picture.height}
    sound = "https://example.com/a.mp3"
    assert screen == {
        "version": 1,
        "display": "[bitmap]",
        "dashboard": "3 new",
        "dashboard_mode": "main",
        "light": None,  # These glasses have none.
        "sound": sound,
        "video": None,
        "screenshot": None,
        "found": True,
    }
    assert light == "green"
    assert user == {
        "user": "you@example.com",
        "display": "[bitmap]",
        "light": None,
        "sound": sound,
        "video": None,
        "running": True,
        "apps": [PACKAGE_NAME],
        "failed": [],
        "glasses": "Even Realities G1",
        "worn": True,
        "online": True,
        "latency_s": 0.0,
        "jitter_s": 0.0,
        "loss": 0.0,
    }


async def test_a_picture_of_the_screen_is_told_when_it_is_asked_for(stage: Stage) -> None:
    shown = await told(stage, "GET", "/screen?screenshot=true")

    picture = shown["screenshot"]
    assert stage.supervisor.user is not None
    assert base64.b64decode(picture.pop("png")) == stage.supervisor.user.glasses.screenshot()
    assert picture == {"width": 640, "height": 200}


async def test_a_picture_is_of_the_moment_at_which_the_text_was_shown(stage: Stage) -> None:
    asked = "/screen?text=you@example.com&wait_s=400&screenshot=true"
    now = (await told(stage, "GET", asked))["screenshot"]
    waiting = asyncio.create_task(told(stage, "GET", "/screen?text=event%201&wait_s=400&screenshot=true"))
    await asyncio.sleep(1)
    await told(stage, "POST", "/press", {})
    later = (await waiting)["screenshot"]
    await told(stage, "POST", "/press", {})

    assert stage.supervisor.user is not None
    pictures = [base64.b64decode(each["png"]) for each in (now, later)]
    assert len({*pictures, stage.supervisor.user.glasses.screenshot()}) == 3


async def test_of_what_nobody_can_see_the_screen_says_why(stage: Stage) -> None:
    seen = await told(stage, "GET", "/screen")
    await told(stage, "POST", "/wear", {"off": True})
    taken_off = await told(stage, "GET", "/screen")
    await told(stage, "POST", "/wear", {"model": "Mentra Live"})
    without_display = await told(stage, "GET", "/screen")

    assert "warning" not in seen
    assert taken_off["warning"] == "Nobody sees it: the glasses are taken off. Put them on: mentra wear"
    assert without_display["warning"] == (
        "Nobody sees it: the Mentra Live have no display. Put on others: mentra wear 'Even Realities G1'"
    )


async def test_glasses_without_a_display_have_no_picture(stage: Stage) -> None:
    await told(stage, "POST", "/wear", {"model": "Mentra Live"})

    reply = await ask(stage, "GET", "/screen?screenshot=true&text=never&wait_s=400", b"")

    assert (reply.status, json.loads(reply.body)) == (
        409,
        {
            "version": 1,
            "error": "The Mentra Live have no display.",
            "fix": "Put on others: mentra wear 'Even Realities G1'",
        },
    )


async def test_a_video_is_told_without_the_key_of_its_server(tmp_path: Path) -> None:
    class Streaming(AppServer):
        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            streams: list[Any] = []

            @session.events.on_button_press
            async def stream(_: object) -> None:
                streams.append(await session.camera.start_stream("rtmp://ann:pw@live.example.com/app/s3cr3t"))

            @session.events.on_voice_activity
            async def stream_managed(_: object) -> None:
                await streams.pop().stop()
                await session.camera.start_managed_stream(restream=["rtmp://other.example.com/app/s3cr3t"])

    stage = Stage(tmp_path, glasses="Mentra Live")
    await stage.open(lambda: Streaming(package_name=PACKAGE_NAME, api_key=API_KEY))
    assert stage.supervisor.user is not None
    glasses = stage.supervisor.user.glasses
    before = (await told(stage, "GET", "/screen"))["video"]
    await told(stage, "POST", "/press", {})
    screen = (await told(stage, "GET", "/screen"))["video"]
    [user] = (await told(stage, "GET", "/status"))["users"]
    shown = str(stage.supervisor.user.perceived(DEFAULT_USER).video)
    await told(stage, "POST", "/send", {"stream": "VAD", "data": {"status": True}})
    managed = (await told(stage, "GET", "/screen"))["video"]
    managed_shown = str(stage.supervisor.user.perceived(DEFAULT_USER).video)
    assert glasses.video.current is not None
    watch_url = glasses.video.current.url
    await stage.supervisor.close()

    assert before is None
    assert screen == {"kind": "rtmp", "to": "rtmp://live.example.com", "also_to": [], "status": "active"}
    assert user["video"] == screen
    assert shown == "active, rtmp, to rtmp://live.example.com"
    assert managed == {
        "kind": "managed",
        "to": watch_url,
        "also_to": ["rtmp://other.example.com"],
        "status": "active",
    }
    assert managed_shown == f"active, managed, at {watch_url}, also to rtmp://other.example.com"


async def test_a_text_is_waited_for_even_for_minutes_and_even_if_it_is_replaced_at_once(stage: Stage) -> None:
    waiting = asyncio.create_task(told(stage, "GET", "/screen?text=event%201&wait_s=400"))
    await asyncio.sleep(300)
    assert stage.supervisor.user is not None
    await asyncio.gather(*(stage.supervisor.user.glasses.press() for _ in range(3)))

    shown = await waiting

    assert shown == {"version": 1, "display": "event 1", **NOTHING_ELSE, "found": True}


async def test_a_text_that_does_not_come_is_told_with_what_is_shown(stage: Stage) -> None:
    shown = await told(stage, "GET", "/screen?text=never&wait_s=3")

    assert shown == {"version": 1, "display": "hello you@example.com", **NOTHING_ELSE, "found": False}


async def test_who_waits_is_answered_when_it_ends(tmp_path: Path, app: Listener) -> None:
    stage = Stage(tmp_path)
    await stage.open(lambda: app)
    waiting = asyncio.create_task(told(stage, "GET", "/screen?text=never&wait_s=400"))
    await asyncio.sleep(1)

    async with asyncio.timeout(10):
        await stage.supervisor.close()
        shown = await waiting

    assert shown["found"] is False
