"""Uses every capability that both SDKs have, and shows what came of it on the glasses: ``twin.mjs`` in Python.

Same commands, same words, so that whatever differs is the SDK. Run by the tests beside it, as a process of its own.
"""

import asyncio
import base64
import json
import os
import sys
from typing import Any

from mentra import (
    AppServer,
    AppSession,
    AudioTrack,
    ButtonPress,
    PlaybackResult,
    RestreamDestination,
    SoundOptions,
    VideoOptions,
    VoiceSettings,
)

RTMP_URL = "rtmp://video.example.com/live"
SOUND_URL = "https://example.com/a.mp3"
SMALL = os.environ["BITMAP"]
FULL = os.environ["FULL_BITMAP"]
VIDEO = VideoOptions(width=1280, height=720, bitrate=2_000_000, frame_rate=30)
SOUND = SoundOptions(bitrate=64_000, sample_rate=44_100, echo_cancellation=True, noise_suppression=False)
VOICE = VoiceSettings(stability=0.5, similarity_boost=0.75, style=0.5, use_speaker_boost=True, speed=1.5)


def text(part: Any) -> str:
    return part if isinstance(part, str) else json.dumps(part, ensure_ascii=False, separators=(",", ":"))


def words(*parts: Any) -> str:
    return " ".join(map(text, parts))


def tell(what: str) -> None:
    """Say something to the test."""
    sys.stdout.write(f"peer: {what}\n")
    sys.stdout.flush()


def sizes(data: bytes) -> list[Any]:
    return [len(data), data[:2].hex()]


class TwinApp(AppServer):
    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        def show(*parts: Any) -> None:
            session.layouts.show_text_wall(words(*parts))

        if user_id.startswith("slow"):
            await asyncio.sleep(11.5)
        listen(session, show)
        actions = Actions(session, show)

        async def obey(button_id: str, press_type: str) -> None:
            command, *rest = button_id.split(" ")
            action = getattr(actions, command.replace("-", "_"), None)
            if action is None:
                show("button", button_id, press_type)
                return
            try:
                result = action(*rest)
                result = await result if asyncio.iscoroutine(result) else result
                if result:
                    show(button_id, *result)
            except Exception as error:  # noqa: BLE001 - as in JavaScript, whatever it is
                show(button_id, "failed:", str(error))

        @session.events.on_button_press
        async def _(press: ButtonPress) -> None:
            if press.button_id == "explode":
                raise RuntimeError("as told")
            # As in JavaScript, a command does not wait for the one before.
            session.start_soon(obey(press.button_id, press.press_type))

        show("ready", user_id, session_id)

    async def on_tool_call(self, tool_name: str, args: dict[str, Any], user_id: str) -> str | None:
        session = self.session_for(user_id)
        match tool_name:
            case "fail":
                raise RuntimeError("the tool broke")
            case "nothing":
                return None
            case "take_control":
                return "GIVE_APP_CONTROL_OF_TOOL_RESPONSE"
            case "show" if session:
                session.layouts.show_text_wall(args["text"])
        return words(tool_name, args, user_id, "online" if session else "offline")

    async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
        tell(f"{user_id} stopped {reason}")


