"""Every stream, in every form in which one can listen, and the news of the session itself."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from mentra import (
    AppSession,
    AudioChunk,
    ButtonPress,
    CalendarEvent,
    CapabilitiesUpdate,
    Connected,
    CustomMessage,
    Disconnected,
    GlassesBattery,
    GlassesConnection,
    HeadPosition,
    Location,
    PermissionProblem,
    PhoneBattery,
    PhoneNotification,
    PhoneNotificationDismissed,
    PhotoTaken,
    Reconnected,
    RefusedStream,
    RequestTimeout,
    SessionStopped,
    Stopped,
    Subscription,
    TouchEvent,
    Transcription,
    Translation,
    VoiceActivity,
    VpsCoordinates,
    WifiState,
)
from mentra.localcloud import VirtualGlasses
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import Diary, World, serving
from tests.helpers.scripted_cloud import ACK, PACKAGE_NAME, USER_ID, ScriptedCloud, turns
from tests.helpers.waiting import until

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
ONE = datetime(2026, 1, 31, 13, tzinfo=UTC)
VPS = dict.fromkeys(("x", "y", "z", "qx", "qy", "qz", "qw", "confidence"), 0)

Happen = Callable[[VirtualGlasses], Awaitable[None]]

STREAMS: list[tuple[str, type[Any], str, Happen, dict[str, Any]]] = [
    ("on_voice_activity", VoiceActivity, "VAD", lambda g: g.set_speaking(True), {"status": True}),
    ("on_button_press", ButtonPress, "button_press", lambda g: g.press("photo"), {"button_id": "photo"}),
    ("on_head_position", HeadPosition, "head_position", lambda g: g.look_up(), {"position": "up"}),
    ("on_touch_event", TouchEvent, "touch_event", lambda g: g.touch("up_swipe"), {"gesture_name": "up_swipe"}),
    ("on_phone_notification", PhoneNotification, "phone_notification", lambda g: g.notify("Hi"), {"title": "Hi"}),
    (
        "on_phone_notification_dismissed",
        PhoneNotificationDismissed,
        "phone_notification_dismissed",
        lambda g: g.dismiss("7"),
        {"notification_id": "7"},
    ),
    ("on_glasses_battery", GlassesBattery, "glasses_battery_update", lambda g: g.set_battery(77), {"level": 77}),
    ("on_phone_battery", PhoneBattery, "phone_battery_update", lambda g: g.set_phone_battery(55), {"level": 55}),
    ("on_location", Location, "location_update", lambda g: g.move(48.2, 16.4), {"lat": 48.2, "lng": 16.4}),
    (
        "on_calendar_event",
        CalendarEvent,
        "calendar_event",
        lambda g: g.add_calendar_event("Lunch", NOON, ONE),
        {"title": "Lunch", "start": NOON, "end": ONE},
    ),
    (
        "on_glasses_connection",
        GlassesConnection,
        "glasses_connection_state",
        lambda g: g.put_on(ssid="home"),
        {"status": "CONNECTED", "wifi": WifiState(connected=True, ssid="home")},
    ),
    ("on_photo_taken", PhotoTaken, "photo_taken", lambda g: g.take_photo(b"\xff\xd8"), {"data": b"\xff\xd8"}),
    ("on_vps_coordinates", VpsCoordinates, "vps_coordinates", lambda g: g.send("vps_coordinates", VPS), {"x": 0}),
    (
        "on_custom_message",
        CustomMessage,
        "custom_message",
        lambda g: g.send_custom_message("update_datetime", {"datetime": "noon"}),
        {"action": "update_datetime", "payload": {"datetime": "noon"}},
    ),
    ("on_audio_chunk", AudioChunk, "audio_chunk", lambda g: g.send_audio(b"\1\2"), {"data": b"\1\2"}),
]


def seen_in(event: Any, values: dict[str, Any]) -> dict[str, Any]:
    return {name: getattr(event, name) for name in values}


@pytest.mark.parametrize(("method", "kind", "stream", "happen", "values"), STREAMS, ids=[each[2] for each in STREAMS])
async def test_a_stream_is_heard_in_every_form(
    world: World, method: str, kind: type[Any], stream: str, happen: Happen, values: dict[str, Any]
):
    heard: list[tuple[str, Any]] = []
    note = heard.append

    async def script(session: AppSession) -> None:
        on = getattr(session.events, method)
        subscription = on(lambda event: heard.append(("call", event)))
        assert isinstance(subscription, Subscription)

        @on
        async def _(event: Any) -> None:
            heard.append(("decorator", event))

        async def loop() -> None:
            events = session.events.audio() if kind is AudioChunk else session.events.stream(kind)
            async for event in events:
                note(("loop", event))

        session.start_soon(loop())
        heard.append(("wait_for", await session.events.wait_for(kind)))

    app = await world.serve(Diary(script))
    glasses = await world.wear(app, model="Mentra Live")
    await until(lambda: glasses.subscriptions(PACKAGE_NAME) == (stream,))
    await happen(glasses)
    await until(lambda: len(heard) == 4)

    assert {form for form, _ in heard} == {"call", "decorator", "loop", "wait_for"}
    assert {type(event) for _, event in heard} == {kind}
    assert all(seen_in(event, values) == values for _, event in heard)


def register_all(session: AppSession) -> list[str]:
    """Register a handler of each stream with an option that the event does not meet, and one that it does."""
    heard: list[str] = []

    def note(name: str) -> Callable[[object], None]:
        return lambda _: heard.append(name)

    events = session.events
    events.on_button_press(note("photo"), button="photo")
    events.on_button_press(note("other button"), button="main")
    events.on_button_press(note("photo, short"), button="photo", press="short")
    events.on_button_press(press="long")(note("long"))
    events.on_head_position(note("up"), position="up")
    events.on_head_position(position="down")(note("down"))
    events.on_touch_event(note("tap"), "single_tap")
    events.on_touch_event("double_tap", "single_tap")(note("any tap"))
    events.on_touch_event("long_press")(note("press"))
    events.on_phone_notification(note("WhatsApp"), app="whatsapp")
    events.on_phone_notification(note("its package"), app="com.whatsapp")
    events.on_phone_notification(app="Mail")(note("mail"))
    events.on_custom_message(note("datetime"), action="update_datetime")
    events.on_custom_message(action="other")(note("other message"))
    return heard


async def test_a_handler_with_options_gets_what_meets_them(world: World):
    heard: list[list[str]] = []

    async def script(session: AppSession) -> None:
        heard.append(register_all(session))

    app = await world.serve(Diary(script))
    glasses = await world.wear(app, model="Mentra Live")
    await until(lambda: glasses.subscriptions(PACKAGE_NAME))
    await glasses.press("photo", "short")
    await glasses.look_up()
    await glasses.touch("single_tap")
    await glasses.notify("Hi", app="WhatsApp", package_name="com.whatsapp")
    await glasses.send_custom_message("update_datetime")
    await until(lambda: len(heard[0]) >= 8)
    await turns()

    assert heard[0] == ["photo", "photo, short", "up", "tap", "any tap", "WhatsApp", "its package", "datetime"]


@pytest.mark.parametrize(
    ("register", "message"),
    [
        (lambda events: events.on_button_press(press="double"), "no press 'double'. Known: short, long"),
        (lambda events: events.on_head_position(position="left"), "no position 'left'. Known: up, down"),
        (lambda events: events.on_touch_event("tap"), "no gesture 'tap'. Known: single_tap, double_tap"),
        (lambda events: events.on_touch_event(print, "tap"), "no gesture 'tap'"),
        (lambda events: events.on_transcription(language="english"), "'english' is not a language"),
        (lambda events: events.on_translation(target="es"), "'es' is not a language"),
        (lambda events: events.audio(frame_ms=0), "frame_ms must be 1 or more"),
        (lambda events: events.on("disconnected"), r"Use session\.events\.on_disconnected\(handler\)"),
        (lambda events: events.on("error", print), r"Use session\.events\.on_error\(handler\)"),
        (lambda events: events.on("settings_update"), r"Use session\.settings\.on_change"),
        (lambda events: events.stream("connected"), r"Use session\.events\.on_connected\(handler\)"),
    ],
)
async def test_an_option_that_could_never_be_met_is_refused(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, register: Callable[[Any], object], message: str
):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()

        with pytest.raises(ValueError, match=message):
            register(app.session.events)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda events: events.stream(Transcription), r"own iterator: session\.events\.transcriptions"),
        (lambda events: events.stream(Translation), r"session\.events\.translations"),
        (lambda events: events.stream(AudioChunk), r"session\.events\.audio\(\)"),
        (lambda events: events.stream(int), "no events of the kind int"),
        (lambda events: events.stream(5), "no events of the kind 5"),
    ],
)
async def test_a_kind_that_cannot_be_iterated_over_says_what_to_do(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, call: Callable[[Any], object], message: str
):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()

        with pytest.raises(TypeError, match=message):
            call(app.session.events)


# Speech.


async def test_two_languages_have_two_handlers_w_lang_8(world: World):
    # Defect 13 of the official SDK 2.1.29: the second language silently replaces the first.
    heard: list[str] = []

    async def script(session: AppSession) -> None:
        session.events.on_transcription(lambda speech: heard.append(f"en {speech.text}"), language="en-US")
        session.events.on_transcription(lambda speech: heard.append(f"es {speech.text}"), language="es-ES")

    app = await world.serve(Diary(script))
    glasses = await world.wear(app)
    await until(lambda: len(glasses.subscriptions(PACKAGE_NAME)) == 2)
    await glasses.say("hello")
    await glasses.say("hola", language="es-ES")
    await until(lambda: len(heard) == 2)

    assert heard == ["en hello", "es hola"]


async def test_translations_are_heard_from_one_language_and_from_all_w_lang_9(world: World):
    # Defect 14 of the official SDK 2.1.29: "all" is refused by its events.
    heard: list[tuple[str, str | None, str]] = []
    note = heard.append

    async def script(session: AppSession) -> None:
        events = session.events
        events.on_translation(lambda t: heard.append(("one", t.language, t.text)), source="en-US", target="es-ES")

        @events.on_translation(target="es-ES")
        def _(translation: Translation) -> None:
            heard.append(("all", translation.language, translation.text))

        async for translation in events.translations(target="es-ES"):
            note(("loop", translation.language, translation.text))

    app = await world.serve(Diary(script))
    glasses = await world.wear(app)
    await until(lambda: len(glasses.subscriptions(PACKAGE_NAME)) == 2)
    await glasses.translate("hola", target="es-ES", original_text="hello")
    await glasses.translate("adiós", target="es-ES", source="fr-FR")
    await until(lambda: len(heard) == 5)

    assert heard == [
        ("one", "en-US", "hola"),
        ("all", "en-US", "hola"),
        ("loop", "en-US", "hola"),
        ("all", "fr-FR", "adiós"),
        ("loop", "fr-FR", "adiós"),
    ]


async def test_interim_speech_has_tokens_w_lang_4(world: World):
    heard: list[Transcription] = []

    async def script(session: AppSession) -> None:
        session.events.on_transcription(heard.append)

    app = await world.serve(Diary(script))
    glasses = await world.wear(app)
    await until(lambda: glasses.subscriptions(PACKAGE_NAME))
    await glasses.say("good morning", is_final=False)
    await glasses.say("good morning")
    await until(lambda: len(heard) == 2)

    assert [(token.text, token.start_ms, token.end_ms) for token in heard[0].tokens] == [
        ("good", 0, 500),
        (" morning", 500, 1000),
    ]
    assert heard[1].tokens == ()


def spoken(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "transcription", "text": text, "isFinal": True, **more}


OF_2026 = {**{key: value for key, value in ACK.items() if key != "augmentosSettings"}, "mentraosSettings": {}}


@pytest.mark.parametrize(
    ("ack", "subscribed", "stream_type"),
    [
        (ACK, ["transcription:en-US"], "transcription:en-US"),
        (
            OF_2026,
            ["transcription:en-US?no-language-identification=true&hints=es"],
            "transcription:en-US?no-language-identification=true&hints=es",
        ),
    ],
    ids=["2025", "2026"],
)
async def test_options_of_speech_work_on_either_cloud_and_each_utterance_comes_once_w_dev_50(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, ack: Any, subscribed: list[str], stream_type: str
):
    heard: list[str] = []
    memory_cloud.answer = ack

    async def script(session: AppSession) -> None:
        session.events.on_transcription(lambda speech: heard.append(speech.text), hints=["es"], detect_language=False)

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.socket.send_event(stream_type, spoken("hello"))
        memory_cloud.socket.send_event("transcription", spoken("from the phone"))
        await turns()

        assert memory_cloud.socket.subscriptions == [subscribed]
        assert heard == ["hello", "from the phone"]


@pytest.mark.parametrize(
    ("ack", "subscribed", "warnings"),
    [(ACK, "transcription:en-US", 1), (OF_2026, "transcription:auto", 0)],
    ids=["2025", "2026"],
)
async def test_whatever_is_spoken_is_heard_on_either_cloud_w_dev_50(
    memory: MemoryNetwork,
    memory_cloud: ScriptedCloud,
    caplog: pytest.LogCaptureFixture,
    ack: Any,
    subscribed: str,
    warnings: int,
):
    heard: list[str] = []
    memory_cloud.answer = ack

    async def script(session: AppSession) -> None:
        session.events.on_transcription(lambda speech: heard.append(speech.text), language="auto")

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.socket.send_event(subscribed, spoken("hello"))
        memory_cloud.socket.send_event("transcription", spoken("hola", transcribeLanguage="es-ES"))
        await turns()

        assert memory_cloud.socket.subscriptions == [[subscribed]]
        assert heard == (["hello"] if warnings else ["hello", "hola"])
    assert caplog.text.count("does not recognise speech without a language") == warnings


# Sound.


async def test_sound_comes_in_frames_of_exactly_the_length_one_wants(world: World):
    frames: list[bytes] = []
    note = frames.append

    async def script(session: AppSession) -> None:
        async for frame in session.events.audio(frame_ms=20):
            note(frame.data)

    app = await world.serve(Diary(script))
    glasses = await world.wear(app)
    await until(lambda: glasses.subscriptions(PACKAGE_NAME))
    sound = bytes(range(256)) * 13
    for start, end in ((0, 56), (56, 3256), (3256, len(sound))):
        await glasses.send_audio(sound[start:end])
    await until(lambda: len(frames) == 5)

    assert frames == [sound[start : start + 640] for start in range(0, 3200, 640)]


# Waiting.


async def test_one_can_wait_for_the_event_one_wants(world: World):
    found: list[Any] = []

    async def script(session: AppSession) -> None:
        wait_for = session.events.wait_for
        found.append(await wait_for(ButtonPress, where=lambda press: press.press_type == "long", timeout=60))
        found.append(await wait_for(Transcription, language="es-ES"))
        found.append(await wait_for(Translation, target="de-DE"))
        found.append(await wait_for("head_position"))

    app = await world.serve(Diary(script))
    glasses = await world.wear(app, model="Mentra Live")
    for stream, happen in (
        ("button_press", lambda: glasses.press("a", "short")),
        ("button_press", lambda: glasses.press("b", "long")),
        ("transcription:es-ES", lambda: glasses.say("hola", language="es-ES")),
        ("translation:all-to-de-DE", lambda: glasses.translate("hallo", target="de-DE")),
        ("head_position", lambda: glasses.look_down()),
    ):
        await until(lambda stream=stream: glasses.subscriptions(PACKAGE_NAME) == (stream,))
        await happen()
    await until(lambda: len(found) == 4)

    press, speech, translation, head = found
    assert (press.button_id, speech.text, translation.text, head.position) == ("b", "hola", "hallo", "down")


async def test_waiting_in_vain_ends_in_time_and_unsubscribes(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()

        with pytest.raises(RequestTimeout, match=r"no 'button_press' that was waited for within 2\.5 s"):
            await app.session.events.wait_for(ButtonPress, timeout=2.5)
        await turns()

        assert memory_cloud.socket.subscriptions == [["button_press"], []]


async def test_waiting_ends_with_the_session(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        waiting = asyncio.create_task(app.session.events.wait_for(ButtonPress))
        await turns()
        await memory_cloud.stop(app)

        with pytest.raises(SessionStopped):
            await waiting
        with pytest.raises(SessionStopped):
            await app.session.events.wait_for(ButtonPress)


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (ButtonPress, {"language": "en-US"}, "ButtonPress has no language"),
        (Transcription, {"target": "es-ES"}, "Transcription has neither target nor source"),
        (Translation, {}, "needs the language to translate to"),
        (int, {}, "no events of the kind int"),
    ],
)
async def test_waiting_with_options_of_something_else_is_refused(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, kind: Any, options: dict[str, Any], message: str
):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()

        with pytest.raises(TypeError, match=message):
            await app.session.events.wait_for(kind, **options)


# News of the session itself.


def note_news(session: AppSession) -> list[Any]:
    news: list[Any] = []
    events = session.events
    for on in (
        events.on_connected,
        events.on_reconnected,
        events.on_disconnected,
        events.on_stopped,
        events.on_capabilities_update,
        events.on_permission_error,
        events.on_permission_denied,
    ):
        on(news.append)
    return news


async def test_a_lost_connection_is_told_and_so_is_its_return(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    news: list[list[Any]] = []

    async def script(session: AppSession) -> None:
        news.append(note_news(session))

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.socket.abort()
        await memory_cloud.live_socket(2)
        await turns()
        await memory_cloud.stop(app)
        await app.session.wait_stopped()

        assert memory_cloud.socket.subscriptions == []
    ((connected, lost, back, returned, end, stopped),) = news
    assert (connected, lost, back) == (
        Connected(is_first=True),
        Disconnected(code=1006, reason="", will_reconnect=True),
        Connected(is_first=False),
    )
    assert isinstance(returned, Reconnected)
    assert returned.after_s == pytest.approx(1.0, abs=0.1)
    assert (end, stopped) == (
        Disconnected(code=1000, reason="user_disabled", will_reconnect=False),
        Stopped(reason="user_disabled"),
    )
    assert (lost.is_clean, end.is_clean) == (False, True)


async def test_a_close_by_the_cloud_is_told_once_with_its_words(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    # The official SDK 2.1.29 may tell of one close twice, once as text and once as an object.
    news: list[list[Any]] = []

    async def script(session: AppSession) -> None:
        news.append(note_news(session))

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.socket.close(1000, "User session ended")
        await app.session.wait_stopped()

    assert news[0] == [
        Connected(is_first=True),
        Disconnected(code=1000, reason="User session ended", will_reconnect=False),
        Stopped(reason="user_session_ended"),
    ]


async def test_async_handlers_of_the_end_are_waited_for_but_not_for_ever(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, caplog: pytest.LogCaptureFixture
):
    story: list[str] = []

    async def script(session: AppSession) -> None:
        @session.events.on_disconnected
        async def _(gone: Disconnected) -> None:
            await asyncio.sleep(1)
            story.append("disconnected")

        @session.events.on_stopped
        async def _(stopped: Stopped) -> None:
            await asyncio.sleep(60)
            story.append("never")

    app = Diary(script)
    async with serving(app, memory):
        await memory_cloud.start(app)
        await turns()
        await memory_cloud.stop(app)
        await app.session.wait_stopped()

    assert (story, app.calls[-1]) == (["disconnected"], f"stop {USER_ID} user_disabled")
    assert "took longer than 2 s" in caplog.text


async def test_other_glasses_are_told(world: World):
    news: list[CapabilitiesUpdate] = []
    seen: list[object] = []

    async def script(session: AppSession) -> None:
        @session.events.on_capabilities_update
        def _(update: CapabilitiesUpdate) -> None:
            news.append(update)
            seen.append(session.capabilities)

    app = await world.serve(Diary(script))
    glasses = await world.wear(app)
    await until(lambda: app.calls)
    await glasses.put_on("Mentra Live")
    await until(lambda: news)

    assert (news[0].model_name, seen) == ("Mentra Live", [news[0].capabilities])


async def test_a_permission_error_of_the_cloud_is_told_whole_and_stream_by_stream_w_str_20(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    news: list[list[Any]] = []
    refused = {"stream": "audio_chunk", "requiredPermission": "MICROPHONE", "message": "no"}

    async def script(session: AppSession) -> None:
        news.append(note_news(session))

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.socket.send({"type": "permission_error", "message": "Refused", "details": [refused]})
        await turns()

    denied = RefusedStream(stream="audio_chunk", required_permission="MICROPHONE", message="no")
    assert news[0][1:3] == [PermissionProblem(message="Refused", details=[denied]), denied]


async def test_errors_of_handlers_and_refusals_are_told_and_unknown_messages_are_not(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    # Defect 16 of the official SDK 2.1.29: each unknown message is an error. Defect 15: what an async handler raises
    # is not caught.
    errors: list[Exception] = []

    async def script(session: AppSession) -> None:
        session.events.on_error(errors.append)

        @session.events.on_button_press
        async def _(press: ButtonPress) -> None:
            raise KeyError(press.button_id)

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.socket.send({"type": "brand_new"})
        memory_cloud.socket.send_event("button_press", {"buttonId": "a", "pressType": "short"})
        await turns()
        memory_cloud.socket.send({"type": "tpa_connection_error", "code": "PERMISSION_DENIED", "message": "Camera no"})
        await turns()

    assert [type(error).__name__ for error in errors] == ["KeyError", "PermissionDenied"]


@pytest.mark.parametrize(
    ("stream", "data"),
    [
        ("head_position", {}),
        ("head_position", {"position": 5}),
        ("button_press", {}),
        ("button_press", {"buttonId": "a"}),
        ("transcription:en-US", {}),
        ("transcription:en-US", None),
    ],
)
async def test_a_malformed_event_is_no_event_w_dev_10(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, stream: str, data: object
):
    # Defect 17 of the official SDK 2.1.29: it makes these a head that looks up, a short press and empty speech.
    heard: list[object] = []

    async def script(session: AppSession) -> None:
        session.events.on_head_position(heard.append)
        session.events.on_button_press(heard.append)
        session.events.on_transcription(heard.append)
        session.events.on_error(heard.append)

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.socket.send_event(stream, data)
        await turns()

    assert heard == []


async def test_a_slow_handler_gets_the_newest_words_and_every_final_one(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    heard: list[str] = []
    subscriptions: list[Subscription] = []

    async def script(session: AppSession) -> None:
        @session.events.on_transcription
        async def slowly(speech: Transcription) -> None:
            heard.append(speech.text)
            await asyncio.sleep(5)

        subscriptions.append(slowly)

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        for text, final in (
            ("a", False),
            ("a b", False),
            ("a b c", False),
            ("a b c d", True),
            ("e", False),
            ("f", True),
        ):
            memory_cloud.socket.send_event("transcription:en-US", {"text": text, "isFinal": final})
            await turns()
        await asyncio.sleep(30)

        assert heard == ["a", "a b c d", "f"]
        assert subscriptions[0].dropped == 3
