"""Apps as developers write them. Read by type checkers only; nothing here runs."""

import asyncio
import datetime
import enum
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal, assert_type

from mentra import (
    Animation,
    AppConfig,
    AppServer,
    AppSession,
    AudioChunk,
    Bitmap,
    BitmapSource,
    ButtonPress,
    CalendarEvent,
    Capabilities,
    Channel,
    CustomMessage,
    DashboardMode,
    DeviceField,
    Disconnected,
    ExistingStream,
    Feature,
    HeadPosition,
    Layout,
    LedColor,
    ManagedStream,
    ManagedStreamStatus,
    Permission,
    Photo,
    PhotoCompression,
    PhotoError,
    PhotoErrorCode,
    PhotoSize,
    RateLimited,
    Recording,
    Request,
    Response,
    RestreamDestination,
    ServerEvent,
    SettingChange,
    Settings,
    SoundOptions,
    SpeechToken,
    Stopped,
    StopReason,
    Storage,
    StorageError,
    StorageFull,
    StreamQuality,
    StreamStatus,
    Subscription,
    Timer,
    ToolCall,
    ToolError,
    ToolResponse,
    ToolSchema,
    TouchEvent,
    Transcription,
    Translation,
    VideoOptions,
    VideoStream,
    View,
    WebError,
    WifiState,
    group,
    note,
    route,
    setting,
    tool,
)
from mentra.testing import SimulatedGlasses, simulate


@dataclass
class Prefs:
    lines: int = 3


class Colour(enum.Enum):
    RED = "red"


class MySettings(Settings):
    language: Literal["en-US", "es-ES"] = "en-US"
    looks = group("Looks")
    lines: int = setting(3, min=1, max=5, label="Lines")
    colour: Colour = setting(Colour.RED, labels={Colour.RED: "Reddish"})
    days: list[Literal["mo", "tu"]] = setting(["mo"])
    wake: datetime.time | None = None
    version = note("Version", "1.2")

    @property
    def twice(self) -> int:
        return 2 * self.lines


