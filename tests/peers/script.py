"""What the wearer does to both twins, and what each of them shall show then."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mentra.bitmaps.bitmap import Bitmap
from mentra.bitmaps.glasses import EVEN_G1, picture
from mentra.localcloud import VirtualGlasses
from mentra.localcloud.phone.camera import grey_jpeg
from mentra.protocol.cloud_to_app import DeviceState, VideoStatistics
from tests.peers.conftest import Peer
from tests.peers.wiretap import Heard, Wiretap

WITHIN_S = 10.0
SMALL = base64.b64encode(Bitmap.from_rows(["##.#.###", ".#.##..#"]).to_bmp()).decode()
FULL = base64.b64encode(picture(Bitmap.from_rows(["#.#"]), EVEN_G1, padding=None, dither=False, threshold=128)).decode()
VOLUME = {"type": "slider", "key": "volume", "label": "Volume", "min": 0, "max": 10, "defaultValue": 3}
NAME = {"type": "text", "key": "name", "label": "Name", "defaultValue": "Ann"}
GROUP = {"type": "group", "title": "Sound"}
DAY = datetime(2026, 1, 31, 12, tzinfo=UTC)
VIDEO = "https://video.example.com/ID"
HLS, DASH, WEBRTC = f"{VIDEO}/manifest/video.m3u8", f"{VIDEO}/manifest/video.mpd", f"{VIDEO}/webRTC/play"
RTMP = "rtmp://video.example.com/live"


@dataclass(slots=True)
class Wearer:
    """Who wears the glasses of one twin."""

    glasses: VirtualGlasses
    peer: Peer
    tap: Wiretap
    hook: str
    """Where photos may be sent besides."""
    barriers: int = 0

    @property
    def package_name(self) -> str:
        return self.peer.package_name

    async def press(self, command: str) -> None:
        await self.glasses.press(command)

    async def post(self, path: str, body: bytes, content_type: str = "application/json", method: str = "POST") -> None:
        await self.tap.request(
            method, self.peer.url + path, headers={"content-type": content_type}, body=body, timeout=WITHIN_S
        )


Act = Callable[[Wearer], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    act: Act
    shows: tuple[str, ...] = ()
    """Our text walls, in any order."""
    official: tuple[str, ...] | None = None
    """Those of the official SDK, where they are others."""
    because: str = ""
    """Why they are."""
    apart: str = ""
    """What is not compared here: a field of frames or HTTP calls, or ``subscriptions`` and what they bring."""
    sends: str | None = None
    """A message or a layout that is waited for."""


@dataclass(slots=True)
class Outcome:
    """What one step brought, on one side."""

    problem: str = ""
    """What was waited for in vain."""
    walls: list[str] = field(default_factory=list)
    frames: list[dict[str, Any]] = field(default_factory=list)
    """The app's, without its lists of subscriptions."""
    subscriptions: list[Any] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)
    """The cloud's."""
    http: list[dict[str, Any]] = field(default_factory=list)


async def play(step: Step, wearer: Wearer, *, shows: tuple[str, ...], plain: Callable[[Any], Any]) -> Outcome:
    """Have a step happen, and wait until all of it has.

    Args:
        shows: The walls to wait for.
        plain: Makes what an app said comparable.
    """
    start = len(wearer.tap.heard)

    def news() -> list[Heard]:
        return [each for each in wearer.tap.heard[start:] if each.package_name == wearer.package_name]

    def missing() -> list[str]:
        seen = plain(walls_of(news()))
        return [text for text in set(shows) if seen.count(text) < shows.count(text)] + [
            kind for kind in (step.sends,) if kind and kind not in kinds_of(news())
        ]

    problem = ""
    try:
        await step.act(wearer)
        await until(lambda: not missing(), lambda: f"{missing()} did not come")
    except (AssertionError, TimeoutError) as error:
        problem = str(error)  # The other steps are played all the same.
    wearer.barriers += 1
    barrier = f"barrier{wearer.barriers}"
    await wearer.glasses.press(barrier)
    try:
        await until(lambda: f"button {barrier} short" in walls_of(news()), lambda: "it does not go on")
    except AssertionError as error:
        problem = problem or str(error)
    return outcome(news(), wearer, problem)


