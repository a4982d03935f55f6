"""What is logged: enough to work with, and nothing that belongs to a user or is a secret."""

import asyncio
import logging
from typing import Any

import pytest

from mentra import AppServer, AppSession, NotConnected, tool
from mentra.testing import simulate
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import Diary, serving
from tests.helpers.scripted_cloud import API_KEY, ScriptedCloud, turns

SAID, SHOWN, STORED, NOTIFIED, CALLED = "my pin is 4711", "secret diary", "stored word", "bank balance", "tool word"


class Confidant(AppServer):
    """Uses what people say in every way."""

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        session.events.on_transcription(lambda speech: session.layouts.show_text_wall(f"{SHOWN}: {speech.text}"))
        session.events.on_phone_notification(lambda notification: None)
        await session.storage.set("key", STORED)
        await session.storage.flush()

    @tool
    async def remember(self, what: str) -> str:
        """Remember something."""
        return what


async def use(app: AppServer) -> None:
    async with simulate(app) as glasses:
        await glasses.say(SAID)
        await glasses.send(
            "phone_notification", {"notificationId": "1", "app": "Bank", "title": NOTIFIED, "content": NOTIFIED}
        )
        await glasses.call_tool("remember", {"what": CALLED})
        glasses.glasses.drop_connection(app.config.package_name)


async def test_neither_secrets_nor_what_people_say_are_logged_at_info(caplog: pytest.LogCaptureFixture):
    """Defect 28 of the official SDK 2.1.29: its level is fixed at debug, and it prints tokens, keys and transcripts."""
    caplog.set_level(logging.INFO)

    await use(Confidant(package_name="com.example.app", api_key=API_KEY))

    for word in (API_KEY, SAID, SHOWN, STORED, NOTIFIED, CALLED):
        assert word not in caplog.text


async def test_the_key_is_not_logged_even_at_debug(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)

    await use(Confidant(package_name="com.example.app", api_key=API_KEY))

    assert API_KEY not in caplog.text


@pytest.mark.parametrize("error", [NotConnected("no"), ValueError("no")])
async def test_what_went_wrong_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture, error: Exception):
    class Clumsy(AppServer):
        async def on_session(self, session: Any, session_id: str, user_id: str) -> None:
            raise error

    async with simulate(Clumsy(package_name="com.example.app", api_key=API_KEY), raise_errors=False):
        pass

    assert type(error).__name__ in caplog.text
    assert "Traceback" in caplog.text


async def test_a_call_that_the_end_of_the_session_interrupts_is_no_error(caplog: pytest.LogCaptureFixture):
    errors: list[Exception] = []

    class Asking(AppServer):
        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            session.events.on_error(errors.append)
            session.events.on_button_press(lambda press: session.location.get_latest(timeout=None))
            session.every(1, lambda: session.location.get_latest(timeout=None))
            session.start_soon(session.location.get_latest(timeout=None))
            await session.location.get_latest(timeout=None)

    async with simulate(Asking(package_name="com.example.app", api_key=API_KEY), model="Mentra Live") as glasses:
        await glasses.press("main")
        await asyncio.sleep(2)

    assert [record.getMessage() for record in caplog.records if record.levelno > logging.INFO] == []
    assert errors == []


async def test_a_call_after_the_end_of_the_session_is_an_error(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, caplog: pytest.LogCaptureFixture
):
    class Late(Diary):
        async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
            await self.session.location.get_latest()

    async with serving(Late(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        await memory_cloud.stop(app)
        await app.session.wait_stopped()

    assert "Late.on_stop raised an exception" in caplog.text
