"""A handler that can never be called says so, once, with the place to fix it."""

import asyncio
import logging
import re
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from mentra import AppSession, RefusedStream, StorageError
from mentra.localcloud import InstalledApp
from mentra.transport.base import HttpReply, HttpRequest, Network
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import Diary, World, serving
from tests.helpers.scripted_cloud import API_KEY, PACKAGE_NAME, ScriptedCloud, turns
from tests.helpers.waiting import until

Register = Callable[[Any], object]


def ignore(event: object) -> None:
    """Listens without interest."""


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno == logging.WARNING]


@pytest.fixture(autouse=True)
def at_info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What is said of hardware: no warning, as an app for all glasses listens to what only some have."""
    at_info = (record.message for record in caplog.records if record.levelno == logging.INFO)
    return [message for message in at_info if "the glasses are" in message]


def listening(*registers: Register, **options: Any) -> Diary:
    async def script(session: AppSession) -> None:
        for register in registers:
            register(session.events)

    return Diary(script, **options)


@pytest.mark.parametrize(
    ("register", "call", "permission"),
    [
        (lambda e: e.on_transcription(ignore), "on_transcription", "MICROPHONE"),
        (lambda e: e.on_translation(ignore, target="es-ES"), "on_translation", "MICROPHONE"),
        (lambda e: e.on_audio_chunk(ignore), "on_audio_chunk", "MICROPHONE"),
        (lambda e: e.on_voice_activity(ignore), "on_voice_activity", "MICROPHONE"),
        (lambda e: e.on_phone_notification(ignore), "on_phone_notification", "READ_NOTIFICATIONS"),
        (lambda e: e.on_phone_notification_dismissed(ignore), "on_phone_notification_dismissed", "READ_NOTIFICATIONS"),
        (lambda e: e.on_calendar_event(ignore), "on_calendar_event", "CALENDAR"),
        (lambda e: e.on_location(ignore), "on_location", "LOCATION"),
        (lambda e: e.on_photo_taken(ignore), "on_photo_taken", "CAMERA"),
        (lambda e: e.on("VAD", ignore), 'on("VAD")', "MICROPHONE"),
    ],
)
async def test_a_permission_that_is_not_declared_is_said_once_for_all_users_w_check_2(
    world: World, caplog: pytest.LogCaptureFixture, register: Register, call: str, permission: str
):
    app = await world.serve(listening(register, register), permissions=())
    for user_id in ("user1@example.com", "user2@example.com"):
        await world.wear(app, user_id, model="Mentra Live")
    await until(lambda: said(caplog) and len(app.current) == 2)
    await turns()

    (message,) = said(caplog)
    assert message == (
        f"[user1@example.com] Nothing will come to session.events.{call}: {PACKAGE_NAME} has not declared the "
        f"permission {permission}. Add it in the developer console (https://console.mentra.glass), then start the app "
        "again."
    )


async def test_the_app_is_told_of_it_in_every_session(world: World):
    denied: list[RefusedStream] = []

    async def script(session: AppSession) -> None:
        session.events.on_permission_denied(denied.append)
        session.events.on_transcription(ignore)

    app = await world.serve(Diary(script), permissions=("CAMERA",))
    await world.wear(app, "user1@example.com")
    await until(lambda: len(denied) == 1)
    await world.wear(app, "user2@example.com")
    await until(lambda: len(denied) == 2)

    assert {(each.stream, each.required_permission) for each in denied} == {("transcription:en-US", "MICROPHONE")}


@pytest.mark.parametrize("declared", ["MICROPHONE", "ALL"])
async def test_a_declared_permission_is_not_worth_a_word(world: World, caplog: pytest.LogCaptureFixture, declared: str):
    app = await world.serve(listening(lambda e: e.on_transcription(ignore)), permissions=(declared,))
    await world.wear(app)
    await turns()

    assert said(caplog) == []


class Watched(MemoryNetwork):
    """Notes the headers with which permissions are looked up."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Any] = []

    async def request(self, method: str, url: str, **options: Any) -> HttpReply:
        if "permissions" in url:
            self.asked.append(options["headers"])
        return await super().request(method, url, **options)


async def test_permissions_are_looked_up_once_without_the_key_and_only_if_one_is_needed():
    network = Watched()
    async with World(network) as world:
        app = await world.serve(listening(lambda e: e.on_button_press(ignore)))
        await world.wear(app, model="Mentra Live")
        await turns()
        assert network.asked == []

        app.current[0].events.on_transcription(ignore)
        app.current[0].events.on_calendar_event(ignore)
        await turns()
        await world.wear(app, "user2@example.com", model="Mentra Live")
        app.current[1].events.on_transcription(ignore)
        await turns()

        assert network.asked == [{"content-type": "application/json"}]


async def test_a_look_up_that_fails_says_nothing_and_hurts_nobody(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, caplog: pytest.LogCaptureFixture
):
    app = listening(lambda e: e.on_transcription(ignore))
    async with serving(app, memory):
        await memory_cloud.start(app)  # This cloud answers each REST call with 404.
        await turns()

        assert app.session.connected
    assert said(caplog) == []