async def until(done: Callable[[], bool], complaint: Callable[[], str], *, within_s: float = WITHIN_S) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + within_s
    while not done():
        if loop.time() > end:
            raise AssertionError(complaint())
        await asyncio.sleep(0.002)


def walls_of(heard: list[Heard]) -> list[str]:
    return [
        each.value["layout"]["text"]
        for each in heard
        if each.kind == "app"
        and each.value.get("type") == "display_event"
        and each.value["layout"].get("layoutType") == "text_wall"
    ]


def kinds_of(heard: list[Heard]) -> list[str]:
    frames = [each.value for each in heard if each.kind == "app"]
    layouts = [frame["layout"]["layoutType"] for frame in frames if frame["type"] == "display_event"]
    return layouts + [frame["type"] for frame in frames] + [each.value["path"] for each in heard if each.kind == "call"]


def outcome(heard: list[Heard], wearer: Wearer, problem: str = "") -> Outcome:
    result = Outcome(problem)
    for each in heard:
        match each.kind, each.value:
            case _, value if "barrier" in str(value):
                pass
            case "app", {"type": "subscription_update" | "(closed)"}:
                pass  # Lists are compared by what they say in the end; which side is first to close is a race.
            case "app", {"type": "display_event", "layout": {"layoutType": "text_wall", "text": text}} as value:
                result.walls.append(text)
                result.frames.append(value)
            case "app", value:
                result.frames.append(value)
            case "cloud", value:
                result.told.append(value)
            case kind, value:
                result.http.append({"who": kind, **value})
    lists = [each.value for each in wearer.tap.of(wearer.package_name, "app")]
    result.subscriptions = [frame["subscriptions"] for frame in lists if frame["type"] == "subscription_update"][-1]
    return result


def command(name: str, *shows: str, sends: str | None = None, **rest: Any) -> Step:
    return Step(name, lambda wearer: wearer.press(name), tuple(f"{name} {text}" for text in shows), sends=sends, **rest)


def happens(name: str, act: Act, *shows: str, **rest: Any) -> Step:
    return Step(name, act, shows, **rest)


def sent(name: str, stream: str, data: dict[str, Any], *shows: str, **rest: Any) -> Step:
    return Step(name, lambda wearer: wearer.glasses.send(stream, data), shows, **rest)


def posted(
    name: str, path: str, body: bytes, content_type: str = "application/json", method: str = "POST", **rest: Any
) -> Step:
    return Step(name, lambda wearer: wearer.post(path, body, content_type, method), sends=path, **rest)


def form(**fields: str) -> bytes:
    parts = [
        f'--XX\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in fields.items()
    ]
    return ("".join(parts) + "--XX--\r\n").encode()


FORM = "multipart/form-data; boundary=XX"


async def animated(wearer: Wearer) -> None:
    def animations() -> int:
        return kinds_of(wearer.tap.of(wearer.package_name)).count("bitmap_animation")

    before = animations()
    await wearer.press("animate-repeat")
    await until(lambda: animations() > before, lambda: "no animation")
    await wearer.press("animate-stop")


async def take(wearer: Wearer, *, then: str) -> None:
    """Press for a photo that fails."""
    wearer.glasses.camera.fail("CAMERA_BUSY", "busy", by="upload")
    await wearer.press(then)


async def changed(wearer: Wearer, **values: Any) -> None:
    await wearer.glasses.change_settings(wearer.package_name, values)


async def tool(wearer: Wearer, name: str, **parameters: Any) -> None:
    await wearer.glasses.call_tool(wearer.package_name, name, parameters)


def speaker(**values: Any) -> Act:
    async def act(wearer: Wearer) -> None:
        for name, value in values.items():
            setattr(wearer.glasses.speaker, name, value)

    return act