class MyApp(AppServer):
    settings = MySettings
    permissions = (Permission.MICROPHONE, "CAMERA")
    tool_timeout = 10.0
    users_who_stopped: set[str]

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        assert_type(session.session_id, str)
        assert_type(session.capabilities, Capabilities | None)
        assert_type(session.stop_reason, str | None)
        session.logger.info("User %s connected", user_id)
        session.layouts.show_text_wall("text")
        session.layouts.show_text_wall(72, view=View.DASHBOARD, duration=2.5)
        session.layouts.show_reference_card("title", "text", view="dashboard", duration=2)
        session.layouts.show_text_wall("at once", force=True)
        session.layouts.clear()
        assert_type(session.layouts.last(), Layout | None)
        assert_type(await session.layouts.show_bitmap(Path("a.png"), padding=(0, 0), dither=True), None)
        await session.layouts.show_bitmap(Bitmap.from_rows(["#"]))
        with await session.layouts.show_animation([b"BM", "b.bmp"], interval=0.5, repeat=True) as animation:
            assert_type(animation, Animation)
        session.dashboard.write("line", modes=("main", DashboardMode.EXPANDED))
        assert_type(session.dashboard.on_mode_change(lambda mode: mode.upper()), Subscription)
        session.led.on(LedColor.RED, duration=2)
        session.led.blink("blue", on=0.5, off=0.5, count=2)
        assert_type(session.device.state.battery_level, float | int | None)
        assert_type(session.device.wifi, WifiState | None)

        @session.device.on_change("battery_level")
        def battery(level: float | None) -> None: ...

        assert_type(battery, Subscription)
        session.require("camera")
        assert_type(await session.wait_capabilities(timeout=1), Capabilities)
        assert_type(session.has_camera, bool)
        await self.listen(session)
        self.look_at_settings(session)

    async def listen(self, session: AppSession) -> None:
        def plain(speech: Transcription) -> None:
            assert_type(speech.text, str)
            assert_type(speech.is_final, bool)

        async def asynchronous(speech: Transcription) -> str:
            return speech.text

        assert_type(session.events.on_transcription(plain), Subscription)
        assert_type(session.events.on_transcription(asynchronous, language="es-ES"), Subscription)
        assert_type(session.events.on_transcription(lambda speech: speech.text.upper()), Subscription)

        @session.events.on_transcription
        def bare(speech: Transcription) -> None: ...

        assert_type(bare, Subscription)

        @session.events.on_transcription(language="de-DE")
        async def with_options(speech: Transcription) -> None: ...

        assert_type(with_options, Subscription)

        @session.events.on("audio_chunk")
        def sound(chunk: AudioChunk) -> None:
            assert_type(chunk.data, bytes)

        assert_type(sound, Subscription)

        with session.events.on(
            "button_press", lambda press: session.layouts.show_text_wall(press.button_id)
        ) as subscription:
            assert_type(subscription, Subscription)
            assert_type(subscription.active, bool)

        async for speech in session.events.transcriptions("en-US"):
            assert_type(speech, Transcription)

    async def looks(
        self, session: AppSession, size: PhotoSize, compress: PhotoCompression, feature: Feature, image: BitmapSource
    ) -> None:
        session.require(feature)
        await session.camera.request_photo(size=size, compress=compress)
        await session.layouts.show_bitmap(image)

    async def watches(self, session: AppSession, quality: StreamQuality, field: DeviceField) -> None:
        await session.camera.start_managed_stream(quality=quality)
        session.device.on_change(field, print)

    async def films(self, session: AppSession) -> None:
        camera = session.camera
        photo = await camera.request_photo(size="full", compress="medium", save_to_gallery=True, sound=False)
        assert_type(photo, Photo)
        assert_type(photo.save("photo.jpg"), Path)
        assert_type(await camera.upload_photo_to("https://example.com", auth_token="x"), str)
        async for each in camera.photos(interval=5):
            assert_type(each.size_bytes, int)
        filming, recording = VideoOptions(width=640), SoundOptions(bitrate=64_000)
        async with await camera.start_stream("rtmp://a/b", video=filming, audio=recording, duration_limit=60) as stream:
            assert_type(stream, VideoStream)
            assert_type(await stream.wait_stopped(), str)
        async with await camera.start_managed_stream(
            quality="720p", restream=["rtmp://a.example.com/x", RestreamDestination(url="rtmp://b.example.com/y")]
        ) as managed:
            assert_type(managed, ManagedStream)
            assert_type(managed.hls_url, str)
        assert_type(camera.stream, VideoStream | None)
        assert_type(camera.managed_stream, ManagedStream | None)
        assert_type(await camera.existing_stream(), ExistingStream | None)
        camera.set_fov(118, roi_position="bottom")

        @camera.on_stream_status
        async def changed(status: StreamStatus) -> None:
            assert_type(status.status, str)

        assert_type(changed, Subscription)
        camera.on_managed_stream_status(lambda status: session.logger.info(status.hls_url))
        async for status in camera.managed_stream_statuses():
            assert_type(status, ManagedStreamStatus)

    async def fails(self, session: AppSession) -> PhotoErrorCode | str:
        try:
            await session.camera.request_photo()
        except PhotoError as error:
            assert_type(error.stage, str | None)
            return PhotoErrorCode.CAMERA_BUSY if error.code == PhotoErrorCode.CAMERA_BUSY else error.code
        return ""

    async def own_work(self, session: AppSession) -> None:
        async def poll() -> int:
            return 1

        assert_type(session.start_soon(poll()), asyncio.Task[int])
        assert_type(session.start_soon(poll(), name="poll"), asyncio.Task[int])

        @session.every(30)
        async def tick() -> None: ...

        @session.every(0.5)
        def tock() -> None: ...

        assert_type(tick, Timer)
        assert_type(tock.active, bool)
        assert_type(session.every(30, poll), Timer)
        assert_type(session.call_later(5, lambda: session.layouts.clear()), Timer)
        tick.cancel()

        @session.on_stop
        async def stopped(reason: str) -> None: ...

        await stopped("mine to call")
        session.on_stop(lambda reason: session.logger.info("stopped: %s", reason))
        lock = asyncio.Lock()
        assert_type(await session.enter(lock), None)
        assert_type(await session.enter(TemporaryDirectory()), str)
        session.state.count = 0
        session.state.count += 1

    async def keep(self, session: AppSession) -> None:
        storage = session.storage
        assert_type(storage, Storage)
        assert_type(await storage.get("a"), str | None)
        assert_type(await storage.get("a", ""), str)
        assert_type(await storage.get_json("a"), Any)
        assert_type(await storage.get_json("a", as_type=Prefs), Prefs | None)
        assert_type(await storage.get_json("a", Prefs(), as_type=Prefs), Prefs)
        assert_type(await storage.get_json("a", [], as_type=list[Prefs]), list[Prefs])
        assert_type(await storage.get_json("a", as_type=list[Prefs]), list[Prefs] | None)
        await storage.set_json("a", Prefs(lines=5))
        await storage.update({"a": "1"})
        assert_type(await storage.keys(), list[str])
        assert_type(await storage.all(), dict[str, str])
        try:
            await storage.flush()
        except RateLimited as error:
            assert_type(error.retry_after_s, float | None)
        except StorageFull:
            await storage.clear()
        except StorageError as error:
            assert_type(error.code, str)
        assert_type(self.storage_for(session.user_id), Storage)

    async def on_startup(self) -> None:
        self.add_cleanup_handler(lambda: None)

    async def on_shutdown(self) -> None: ...

    async def hear_everything(self, session: AppSession) -> None:
        events = session.events

        def pressed(press: ButtonPress) -> None:
            assert_type(press.press_type, str)

        assert_type(events.on_button_press(pressed, button="photo", press="long"), Subscription)
        assert_type(events.on_touch_event(lambda touch: str(touch.gesture_name), "double_tap"), Subscription)
        assert_type(events.on_glasses_battery(lambda battery: str(battery.level + 1)), Subscription)
        assert_type(events.on_head_position(lambda head: head.position.upper()), Subscription)
        assert_type(events.on_transcription(print, hints=["es"], detect_language=False), Subscription)
        assert_type(events.on("VAD", lambda activity: str(activity.is_speaking)), Subscription)
        assert_type(events.on("brand_new", lambda event: str(event["x"])), Subscription)
        assert_type(events.on_error(lambda error: str(error.args)), Subscription)

        @events.on_touch_event("double_tap", "long_press")
        async def touched(touch: TouchEvent) -> None: ...

        assert_type(touched, Subscription)

        @events.on_translation(target="es-ES")
        def translated(translation: Translation) -> None: ...

        @events.on_calendar_event
        async def entered(entry: CalendarEvent) -> None:
            assert_type(entry.start, datetime.datetime | None)

        @events.on_disconnected
        def gone(news: Disconnected) -> None:
            assert_type(news.will_reconnect, bool)

        @events.on_custom_message(action="update_datetime")
        def told(message: CustomMessage) -> None: ...

        press = await events.wait_for(ButtonPress, where=lambda press: press.press_type == "long", timeout=10)
        assert_type(press, ButtonPress)
        assert_type(await events.wait_for(Transcription, language="es-ES"), Transcription)
        assert_type(await events.wait_for(Translation, target="es-ES"), Translation)
        assert_type(await events.wait_for(Stopped), Stopped)
        async for position in events.stream(HeadPosition):
            assert_type(position, HeadPosition)
        async for translation in events.translations(target="es-ES", source="en-US"):
            assert_type(translation.did_translate, bool | None)
        async for frame in events.audio(frame_ms=20):
            assert_type(frame.samples()[0], int)
        async for speech in events.transcriptions("auto"):
            for token in speech.tokens:
                assert_type(token, SpeechToken)
        with session.record("speech.wav") as recording:
            assert_type(recording, Recording)

    def look_at_settings(self, session: AppSession) -> None:
        lines: int = session.settings.get("lines", 3)
        session.layouts.show_text_wall(lines + 1)

        @session.settings.on_change("lines")
        async def changed(new: Any, old: Any) -> None: ...

        session.settings.on_change("lines", lambda new, old: session.logger.info("%s after %s", new, old))
        session.settings.on_change(lambda changes: session.logger.info("%d", len(changes)))

        @session.settings.on_change
        def all_changes(changes: Mapping[str, SettingChange]) -> None: ...

        all_changes.cancel()
        session.settings.system.on_change("metricSystemEnabled", lambda new, old: None).cancel()
        assert_type(session.settings.system.uses_metric_units, bool | None)
        self.look_at_declared_settings(session.settings.of(MySettings))

    def look_at_declared_settings(self, settings: MySettings) -> None:
        assert_type(settings.language, Literal["en-US", "es-ES"])
        assert_type(settings.lines, int)
        assert_type(settings.colour, Colour)
        assert_type(settings.days, list[Literal["mo", "tu"]])
        assert_type(settings.wake, datetime.time | None)
        assert_type(settings.twice, int)
        assert_type(MySettings.lines, int)
        assert_type(MySettings(lines=2, language="es-ES"), MySettings)

    async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
        if reason == StopReason.USER_DISABLED:
            self.users_who_stopped.add(user_id)

    async def on_tool_call(self, tool_name: str, args: dict[str, Any], user_id: str) -> str:
        return f"{tool_name} {args} {user_id}"

    @tool
    async def add(self, a: int, b: float = 0.5) -> str:
        """Add two numbers."""
        if a < 0:
            raise ToolError("a must not be negative.")
        return str(a + b)

    @tool(name="paint_it", phrases=["paint it"])
    def paint(
        self,
        colour: Annotated[Colour, "What to paint it"],
        call: ToolCall,
        user_id: str,
        size: Literal["small", "large"] = "small",
        note: str | None = None,
    ) -> dict[str, str]:
        """Paint it."""
        return {"colour": colour.value, "size": size, "by": user_id, "note": note or call.name}

    @tool
    async def remind(self, what: str, call: ToolCall, due: datetime.date | None = None) -> ToolResponse:
        """Remind of something."""
        assert_type(call.session, AppSession | None)
        return ToolResponse.TAKE_CONTROL

    def calls_its_own_tools(self) -> dict[str, str]:
        return self.paint(Colour.RED, ToolCall(name="x", parameters={}, user_id="u"), "u", size="large")