class Slow(MemoryNetwork):
    """Looks permissions up when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.go_on = asyncio.Event()

    async def request(self, method: str, url: str, **options: Any) -> HttpReply:
        if "permissions" in url:
            self.asked += 1
            await self.go_on.wait()
        return await super().request(method, url, **options)


async def test_a_session_that_ends_before_it_is_known_is_told_nothing_and_gone_at_once():
    denied: list[str] = []

    async def script(session: AppSession) -> None:
        user_id = session.user_id
        session.events.on_permission_denied(lambda refused: denied.append(user_id))
        session.events.on_transcription(ignore)

    network = Slow()
    async with World(network) as world:
        app = await world.serve(Diary(script), permissions=())
        first = await world.wear(app, "user1@example.com")
        await world.wear(app, "user2@example.com")
        await until(lambda: len(app.current) == 2 and network.asked)
        ended = weakref.ref(app.current.pop(0))
        await first.stop(app.config.package_name)
        await until(lambda: ended() is None)
        network.go_on.set()
        await until(lambda: denied)
        await turns()

        assert denied == ["user2@example.com"]
        assert network.asked == 1


async def test_a_stop_does_not_wait_for_the_look_up_and_leaves_no_task():
    network = Slow()
    async with World(network) as world:
        app = await world.serve(listening(lambda e: e.on_transcription(ignore)))
        await world.wear(app)
        await until(lambda: network.asked)
        await app.stop()

        assert [task for task in asyncio.all_tasks() if "look-up" in task.get_name()] == []


class AskedCloud(ScriptedCloud):
    """Notes what it is asked for by HTTP, and has none of it."""

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        self.asked: list[str] = []

    async def _http(self, request: HttpRequest) -> HttpReply:
        self.asked.append(request.path.split("/")[2])
        return await super()._http(request)


@pytest.mark.sockets
@pytest.mark.parametrize(
    ("hosted", "asked"), [(False, ["sdk"]), (True, ["public", "sdk"])], ids=["production", "hosted"]
)
async def test_only_a_server_in_production_puts_the_look_up_off(sockets: Network, hosted: bool, asked: list[str]):
    async with AskedCloud(sockets) as cloud:
        app = listening(lambda e: e.on_transcription(ignore), mentraos_websocket_url=cloud.websocket_url)
        async with serving(app, None, hosted=hosted):
            await cloud.start(app)
            await until(lambda: cloud.socket.subscriptions)
            with pytest.raises(StorageError):
                await app.session.storage.get("x")  # It goes the same way, behind a look-up that is made at once.

            await until(lambda: sorted(cloud.asked) == asked)


@pytest.mark.parametrize(
    ("register", "model", "message"),
    [
        (lambda e: e.on_button_press(ignore), "Even Realities G1", "on_button_press: .*G1', which have no button"),
        (lambda e: e.on_photo_taken(ignore), "Even Realities G1", "on_photo_taken: .*which have no camera"),
        (lambda e: e.on_head_position(ignore), "Vuzix Z100", "on_head_position: .*which have no motion sensors"),
        (lambda e: e.on_transcription(ignore), "Vuzix Z100", "on_transcription: .*no microphone.*phone's microphone"),
        (lambda e: e.on_audio_chunk(ignore), "Vuzix Z100", "on_audio_chunk: .*no microphone"),
    ],
)
async def test_glasses_that_cannot_do_it_are_named_once(
    world: World, caplog: pytest.LogCaptureFixture, register: Register, model: str, message: str
):
    app = await world.serve(listening(register))
    for user_id in ("user1@example.com", "user2@example.com"):
        await world.wear(app, user_id, model=model)
    await until(lambda: len(app.calls) == 2)
    await turns()

    (warning,) = told(caplog)
    assert re.search(message, warning)


async def test_other_glasses_are_looked_at_anew(world: World, caplog: pytest.LogCaptureFixture):
    app = await world.serve(listening(lambda e: e.on_button_press(ignore)))
    glasses = await world.wear(app, model="Mentra Live")
    await until(lambda: app.calls)
    await turns()
    assert told(caplog) == []

    await glasses.put_on("Vuzix Z100")
    await until(lambda: told(caplog))

    assert "'Vuzix Z100', which have no button" in told(caplog)[0]


async def test_glasses_that_nobody_knows_are_not_judged(world: World, caplog: pytest.LogCaptureFixture):
    app = await world.serve(listening(lambda e: e.on_button_press(ignore), lambda e: e.on_photo_taken(ignore)))
    await world.wear(app, model="Mentra Mach1")
    await turns()

    assert said(caplog) == told(caplog) == []


@pytest.mark.parametrize(
    ("register", "message"),
    [
        (
            lambda e: e.on_phone_battery(ignore),
            "on_phone_battery: no phone app of MentraOS of today is known to send it",
        ),
        (
            lambda e: e.on_vps_coordinates(ignore),
            "on_vps_coordinates: no phone app of MentraOS of today is known to send it",
        ),
        (lambda e: e.on("location_stream", ignore), r"use session\.location\.on_update"),
        (lambda e: e.on("translation", ignore), r"use session\.events\.on_translation"),
    ],
)
async def test_a_stream_that_nobody_sends_is_named(
    world: World, caplog: pytest.LogCaptureFixture, register: Register, message: str
):
    app = await world.serve(listening(register))
    await world.wear(app, model="Mentra Live")
    await until(lambda: said(caplog))

    assert re.search(message, said(caplog)[0])


async def test_who_is_installed_elsewhere_is_asked_of_nobody_else(memory: MemoryNetwork):
    """What is declared on one cloud says nothing of another."""
    async with World(memory) as one, World(memory) as other:
        denied: list[str] = []

        async def script(session: AppSession) -> None:
            session.events.on_permission_denied(lambda refused: denied.append(session.user_id))
            session.events.on_transcription(ignore)

        app = await one.serve(Diary(script), permissions=())
        other.cloud.install(InstalledApp(package_name=PACKAGE_NAME, api_key=API_KEY, public_url=app.url))
        await one.wear(app, "user1@example.com")
        await other.wear(app, "user2@example.com")
        await turns()

        assert denied == ["user1@example.com"]