async def interrupted(wearer: Wearer) -> None:
    wearer.glasses.speaker.duration_s = 30
    await wearer.press("play-endless")
    await until(lambda: wearer.glasses.speaker.playing is not None, lambda: "nothing plays")
    await wearer.press("stop-sound")
    wearer.glasses.speaker.duration_s = 0


async def replaced(wearer: Wearer) -> None:
    wearer.glasses.speaker.duration_s = 30
    await wearer.press("play-endless")
    await until(lambda: wearer.glasses.speaker.playing is not None, lambda: "nothing plays")
    wearer.glasses.speaker.duration_s = 0
    await wearer.press("play")


async def failing(wearer: Wearer) -> None:
    wearer.glasses.speaker.failure = "no such file"
    await wearer.press("play")
    await until(
        lambda: "play failed: no such file" in walls_of(wearer.tap.of(wearer.package_name)), lambda: "no failure"
    )
    wearer.glasses.speaker.failure = None


async def reported(wearer: Wearer, status: str, **more: Any) -> None:
    wearer.glasses.video.report(status, **more)


async def state(wearer: Wearer, **fields: Any) -> None:
    await wearer.glasses.report(DeviceState(**fields))


async def stopped(wearer: Wearer) -> None:
    await wearer.glasses.stop(wearer.package_name)
    await wearer.peer.wait_for_line(f"peer: {wearer.glasses.user_id} stopped user_disabled")
    await wearer.glasses.start(wearer.package_name)


def elsewhere(command: str) -> Act:
    async def act(wearer: Wearer) -> None:
        taken = len(wearer.glasses.camera.taken)
        await wearer.press(f"{command} {wearer.hook}")
        await until(lambda: len(wearer.glasses.camera.taken) > taken, lambda: "no photo came")

    return act


ASKED = ("asked",)
PHOTO = "image/jpeg {} {} ffd8 true"


def photo(name: str, width: int, height: int) -> Step:
    size = len(grey_jpeg(width, height))
    return command(name, PHOTO.format(size, size), sends="/photo-upload")


NOTIFIED = "notification 7 Mail Hi there"
TWICE = "The official SDK subscribes to the statuses, too, and tells each of them twice (W-VIDEO-5)."
TOOL = "What an exception says is for the developer's log, and not for the assistant."
ONE = "The official SDK has one handler for a language; the next one takes its place."
HINTS = "The cloud of 2025 delivers nothing to who names hints, so we do not (W-DEV-50)."
MORE = "We say what was wrong with it."
EITHER = "Ours learns how the glasses are from events, too, the official state only from clouds of 2026 (W-STATE-2)."
NO_VALUE = "The official SDK reads value and not defaultValue, so nothing is set before the first save (W-SET-4)."

STARTED = ("stream initializing null null", "stream active null null")
THEIR_STARTED = ("stream initializing null null",) * 4 + ("stream active null null",) * 2