class MyPages(AppServer):
    """Pages beside the glasses."""

    def __init__(self) -> None:
        super().__init__(public_dir=Path("public"), cookie_secret="correct horse", frontend_tokens=True)
        self.live: Channel[Prefs] = Channel()

    @route.get("/prefs/{name}", auth=True)
    def prefs(self, request: Request) -> Prefs:
        assert_type(request.user_id, str)
        assert_type(request.session, AppSession | None)
        assert_type(request.params["name"], str)
        return request.json(Prefs)

    @route.post("/prefs", max_body_bytes=10)
    async def save(self, request: Request) -> Response:
        assert_type(await request.find_user(), str | None)
        assert_type(self.live.publish("user@example.com", Prefs()), int)
        raise WebError(409, "No.")

    @route.get("/live")
    def events(self, request: Request) -> AsyncIterator[Prefs]:
        return self.live.listen("user@example.com")

    @route.get("/ticks")
    async def ticks(self, request: Request) -> AsyncIterator[ServerEvent]:
        yield ServerEvent(data={"n": 1}, id="1")

    async def calls_its_own_routes(self, request: Request) -> None:
        assert_type(self.prefs(request), Prefs)
        assert_type(await self.save(request), Response)


async def serve() -> None:
    app = MyApp(package_name="com.example.app", api_key="key", port=0, webhook_path="/w", mentraos_websocket_url=None)
    await app.start()
    assert_type(app.url, str)
    assert_type(app.session_for("user@example.com"), AppSession | None)
    assert_type(app.tools, list[ToolSchema])
    assert_type(app.app_config(), AppConfig)
    assert_type(await app.call_tool("add", {"a": 1}, user_id="user@example.com"), str | None)
    for session_id, session in app.sessions.items():
        assert_type(session_id, str)
        assert_type(session, AppSession)
    await app.stop()
    async with MyApp() as same:
        assert_type(same, MyApp)


async def test() -> None:
    async with simulate(MyApp) as glasses:
        assert_type(glasses, SimulatedGlasses)
        await glasses.say("hello", language="es-ES", is_final=False)
        assert_type(glasses.display, str)
        assert_type(await glasses.call_tool("add", {"a": 1}), str | None)
        assert_type((await glasses.fetch("/prefs", method="POST", json={"lines": 1})).status, int)
        async with glasses.open_events("/live") as events:
            assert_type((await anext(events)).data, str)
    async with simulate(lambda: MyApp(port=0), settings={"lines": 2}, raise_errors=False) as glasses:
        assert_type(glasses.errors, Sequence[Exception])
    async with simulate(MyApp(package_name="com.example.app", api_key="key"), permissions=["MICROPHONE"]):
        pass


def main() -> None:
    MyApp(package_name="com.example.app", api_key="key").run()