def listen(session: AppSession, show: Any) -> None:
    events = session.events
    events.on_transcription(
        lambda d: show("heard", d.text, d.is_final, d.language, (d.end_ms or 0) - (d.start_ms or 0))
    )
    events.on_transcription(lambda d: show("oyó", d.text, d.is_final, d.language), language="es-ES")
    events.on_translation(
        lambda d: show(
            "translated", d.text, d.original_text, d.language, d.target_language, d.did_translate, d.is_final
        ),
        source="en-US",
        target="fr-FR",
    )
    events.on_head_position(lambda d: show("head", d.position))
    events.on_touch_event(lambda d: show("touch", d.gesture_name, d.device_model))
    events.on_touch_event(lambda d: show("only touch", d.gesture_name, d.device_model), "double_tap")
    events.on_phone_notification(
        lambda d: show("notification", d.notification_id, d.app, d.title, d.content, d.priority)
    )
    events.on_phone_notification_dismissed(
        lambda d: show("dismissed", d.notification_id, d.notification_key, d.package_name)
    )
    events.on_glasses_battery(lambda d: show("glasses battery", d.level, d.charging, d.time_remaining_min))
    events.on_phone_battery(lambda d: show("phone battery", d.level, d.charging, d.time_remaining_min))
    events.on_voice_activity(lambda d: show("speaking", d.is_speaking))
    events.on_location(lambda d: show("location", d.lat, d.lng, d.accuracy_m))
    events.on_calendar_event(lambda d: show("calendar", d.event_id, d.title, d.dt_start, d.dt_end, d.timezone))
    events.on_audio_chunk(lambda d: show("audio", *sizes(d.data)))
    events.on_vps_coordinates(lambda d: show("vps", d.x, d.y, d.z, d.qx, d.qy, d.qz, d.qw, d.confidence))
    events.on_photo_taken(lambda d: show("photo taken", d.mime_type, *sizes(base64.b64decode(d.photo_data))))
    events.on_glasses_connection(
        lambda d: show("glasses", d.model_name, d.status, d.wifi and d.wifi.connected, d.wifi and d.wifi.ssid)
    )
    events.on_custom_message(lambda d: show("custom message", d.action, d.payload))
    events.on("custom_sensor", lambda d: show("custom sensor", d["value"]))
    events.on_capabilities_update(
        lambda d: show(
            "wears",
            d.model_name,
            d.capabilities and d.capabilities.has_camera,
            d.capabilities and d.capabilities.has_display,
        )
    )
    events.on_connected(lambda d: None if d.is_first else tell(f"{session.user_id} connected"))
    events.on_disconnected(lambda d: tell(f"{session.user_id} disconnected {d.code}"))
    session.dashboard.on_mode_change(lambda mode: show("dashboard mode", mode))
    session.settings.on_change("volume", lambda now, before: show("volume", before, "->", now))
    session.settings.on_change(lambda changes: show("settings", *sorted(changes)))
    session.settings.system.on_change("metricSystemEnabled", lambda now, before: show("metric", before, "->", now))
    session.camera.on_stream_status(lambda d: show("stream", d.status, d.error_details, d.stats and d.stats.fps))
    session.camera.on_managed_stream_status(lambda d: None)
    session.device.on_change("battery_level", lambda value: show("battery", value))
    session.device.on_change("charging", lambda value: show("charging", value))
    session.device.on_change("wifi_ssid", lambda value: show("ssid", value))
    session.device.on_change("case_open", lambda value: show("case open", value))