STEPS: tuple[Step, ...] = (
    # Who and where.
    command("whoami", "USER SESSION PACKAGE"),
    command("can", "Even Realities G1 false true true false false false"),
    command("can-show", '2 false green true {"width":640,"height":200} 5'),
    # Speech.
    happens("an interim result", lambda w: w.glasses.say("hel", is_final=False), "heard hel false en-US 1000"),
    happens("a final result", lambda w: w.glasses.say("hello"), "heard hello true en-US 1000"),
    happens("an empty result", lambda w: w.glasses.say(""), "heard  true en-US 1000"),
    happens("an emoji is said", lambda w: w.glasses.say("ñ 🎉"), "heard ñ 🎉 true en-US 1000"),
    happens("another language", lambda w: w.glasses.say("hola", language="es-ES"), "oyó hola true es-ES"),
    happens("a language that nobody wants", lambda w: w.glasses.say("ciao", language="it-IT")),
    happens(
        "speech recognised by the phone",
        lambda w: w.glasses.send(
            "transcription",
            {"text": "local", "isFinal": True, "transcribeLanguage": "en-US", "startTime": 1, "endTime": 2},
        ),
        "heard local true en-US 1",
        official=(),
        because="The official SDK hands on what has exactly the name of the subscription (W-STR-18, W-LANG-6).",
    ),
    happens(
        "a translation",
        lambda w: w.glasses.translate("bonjour", source="en-US", target="fr-FR", original_text="hello"),
        "translated bonjour hello en-US fr-FR true true",
    ),
    happens("speech begins", lambda w: w.glasses.set_speaking(True), "speaking true"),
    happens("speech ends", lambda w: w.glasses.set_speaking(False), "speaking false"),
    sent("speech begins, as text", "VAD", {"status": "true"}, "speaking true"),
    sent("speech ends, as text", "VAD", {"status": "false"}, "speaking false"),
    happens("sound", lambda w: w.glasses.send_audio(bytes(320)), "audio 320 0000"),
    happens("an odd byte of sound", lambda w: w.glasses.send_audio(b"\x01\x02\x03"), "audio 2 0102"),
    happens("its other half", lambda w: w.glasses.send_audio(b"\x04"), "audio 2 0304"),
    happens("much sound", lambda w: w.glasses.send_audio(bytes(100_000)), "audio 100000 0000"),
    # The glasses and the phone.
    happens("a short press", lambda w: w.glasses.press("main"), "button main short"),
    happens("a long press", lambda w: w.glasses.press("camera", "long"), "button camera long"),
    happens("a look up", lambda w: w.glasses.look_up(), "head up"),
    happens("a look down", lambda w: w.glasses.look_down(), "head down"),
    happens("a tap", lambda w: w.glasses.touch("single_tap"), "touch single_tap Even Realities G1"),
    happens(
        "two taps",
        lambda w: w.glasses.touch("double_tap"),
        "touch double_tap Even Realities G1",
        "only touch double_tap Even Realities G1",
        official=("only touch double_tap Even Realities G1",),
        because="The cloud names it after the narrower subscription; the official SDK looks no further (W-STR-16).",
    ),
    happens("a swipe", lambda w: w.glasses.touch("forward_swipe"), "touch forward_swipe Even Realities G1"),
    happens(
        "the glasses' battery",
        lambda w: w.glasses.set_battery(80),
        "glasses battery 80 false null",
        "battery 80",
        "charging false",
        official=("glasses battery 80 false null",),
        because=EITHER,
    ),
    happens(
        "it charges",
        lambda w: w.glasses.set_battery(81, charging=True),
        "glasses battery 81 true null",
        "battery 81",
        "charging true",
        official=("glasses battery 81 true null",),
        because=EITHER,
    ),
    sent(
        "a battery with time left",
        "glasses_battery_update",
        {"level": 15, "charging": False, "timeRemaining": 30},
        "glasses battery 15 false 30",
        "battery 15",
        "charging false",
        official=("glasses battery 15 false 30",),
        because=EITHER,
    ),
    happens("the phone's battery", lambda w: w.glasses.set_phone_battery(50), "phone battery 50 false null"),
    happens(
        "a notification",
        lambda w: w.glasses.notify("Hi", "there", app="Mail", notification_id="7"),
        f"{NOTIFIED} normal",
    ),
    happens(
        "an urgent one",
        lambda w: w.glasses.notify("Hi", "there", app="Mail", priority="high", notification_id="7"),
        f"{NOTIFIED} high",
    ),
    happens("it is dismissed", lambda w: w.glasses.dismiss("7"), "dismissed 7 7 com.example.messages"),
    happens(
        "a calendar entry",
        lambda w: w.glasses.add_calendar_event("Lunch", DAY, DAY.replace(hour=13)),
        "calendar 1 Lunch 2026-01-31T12:00:00.000Z 2026-01-31T13:00:00.000Z UTC",
    ),
    happens(
        "the phone has the glasses",
        lambda w: w.glasses.put_on(),
        "wears Even Realities G1 false true",
        "glasses Even Realities G1 CONNECTED null null",
    ),
    happens(
        "with Wi-Fi",
        lambda w: w.glasses.put_on(ssid="home"),
        "wears Even Realities G1 false true",
        "glasses Even Realities G1 CONNECTED true home",
        "ssid home",
        official=("wears Even Realities G1 false true", "glasses Even Realities G1 CONNECTED true home"),
        because=EITHER,
    ),
    happens(
        "the phone loses them",
        lambda w: w.glasses.take_off(),
        "glasses Even Realities G1 DISCONNECTED null null",
    ),
    happens(
        "they are back",
        lambda w: w.glasses.put_on(),
        "wears Even Realities G1 false true",
        "glasses Even Realities G1 CONNECTED null null",
    ),
    sent(
        "without Wi-Fi",
        "glasses_connection_state",
        {"modelName": "Even Realities G1", "status": "CONNECTED", "wifi": {"connected": False}},
        "wears Even Realities G1 false true",
        "glasses Even Realities G1 CONNECTED false null",
        "ssid null",
        official=("wears Even Realities G1 false true", "glasses Even Realities G1 CONNECTED false null"),
        because=EITHER,
    ),
    sent(
        "a position in a mapped room",
        "vps_coordinates",
        {
            "deviceModel": "x",
            "requestId": "r",
            "x": 1.5,
            "y": 2,
            "z": 3,
            "qx": 0,
            "qy": 0,
            "qz": 0.5,
            "qw": 1,
            "confidence": 0.5,
        },
        "vps 1.5 2 3 0 0 0.5 1 0.5",
    ),
    happens(
        "the button takes a photo", lambda w: w.glasses.take_photo(b"\xff\xd8pixels"), "photo taken image/jpeg 8 ffd8"
    ),
    happens("another word of the cloud", lambda w: w.glasses.send_custom_message("x", None), "custom message x null"),
    sent("a stream that nobody knows", "custom_sensor", {"value": 42}, "custom sensor 42"),
    sent("a stream that nobody wants", "another_sensor", {"value": 42}),
    # Handlers come and go.
    command("listen"),
    sent("it is heard", "extra", {"value": 1}, "extra 1"),
    command("unlisten"),
    sent("it is not heard any more", "extra", {"value": 2}),
    command("twice"),
    sent("both handlers hear it", "extra", {"value": 3}, "first 3", "second 3"),
    command("fail", "failed: as told"),
    command("fail-in-handler"),
    sent("a handler fails", "broken", {"value": 1}),
    # The display.
    happens("wall", lambda w: w.press("wall"), "plain"),
    happens("wall-timed", lambda w: w.press("wall-timed"), "short-lived"),
    happens("wall-dashboard", lambda w: w.press("wall-dashboard"), "up there"),
    happens("wall-empty", lambda w: w.press("wall-empty"), ""),
    happens("wall-unicode", lambda w: w.press("wall-unicode"), 'two\nlines, "quotes", ñ 日本 🎉'),
    happens("wall-long", lambda w: w.press("wall-long"), "long " * 1000),
    command("double", sends="double_text_wall"),
    command("double-timed", sends="double_text_wall"),
    command("card", sends="reference_card"),
    command("card-timed", sends="reference_card"),
    command("dashboard-card", sends="dashboard_card"),
    command("dashboard-card-main", sends="dashboard_card"),
    command("bitmap", sends="bitmap_view"),
    command("bitmap-full", sends="bitmap_view"),
    command("bitmap-dashboard", sends="bitmap_view"),
    command("animate", sends="bitmap_animation"),
    happens("an animation stops", animated, sends="clear_view"),
    command("clear", sends="clear_view"),
    command("clear-dashboard", sends="clear_view"),
    command("write-default", sends="dashboard_content_update"),
    command("write-main", sends="dashboard_content_update"),
    command("write-expanded", sends="dashboard_content_update"),
    command("write-both", sends="dashboard_content_update"),
    command("write-nothing", sends="dashboard_content_update"),
    happens("the dashboard expands", lambda w: w.glasses.change_dashboard_mode("expanded"), "dashboard mode expanded"),
    command("mode", "expanded"),
    happens("it shrinks again", lambda w: w.glasses.change_dashboard_mode("main"), "dashboard mode main"),
    # Places.
    Step("poll high", lambda w: w.press("poll high"), sends="location_poll_request"),
    happens(
        "the phone finds itself",
        lambda w: w.glasses.move(52.5, 13.25, accuracy_m=8),
        "poll high 52.5 13.25 8",
        "location 52.5 13.25 8",
        "location 52.5 13.25 8",
    ),
    happens(
        "poll reduced",
        lambda w: w.press("poll reduced"),
        "poll reduced 52.5 13.25 8",
        "location 52.5 13.25 8",
    ),
    happens("a move", lambda w: w.glasses.move(52.75, 13.5), "location 52.75 13.5 null"),
    command("follow high"),
    happens("it is followed", lambda w: w.glasses.move(1.5, 2.5), "location 1.5 2.5 null", "fix 1.5 2.5"),
    command("unfollow"),
    happens("not any more", lambda w: w.glasses.move(3.5, 4.5, accuracy_m=100), "location 3.5 4.5 100"),
    # Settings.
    happens(
        "metric units",
        lambda w: w.glasses.change_system_settings({"metricSystemEnabled": True}),
        "metric false -> true",
        official=("metric null -> true",),
        because="It does not read what the cloud of 2025 acknowledges a connection with (W-HAND-4).",
    ),
    command("system metricSystemEnabled", "true"),
    command("setting volume", "3", official=("setting volume unset",), because=NO_VALUE),
    command("setting nothing", "unset"),
    command("has-setting volume", "true"),
    command("has-setting nothing", "false"),
    happens(
        "a setting changes",
        lambda w: changed(w, volume=7),
        "volume 3 -> 7",
        "settings volume",
        official=("volume null -> 7", "settings name undefined volume", "metric true -> null"),
        because=f"{NO_VALUE} It takes app settings for MentraOS settings, too (W-SET-8).",
    ),
    happens("it changes again", lambda w: changed(w, volume=8), "volume 7 -> 8", "settings volume"),
    happens("two at once", lambda w: changed(w, volume=9, name="Bob"), "volume 8 -> 9", "settings name volume"),
    happens("nothing changes", lambda w: changed(w, volume=9)),
    command("setting volume", "9"),
    command("setting name", "Bob"),
    # Tools.
    happens("a tool", lambda w: tool(w, "add", item="milk", count=2, urgent=True, more=None), sends="/tool"),
    happens("a tool without parameters", lambda w: tool(w, "list"), sends="/tool"),
    happens("a tool without an answer", lambda w: tool(w, "nothing"), sends="/tool"),
    happens("a tool that takes control", lambda w: tool(w, "take_control"), sends="/tool"),
    happens("a tool that shows", lambda w: tool(w, "show", text="by tool"), "by tool", sends="/tool"),
    happens("a tool that fails", lambda w: tool(w, "fail"), sends="/tool", apart="reply", because=TOOL),
    # Storage.
    command("get a", "null"),
    command("has a", "false"),
    command("set a 1"),
    command("get a", "1"),
    command("update"),
    command("keys", "a b c"),
    command("size", "3"),
    command("has c", "true"),
    command("all", '[["a","1"],["b","2"],["c","ñ 🎉"]]'),
    command("flush", "done"),
    command("delete b", "done"),
    command("get b", "null"),
    command("delete never-there", "done"),
    command("clear-storage", "done"),
    command("size", "0"),
    command("set kept forever"),
    command("flush", "done"),
    # Other glasses: these have a camera, a light and a speaker.
    happens(
        "other glasses",
        lambda w: w.glasses.put_on("Mentra Live"),
        "wears Mentra Live true false",
        "glasses Mentra Live CONNECTED null null",
    ),
    command("can", "Mentra Live true false true true true true"),
    command("can-film", '{"width":1920,"height":1080} true true ["rtmp"]'),
    command("wifi", sends="request_wifi_setup"),
    command("wifi-because", sends="request_wifi_setup"),
    happens(
        "Wi-Fi",
        lambda w: w.glasses.put_on(ssid="office"),
        "wears Mentra Live true false",
        "glasses Mentra Live CONNECTED true office",
        "ssid office",
        official=("wears Mentra Live true false", "glasses Mentra Live CONNECTED true office"),
        because=EITHER,
    ),
    command("wifi-known", "true office"),
    command("led-on", sends="rgb_led_control"),
    command("led-green", sends="rgb_led_control"),
    command("led-solid", sends="rgb_led_control"),
    command("led-blink", sends="rgb_led_control"),
    command("led-off", sends="rgb_led_control"),
    # Sound.
    command("play", "done 0"),
    command("play-quiet", "done 0"),
    command("play-mixed", *ASKED),
    command("speak", "done 0"),
    command("speak-options", "done 0"),
    command("stop-sound", sends="audio_stop_request"),
    command("stop-track", sends="audio_stop_request"),
    happens("a sound fails", failing, "play failed: no such file"),
    happens("a sound is stopped", interrupted, "the sound is over"),
    happens("a sound makes place", replaced, "the sound is over", "play done 0"),
    # Photos.
    photo("photo", 1280, 720),
    photo("photo-size small", 640, 480),
    photo("photo-size large", 1920, 1080),
    photo("photo-size full", 1920, 1080),
    photo("photo-compress medium", 1280, 720),
    photo("photo-compress heavy", 1280, 720),
    photo("photo-gallery", 1280, 720),
    happens("a photo goes elsewhere", elsewhere("photo-elsewhere"), "photo-elsewhere HOOK asked"),
    happens("with a token", elsewhere("photo-elsewhere-token"), "photo-elsewhere-token HOOK asked"),
    happens(
        "a photo fails",
        lambda w: take(w, then="photo"),
        "photo failed: There is no photo: busy (CAMERA_BUSY).",
        official=("photo failed: Photo capture failed: busy (code: CAMERA_BUSY)",),
        because="Our words.",
        sends="/photo-upload",
    ),
    # Video.
    command("check", "none"),
    Step("stream", lambda w: w.press("stream"), STARTED, official=THEIR_STARTED, because=TWICE),
    command("stream-state", f"true {RTMP} active"),
    command("check", f"unmanaged active {RTMP} null null PACKAGE"),
    happens(
        "statistics",
        lambda w: reported(w, "streaming", stats=VideoStatistics(bitrate=1, fps=30, dropped_frames=0, duration_s=5)),
        "stream active null 30",
        official=("stream active null 30",) * 2,
        because=TWICE,
    ),
    happens(
        "a weak network",
        lambda w: reported(w, "reconnecting"),
        "stream initializing null null",
        official=("stream initializing null null",) * 2,
        because=TWICE,
    ),
    happens(
        "a better one",
        lambda w: reported(w, "reconnected"),
        "stream active null null",
        official=("stream active null null",) * 2,
        because=TWICE,
    ),
    happens(
        "stream-stop",
        lambda w: w.press("stream-stop"),
        "stream stopped null null",
        official=("stream stopped null null",) * 2,
        because=TWICE,
    ),
    command("stream-state", "false null null", official=("stream-state false null stopped",), because="Ours is gone."),
    Step("stream-options", lambda w: w.press("stream-options"), STARTED, official=THEIR_STARTED, because=TWICE),
    happens(
        "the glasses give up",
        lambda w: reported(w, "error", error_details="too hot"),
        "stream stopped too hot null",
        official=("stream stopped too hot null",) * 2,
        because=TWICE,
    ),
    command("manage", f"{HLS} {DASH} null null null"),
    command("manage-state", f"true {HLS}"),
    command("check", f"managed active null {HLS} 1 null"),
    Step("manage-stop", lambda w: w.press("manage-stop"), sends="managed_stream_stop"),
    command("manage-state", "false null"),
    command("manage-options", f"{HLS} {DASH} {WEBRTC} null null"),
    Step("manage-stop", lambda w: w.press("manage-stop"), sends="managed_stream_stop"),
    command("check", "none"),
    # What the phone reports, on clouds of 2026.
    happens(
        "a battery is reported",
        lambda w: state(w, battery_level=80, charging=False),
        "battery 80",
        official=("battery 80", "charging false"),
        because=EITHER,
    ),
    happens("only what changed", lambda w: state(w, battery_level=79, charging=False), "battery 79"),
    happens("a case", lambda w: state(w, case_open=True, case_battery_level=60), "case open true"),
    happens("a network", lambda w: state(w, wifi_connected=True, wifi_ssid="cafe", hotspot_ssid="spot"), "ssid cafe"),
    command(
        "state",
        "true Mentra Live 79 false 60 spot",
        official=("state false null 79 false 60 spot",),
        because=f"{EITHER} It says that they are away before anybody knows.",
    ),
    # Glasses that nobody knows.
    happens(
        "unknown glasses",
        lambda w: w.glasses.put_on("Prototype"),
        "wears Prototype null null",
        "glasses Prototype CONNECTED null null",
    ),
    command("can", "null"),
    command("bitmap", sends="bitmap_view"),
    command("led-on", sends="rgb_led_control"),
    # What else comes by HTTP.
    posted("GET /health", "/health", b"", method="GET"),
    posted("GET /tool", "/tool", b"", method="GET"),
    posted(
        "GET /mentra-auth", "/mentra-auth", b"", method="GET", apart="reply", because="Express adds a text for people."
    ),
    posted("an unknown webhook", "/webhook", b'{"type":"x"}', apart="reply", because=MORE),
    posted("settings of nobody", "/settings", b"{}", apart="reply", because=MORE),
    posted("settings of a stranger", "/settings", b'{"userIdForSettings":"eve@example.com","settings":[]}'),
    posted("a photo without an id", "/photo-upload", form(type="photo_upload"), FORM),
    posted("a photo that nobody asked for", "/photo-upload", form(requestId="x", type="photo_upload"), FORM),
    posted("an error that nobody waits for", "/photo-upload", b'{"requestId":"x","type":"photo_error"}'),
    posted(
        "a page that is not there", "/nowhere", b"", method="GET", apart="reply", because="Express answers in HTML."
    ),
    # The end, and again.
    happens(
        "stop and start",
        stopped,
        "ready USER SESSION",
        "calendar 1 Lunch 2026-01-31T12:00:00.000Z 2026-01-31T13:00:00.000Z UTC",
    ),
    command("get kept", "forever"),
    command("setting volume", "9"),
    happens("it hears again", lambda w: w.glasses.say("again"), "heard again true en-US 1000"),
    # One more language.
    command("listen-german", apart="subscriptions", because=ONE),
    happens(
        "German", lambda w: w.glasses.say("hallo", language="de-DE"), "hörte hallo", apart="subscriptions", because=ONE
    ),
    happens(
        "Spanish still",
        lambda w: w.glasses.say("adiós", language="es-ES"),
        "oyó adiós true es-ES",
        official=(),
        because=ONE,
        apart="subscriptions",
    ),
    command("listen-hinted", apart="subscriptions", because=HINTS),
    happens(
        "Italian, with a hint",
        lambda w: w.glasses.say("ciao", language="it-IT"),
        "sentì ciao",
        official=(),
        because=HINTS,
        apart="subscriptions",
    ),
    happens(
        "the cloud tells the time",
        lambda w: w.glasses.send_custom_message("update_datetime", {"date": "2026-01-31"}),
        'custom message update_datetime {"date":"2026-01-31"}',
        apart="subscriptions",
        because=ONE,
    ),
)
