"""Speech, listened to in each of the ways there are."""

import asyncio
from typing import Any

import pytest

from mentra import AppSession, Transcription
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import Diary, Script, World, serving
from tests.helpers.scripted_cloud import PACKAGE_NAME, USER_ID, ScriptedCloud, turns
from tests.helpers.waiting import until


def spoken(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "transcription", "text": text, "isFinal": True, **more}


async def by_call(session: AppSession) -> None:
    async def heard(speech: Transcription) -> None:
        session.layouts.show_text_wall(speech.text)

    session.events.on_transcription(heard)


async def by_plain_function(session: AppSession) -> None:
    session.events.on_transcription(lambda speech: session.layouts.show_text_wall(speech.text))


async def by_decorator(session: AppSession) -> None:
    @session.events.on_transcription
    async def heard(speech: Transcription) -> None:
        session.layouts.show_text_wall(speech.text)


async def by_decorator_with_options(session: AppSession) -> None:
    @session.events.on_transcription(language="en-US")
    def heard(speech: Transcription) -> None:
        session.layouts.show_text_wall(speech.text)


async def by_name(session: AppSession) -> None:
    @session.events.on("transcription:en-US")
    def heard(speech: Transcription) -> None:
        session.layouts.show_text_wall(speech.text)


async def by_iterating(session: AppSession) -> None:
    async for speech in session.events.transcriptions("en-US"):
        session.layouts.show_text_wall(speech.text)


@pytest.mark.parametrize(
    "script", [by_call, by_plain_function, by_decorator, by_decorator_with_options, by_name, by_iterating]
)
async def test_speech_is_heard_in_every_form(world: World, script: Script):
    app = await world.serve(Diary(script))
    glasses = await world.wear(app)
    await until(lambda: glasses.subscriptions(PACKAGE_NAME) == ("transcription:en-US",))

    for text in ("one", "two", "three"):
        await glasses.say(text)
        await glasses.wait_for_display(text)

    assert app.calls == [f"session {USER_ID}"]


async def test_leaving_the_loop_unsubscribes(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    heard: list[str] = []

    async def until_bye(session: AppSession) -> None:
        async for speech in session.events.transcriptions():
            heard.append(speech.text)
            if speech.text == "bye":
                break
        heard.append("(left)")

    async with serving(Diary(until_bye), memory) as app:
        await memory_cloud.start(app)
        await turns()
        for text in ("hello", "bye", "too late"):
            memory_cloud.socket.send_event("transcription:en-US", spoken(text))
        await turns()

        assert heard == ["hello", "bye", "(left)"]
        assert memory_cloud.socket.subscriptions == [["transcription:en-US"], []]


async def test_the_end_of_the_session_ends_a_loop_in_the_developers_own_task(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    story: list[str] = []

    async def listen(session: AppSession) -> None:
        story.extend([speech.text async for speech in session.events.transcriptions()])
        story.append("(ended)")

    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        own = asyncio.create_task(listen(app.session))
        await turns()
        memory_cloud.socket.send_event("transcription:en-US", spoken("hello"))
        await turns()
        await memory_cloud.stop(app)
        await asyncio.wait_for(own, 5)

        assert story == ["hello", "(ended)"]


async def test_a_loop_that_begins_after_the_end_has_no_turns(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        await memory_cloud.stop(app)
        await app.session.wait_stopped()

        assert [speech async for speech in app.session.events.transcriptions()] == []


async def test_what_is_said_during_the_body_of_a_loop_waits_for_the_next_turn(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    heard: list[str] = []

    async def slowly(session: AppSession) -> None:
        async for speech in session.events.transcriptions():
            await asyncio.sleep(1)
            heard.append(speech.text)

    async with serving(Diary(slowly), memory) as app:
        await memory_cloud.start(app)
        await turns()
        for text in ("one", "two", "three"):
            memory_cloud.socket.send_event("transcription:en-US", spoken(text))
        await asyncio.sleep(3.1)

        assert heard == ["one", "two", "three"]


async def test_each_language_has_its_own_handlers_w_lang_8(world: World):
    async def script(session: AppSession) -> None:
        for language in ("en-US", "es-ES"):
            session.events.on_transcription(
                lambda speech, language=language: session.layouts.show_text_wall(f"{language}: {speech.text}"),
                language=language,
            )

    app = await world.serve(Diary(script))
    glasses = await world.wear(app)
    await until(lambda: len(glasses.subscriptions(PACKAGE_NAME)) == 2)

    await glasses.say("hola", language="es-ES")
    assert await glasses.wait_for_display("hola") == "es-ES: hola"
    await glasses.say("hello")
    assert await glasses.wait_for_display("hello") == "en-US: hello"


@pytest.mark.parametrize(
    ("stream_type", "data", "heard_by"),
    [
        ("transcription", spoken("x", type="local_transcription", transcribeLanguage="es-ES"), ["es-ES"]),
        ("transcription", spoken("x", type="local_transcription", transcribeLanguage="en-US"), ["en-US"]),
        ("transcription", spoken("x", type="local_transcription"), ["en-US"]),
        ("transcription", spoken("x", transcribeLanguage="fr-FR"), []),
        ("local_transcription", spoken("x", transcribeLanguage="es-ES"), ["es-ES"]),
        ("transcription:es-ES", spoken("x", transcribeLanguage="en-US"), ["es-ES"]),
        ("transcription:es-ES?hints=en", spoken("x"), ["es-ES"]),
        ("transcription:fr-FR", spoken("x"), []),
    ],
)
async def test_speech_finds_the_handler_of_its_language_whatever_its_name_w_dev_7(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, stream_type: str, data: dict[str, Any], heard_by: list[str]
):
    heard: list[str] = []

    async def script(session: AppSession) -> None:
        for language in ("en-US", "es-ES"):
            session.events.on_transcription(lambda _, language=language: heard.append(language), language=language)

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.socket.send_event(stream_type, data)
        memory_cloud.socket.send_event(stream_type, data)
        await turns()

        assert heard == heard_by * 2


@pytest.mark.parametrize("stream", ["transcription", "local_transcription"])
async def test_speech_can_be_subscribed_by_its_bare_name(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, stream: str
):
    heard: list[str] = []

    async def script(session: AppSession) -> None:
        session.events.on(stream, lambda speech: heard.append(speech.text))

    async with serving(Diary(script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.socket.send_event(stream, spoken("one"))
        await turns()

        assert heard == ["one"]


async def test_malformed_speech_is_skipped_w_dev_10(memory: MemoryNetwork, memory_cloud: ScriptedCloud, caplog):
    caplog.set_level("DEBUG", logger="mentra.wire")

    async with serving(Diary(by_call), memory) as app:
        await memory_cloud.start(app)
        await turns()
        for data in ({"text": "no isFinal"}, {"text": 5, "isFinal": True}, [], None, "text"):
            memory_cloud.socket.send_event("transcription:en-US", data)
        memory_cloud.socket.send_event("transcription:en-US", spoken("fine"))
        await turns()

        assert memory_cloud.socket.shown == ["fine"]
        assert len([message for message in caplog.messages if message.startswith("Skipped a malformed")]) == 5


@pytest.mark.parametrize("language", ["en", "EN-us", "en_US", "english", "", "en-US?x=1"])
async def test_a_language_that_would_deliver_nothing_is_refused_w_dev_8(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, language: str
):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()

        with pytest.raises(ValueError, match="is not a language code"):
            app.session.events.on_transcription(print, language=language)
        with pytest.raises(ValueError, match="is not a language code"):
            app.session.events.transcriptions(language)