class Actions:
    def __init__(self, session: AppSession, show: Any) -> None:
        self._session = session
        self._show = show
        self._undo: dict[str, Any] = {}

    def wall(self) -> None:
        self._session.layouts.show_text_wall("plain")

    def wall_timed(self) -> None:
        self._session.layouts.show_text_wall("short-lived", duration=1.5)

    def wall_dashboard(self) -> None:
        self._session.layouts.show_text_wall("up there", view="dashboard")

    def wall_empty(self) -> None:
        self._session.layouts.show_text_wall("")

    def wall_unicode(self) -> None:
        self._session.layouts.show_text_wall('two\nlines, "quotes", ñ 日本 🎉')

    def wall_long(self) -> None:
        self._session.layouts.show_text_wall("long " * 1000)

    def double(self) -> None:
        self._session.layouts.show_double_text_wall("top", "bottom")

    def double_timed(self) -> None:
        self._session.layouts.show_double_text_wall("top", "bottom", view="dashboard", duration=2)

    def card(self) -> None:
        self._session.layouts.show_reference_card("title", "text")

    def card_timed(self) -> None:
        self._session.layouts.show_reference_card("title", "text", view="main", duration=3)

    def dashboard_card(self) -> None:
        self._session.layouts.show_dashboard_card("left", "right")

    def dashboard_card_main(self) -> None:
        self._session.layouts.show_dashboard_card("left", "right", view="main", duration=0.5)

    def clear(self) -> None:
        self._session.layouts.clear()

    def clear_dashboard(self) -> None:
        self._session.layouts.clear(view="dashboard")

    async def bitmap(self) -> None:
        await self._session.layouts.show_bitmap(SMALL)

    async def bitmap_full(self) -> None:
        await self._session.layouts.show_bitmap(FULL)

    async def bitmap_dashboard(self) -> None:
        await self._session.layouts.show_bitmap(SMALL, view="dashboard")

    async def animate(self) -> None:
        self._undo["animation"] = await self._session.layouts.show_animation([FULL, FULL])

    async def animate_repeat(self) -> None:
        self._undo["animation"] = await self._session.layouts.show_animation([FULL], interval=0.5, repeat=True)

    def animate_stop(self) -> None:
        self._undo["animation"].stop()

    def write_default(self) -> None:
        self._session.dashboard.write("line")

    def write_both(self) -> None:
        self._session.dashboard.write("both", modes=("main", "expanded"))

    def write_main(self) -> None:
        self._session.dashboard.write("main", modes=("main",))

    def write_expanded(self) -> None:
        self._session.dashboard.write("expanded", modes=("expanded",))

    def write_nothing(self) -> None:
        self._session.dashboard.write("")

    def mode(self) -> list[Any]:
        return [self._session.dashboard.mode]

    def led_on(self) -> None:
        self._session.led.on()

    def led_green(self) -> None:
        self._session.led.on("green", duration=2.5)

    def led_solid(self) -> None:
        self._session.led.on("white", duration=1.5)

    def led_blink(self) -> None:
        self._session.led.blink("blue", on=0.2, off=0.3, count=4)

    def led_off(self) -> None:
        self._session.led.off()

    async def poll(self, accuracy: str) -> list[Any]:
        fix = await self._session.location.get_latest(accuracy=accuracy)
        return [fix.lat, fix.lng, fix.accuracy_m]

    def follow(self, accuracy: str) -> None:
        handler = self._session.location.on_update(lambda d: self._show("fix", d.lat, d.lng), accuracy=accuracy)
        self._undo["location"] = handler

    def unfollow(self) -> None:
        self._undo["location"].cancel()

    async def photo(self, **options: Any) -> list[Any]:
        taken = await self._session.camera.request_photo(**options)
        filename = f"{taken.request_id}.jpeg"
        return [taken.mime_type, taken.size_bytes, *sizes(taken.data), taken.filename == filename]

    async def photo_size(self, size: Any) -> list[Any]:
        return await self.photo(size=size)

    async def photo_compress(self, compress: Any) -> list[Any]:
        return await self.photo(compress=compress)

    async def photo_gallery(self) -> list[Any]:
        return await self.photo(save_to_gallery=True)

    async def photo_elsewhere(self, url: str) -> list[Any]:
        await self._session.camera.upload_photo_to(url)
        return ["asked"]

    async def photo_elsewhere_token(self, url: str) -> list[Any]:
        await self._session.camera.upload_photo_to(url, auth_token="secret", size="large", compress="medium")
        return ["asked"]

    async def play(self) -> list[Any]:
        return played(await self._session.audio.play(SOUND_URL))

    async def play_quiet(self) -> list[Any]:
        return played(await self._session.audio.play(SOUND_URL, volume=0.25, track=AudioTrack.APP))

    async def play_mixed(self) -> list[Any]:
        await self._session.audio.play(SOUND_URL, stop_other_audio=False, wait=False)
        return ["asked"]

    async def play_endless(self) -> None:
        await self._session.audio.play(SOUND_URL)
        self._show("the sound is over")

    async def speak(self) -> list[Any]:
        return played(await self._session.audio.speak("hello there"))

    async def speak_options(self) -> list[Any]:
        return played(
            await self._session.audio.speak(
                "¿qué tal? 50 % & más", voice_id="v1", model_id="m1", voice_settings=VOICE, volume=0.5
            )
        )

    def stop_sound(self) -> None:
        self._session.audio.stop()

    def stop_track(self) -> None:
        self._session.audio.stop(AudioTrack.SPEECH)

    async def stream(self) -> None:
        await self._session.camera.start_stream(RTMP_URL)

    async def stream_options(self) -> None:
        await self._session.camera.start_stream(RTMP_URL, video=VIDEO, audio=SOUND, duration_limit=60)

    def stream_state(self) -> list[Any]:
        stream = self._session.camera.stream
        return [stream is not None, stream and stream.url, stream and stream.status]

    async def stream_stop(self) -> None:
        stream = self._session.camera.stream
        assert stream
        await stream.stop()

    async def manage(self) -> list[Any]:
        return urls(await self._session.camera.start_managed_stream())

    async def manage_options(self) -> list[Any]:
        named = RestreamDestination(url="rtmp://a.example.com/x", name="a")
        return urls(
            await self._session.camera.start_managed_stream(
                quality="720p",
                webrtc=True,
                video=VIDEO,
                audio=SOUND,
                duration_limit=60,
                restream=(named, "rtmp://b.example.com/x"),
            )
        )

    def manage_state(self) -> list[Any]:
        stream = self._session.camera.managed_stream
        return [stream is not None, stream and stream.hls_url]

    async def manage_stop(self) -> None:
        stream = self._session.camera.managed_stream
        assert stream
        await stream.stop()

    async def check(self) -> list[Any]:
        d = await self._session.camera.existing_stream()
        if d is None:
            return ["none"]
        return [d.type, d.status, d.rtmp_url, d.hls_url, d.active_viewers, d.requesting_app_id]

    async def get(self, key: str) -> list[Any]:
        return [await self._session.storage.get(key)]

    async def set(self, key: str, value: str) -> None:
        await self._session.storage.set(key, value)

    async def update(self) -> None:
        await self._session.storage.update({"b": "2", "c": "ñ 🎉"})

    async def has(self, key: str) -> list[Any]:
        return [await self._session.storage.contains(key)]

    async def keys(self) -> list[Any]:
        return sorted(await self._session.storage.keys())

    async def size(self) -> list[Any]:
        return [len(await self._session.storage.all())]

    async def all(self) -> list[Any]:
        return [sorted((await self._session.storage.all()).items())]

    async def delete(self, key: str) -> list[Any]:
        await self._session.storage.delete(key)
        return ["done"]

    async def clear_storage(self) -> list[Any]:
        await self._session.storage.clear()
        return ["done"]

    async def flush(self) -> list[Any]:
        await self._session.storage.flush()
        return ["done"]

    def setting(self, key: str) -> list[Any]:
        return [self._session.settings.get(key, "unset")]

    def has_setting(self, key: str) -> list[Any]:
        return [key in self._session.settings]

    def system(self, key: str) -> list[Any]:
        return [self._session.settings.system.get(key)]

    def wifi(self) -> None:
        self._session.device.request_wifi_setup()

    def wifi_because(self) -> None:
        self._session.device.request_wifi_setup("to stream")

    def wifi_known(self) -> list[Any]:
        wifi = self._session.device.wifi
        return [wifi and wifi.connected, wifi and wifi.ssid]

    def state(self) -> list[Any]:
        d = self._session.device.state
        return [d.connected, d.model_name, d.battery_level, d.charging, d.case_battery_level, d.hotspot_ssid]

    def can(self) -> list[Any]:
        c = self._session.capabilities
        if c is None:
            return [None]
        return [c.model_name, c.has_camera, c.has_display, c.has_microphone, c.has_speaker, c.has_light, c.has_wifi]

    def can_show(self) -> list[Any]:
        capabilities = self._session.capabilities
        assert capabilities
        assert capabilities.display
        d = capabilities.display
        assert d.resolution
        resolution = {"width": d.resolution.width, "height": d.resolution.height}
        return [d.count, d.is_color, d.color, d.can_display_bitmap, resolution, d.max_text_lines]

    def can_film(self) -> list[Any]:
        capabilities = self._session.capabilities
        assert capabilities
        assert capabilities.camera
        d = capabilities.camera
        assert d.resolution
        assert d.video
        resolution = {"width": d.resolution.width, "height": d.resolution.height}
        return [resolution, d.has_focus, d.video.can_stream, d.video.supported_stream_types]

    def whoami(self) -> list[Any]:
        return [self._session.user_id, self._session.session_id, self._session.package_name]

    def listen(self) -> None:
        self._undo["extra"] = self._session.events.on("extra", lambda d: self._show("extra", d["value"]))

    def unlisten(self) -> None:
        self._undo["extra"].cancel()

    def listen_german(self) -> None:
        self._session.events.on_transcription(lambda d: self._show("hörte", d.text), language="de-DE")

    def listen_hinted(self) -> None:
        self._session.events.on_transcription(lambda d: self._show("sentì", d.text), language="it-IT", hints=["de"])

    def twice(self) -> None:
        self._session.events.on("extra", lambda d: self._show("first", d["value"]))
        self._session.events.on("extra", lambda d: self._show("second", d["value"]))

    def fail(self) -> None:
        raise RuntimeError("as told")

    def fail_in_handler(self) -> None:
        def fail(_: Any) -> None:
            raise RuntimeError("as told")

        self._session.events.on("broken", fail)


def played(result: PlaybackResult) -> list[Any]:
    return ["done", None if result.duration_s is None else round(result.duration_s * 1000)]


def urls(d: Any) -> list[Any]:
    return [d.hls_url, d.dash_url, d.webrtc_url, d.preview_url, d.thumbnail_url]


async def main() -> None:
    app = TwinApp()
    await app.start(host="127.0.0.1", port=0)
    tell(f"listening {app.url}")
    try:
        await asyncio.Event().wait()
    finally:
        await app.stop()


asyncio.run(main())
