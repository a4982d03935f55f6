"""Nothing that a cloud says may hurt an app: messages with fields of odd types, without fields, under odd names."""

import asyncio
import contextlib
import enum
import logging
import random
from collections.abc import Awaitable, Callable, Iterator
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import msgspec
import pytest

from mentra import AppSession, AudioChunk, ButtonPress, CustomMessage, MentraError, Settings
from mentra.protocol.cloud_to_app import (
    AppStopped,
    CapabilitiesUpdate,
    CloudMessage,
    ConnectionRefusal,
    DataStream,
    ManagedStreamStatus,
    StreamStatus,
)
from mentra.protocol.streams import STREAMS, PhoneNotification, TouchEvent, Transcription
from mentra.session.device import FIELDS
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import Diary, serving
from tests.helpers.scripted_cloud import CloudSocket, ScriptedCloud, turns

SEED = 4
FRAMES = 2000
"""How many of the thousands of odd frames are sent, by chance."""

ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    10**400,
    1.5e308,
    "",
    "x",
    "2026-01-31T12:00:00Z",
    "\ud800",
    [],
    [None, {}, [], "x", {"key": "lines", "value": [1]}],
    {},
    {"key": None, "type": 5, "wifi": [], "": ""},
)
ENDS = (AppStopped, ConnectionRefusal)
"""These end the connection, as they should."""
ID = "1"
"""Stands for the id of a request that waits."""


class Mode(enum.Enum):
    A = "a"
    B = "b"


class OddSettings(Settings):
    lines: int = 3
    width: float = 1.0
    name: str = "x"
    big: bool = False
    mode: Mode = Mode.A
    modes: list[Literal["a", "b"]] = ["a"]  # noqa: RUF012 - a setting, of which each session gets its own.


class OddApp(Diary):
    settings = OddSettings


def example(kind: Any) -> Any:
    """Return JSON that can be read as this type."""
    origin, parts = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return {field.encode_name: example(field.type) for field in msgspec.structs.fields(kind)}
    if origin is list:
        return [example(parts[0])]
    if origin is dict or kind in (Any, msgspec.Raw):
        return {}
    if parts:
        return example(next(part for part in parts if part not in (NoneType, msgspec.UnsetType)))
    return kind(ID)


def variants(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield an object as it is, without each of its fields, and with each odd value in each of its places."""
    yield document
    for name, value in document.items():
        yield {other: document[other] for other in document if other != name}
        for odd in ODD:
            yield {**document, name: odd}
        inner = value[0] if isinstance(value, list) else value
        if isinstance(inner, dict):
            for variant in variants(inner):
                yield {**document, name: [variant] if isinstance(value, list) else variant}


def odd_frames() -> list[dict[str, Any]]:
    frames: list[dict[str, Any]] = []
    for kind in get_args(CloudMessage):
        if kind not in ENDS:
            frames += variants({"type": kind.__struct_config__.tag, **example(kind)})
    streams = {**STREAMS, CustomMessage.stream: CustomMessage, AudioChunk.stream: ButtonPress, "new": ButtonPress}
    for name, kind in streams.items():
        for data in variants(example(kind)):
            frames.append({"type": DataStream.__struct_config__.tag, "streamType": name, "data": data})
    return random.Random(SEED).sample(frames, FRAMES)


class Everything:
    """Listens to everything in every way, asks for everything, and notes what is not what it should be."""

    def __init__(self) -> None:
        self.count = 0
        self.strangers: list[tuple[Any, object]] = []

    async def script(self, session: AppSession) -> None:
        events, camera = session.events, session.camera
        for kind in (*STREAMS.values(), AudioChunk, CustomMessage):
            self._listen(session, kind)
        events.on("*", self._expecting(object))
        events.on_transcription(self._expecting(Transcription))
        events.on_button_press(self._expecting(ButtonPress), press="long")
        events.on_custom_message(self._expecting(CustomMessage), action="x")
        events.on_phone_notification(self._expecting(PhoneNotification), app="x")
        events.on_touch_event(self._expecting(TouchEvent), "double_tap", "long_press")
        events.on_capabilities_update(self._expecting(CapabilitiesUpdate))
        camera.on_stream_status(self._expecting(StreamStatus))
        camera.on_managed_stream_status(self._expecting(ManagedStreamStatus))
        session.location.on_update(self._expecting(STREAMS["location_update"]))
        session.dashboard.on_mode_change(self._expecting(str))
        session.settings.on_change(lambda changes: self._note(int, session.settings["lines"]))
        for name in FIELDS:
            session.device.on_change(name, self._expecting((str, int, float, NoneType)))
        for ask in (
            camera.existing_stream,
            camera.request_photo,
            camera.start_managed_stream,
            session.location.get_latest,
            lambda: session.audio.play("https://example.com/sound.mp3"),
        ):
            session.start_soon(self._ask_on(ask))

    def _listen(self, session: AppSession, kind: Any) -> None:
        async def handler(event: object) -> None:
            self._note(kind, event)

        async def loop() -> None:
            async for event in session.events.stream(kind.stream):
                self._note(kind, event)

        session.events.on(kind.stream, self._expecting(kind))
        session.events.on(kind.stream, handler)
        session.start_soon(loop())

    def _expecting(self, kind: Any) -> Callable[[object], None]:
        return lambda event: self._note(kind, event)

    def _note(self, kind: Any, event: object) -> None:
        self.count += 1
        if not isinstance(event, kind):
            self.strangers.append((kind, event))

    async def _ask_on(self, ask: Callable[[], Awaitable[object]]) -> None:
        while True:
            with contextlib.suppress(MentraError):
                await ask()
            await asyncio.sleep(0.01)


def send(socket: CloudSocket, frame: dict[str, Any]) -> None:
    """Send a frame; what answers a request answers the last one of its kind."""
    if frame.get("requestId") == ID and isinstance(frame.get("type"), str):
        for asked in socket.of_type(frame["type"].replace("_response", "_request"))[-1:]:
            frame = {**frame, "requestId": asked["requestId"]}
    socket.send(frame)


async def test_no_frame_of_the_cloud_can_hurt_an_app_w_dev_10(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, caplog: pytest.LogCaptureFixture
):
    everything = Everything()
    async with serving(OddApp(everything.script), memory) as app:
        await memory_cloud.start(app)
        await turns()
        for frame in odd_frames():
            send(memory_cloud.sockets[0], frame)
            await turns(1)
        await turns()

        assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
        assert everything.strangers == []
        assert everything.count > FRAMES / 2
        assert (len(memory_cloud.sockets), app.session.connected) == (1, True)
