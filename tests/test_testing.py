"""``simulate``: what a developer's own tests stand on."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import time
from enum import Enum
from pathlib import Path

import pytest

from mentra import (
    AppServer,
    AppSession,
    AudioError,
    ButtonPress,
    ConfigError,
    DeviceState,
    HardwareUnavailable,
    Permission,
    PermissionDenied,
    PhotoError,
    Settings,
    StorageError,
    ToolError,
    Transcription,
    setting,
    tool,
)
from mentra.localcloud.display.rules import BOOT_MS, THROTTLE_MS
from mentra.protocol.layouts import ReferenceCard, TextWall
from mentra.testing import PACKAGE_NAME, SimulatedGlasses, StartFailed, WifiSetup, simulate
from tests.helpers.wav_files import wav


class Echo(AppServer):
    """Shows what it hears, in the number of lines the user likes."""

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self.stopped: list[str] = []

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        session.layouts.show_text_wall(f"hello {user_id}")
        session.events.on_transcription(lambda speech: session.layouts.show_text_wall(speech.text))
        session.events.on("button_press", lambda press: session.layouts.show_reference_card("button", press.press_type))
        session.events.on("head_position", lambda head: session.layouts.show_text_wall(f"head {head.position}"))
        session.settings.on_change("lines", lambda new, old: session.layouts.show_text_wall(f"{new} lines"))

    async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
        self.stopped.append(reason)

    @tool
    async def greet(self, name: str = "you") -> str:
        """Greet somebody."""
        return f"hello {name}"

    @tool
    async def breaks(self) -> None:
        """Raise."""
        raise RuntimeError


async def test_the_app_is_started_and_reacts_at_once():
    async with simulate(Echo, model="Simulated Glasses") as glasses:
        assert glasses.display == "hello you@example.com"
        assert glasses.user_id == "you@example.com"

        await glasses.say("hello world")
        assert glasses.display == "hello world"
        assert glasses.layout == TextWall(text="hello world")

        await glasses.say("hallo", language="de-DE")
        assert glasses.display == "hello world"

        await glasses.press("main", "long")
        assert glasses.layout == ReferenceCard(title="button", text="long")

        await glasses.send("head_position", {"position": "up"})
        assert glasses.display == "head up"


async def test_settings_have_defaults_and_change():
    schema = [{"type": "slider", "key": "lines", "label": "Lines", "defaultValue": 3}]

    async with simulate(Echo, schema=schema) as glasses:
        session = glasses.app.session_for("you@example.com")
        assert session is not None
        assert session.settings["lines"] == 3

        await glasses.change_settings({"lines": 5})
        assert glasses.display == "5 lines"


async def test_what_the_class_declares_holds_unless_the_test_says_otherwise():
    class LineSettings(Settings):
        lines: int = 3

    class Declaring(Echo):
        settings = LineSettings
        permissions = (Permission.CAMERA,)

    async with simulate(Declaring) as glasses:
        await glasses.say("nobody hears this")
        assert glasses.display == "hello you@example.com"
        assert glasses.glasses.settings(PACKAGE_NAME) == {"lines": 3}
        await glasses.change_settings({"lines": 5})
        assert glasses.display == "5 lines"

    schema = [{"type": "slider", "key": "lines", "defaultValue": 7}]
    async with simulate(Declaring, permissions=["MICROPHONE"], schema=schema) as glasses:
        await glasses.say("hello")
        assert (glasses.display, glasses.glasses.settings(PACKAGE_NAME)) == ("hello", {"lines": 7})


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


class ClockSettings(Settings):
    name: str = "nobody"
    size: Size = Size.SMALL
    wake: time | None = None
    lines: int = setting(3, min=1, max=5)


class Clock(AppServer):
    settings = ClockSettings

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        now = session.settings.of(ClockSettings)

        def show(*_: object) -> None:
            session.layouts.show_text_wall(f"{now.name} {now.size.name} {now.wake}")

        show()
        session.settings.on_change(show)


async def test_what_the_user_has_chosen_before_is_there_from_the_start():
    async with simulate(Clock, settings={"name": "Bob", "size": Size.LARGE, "wake": time(7, 30)}) as glasses:
        assert glasses.display == "Bob LARGE 07:30:00"

        await glasses.change_settings({"wake": "06:15", "size": "small"})
        assert glasses.display == "Bob SMALL 06:15:00"


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"nmae": "Bob"}, "There is no setting 'nmae'. There are: name, size, wake, lines."),
        ({"size": "huge"}, "The setting 'size' takes 'small' or 'large', not 'huge'."),
        ({"lines": 6}, "The setting 'lines' takes a number from 1 to 5, not 6."),
    ],
)
async def test_what_the_user_cannot_choose_is_an_error(values: dict[str, object], problem: str):
    with pytest.raises(ValueError) as before:  # noqa: PT011 - the whole message is compared below.
        async with simulate(Clock, settings=values):
            pass
    async with simulate(Clock) as glasses:
        with pytest.raises(ValueError) as later:  # noqa: PT011 - the whole message is compared below.
            await glasses.change_settings(values)

    assert (str(before.value), str(later.value)) == (problem, problem)


async def test_a_schema_where_values_belong_is_an_error():
    with pytest.raises(TypeError, match=r"What the console has is schema=\[\.\.\.\]\."):
        async with simulate(Echo, settings=[{"type": "text", "key": "name"}]):
            pass


async def test_the_users_units_change():
    class Units(Echo):
        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            @session.settings.system.on_change("metricSystemEnabled")
            def changed(new: object, old: object) -> None:
                session.layouts.show_text_wall("metres" if session.settings.system.uses_metric_units else "feet")

    async with simulate(Units) as glasses:
        await glasses.change_system_settings({"metricSystemEnabled": True})

        assert glasses.display == "metres"


async def test_tools_answer_and_fail():
    async with simulate(Echo) as glasses:
        assert await glasses.call_tool("greet") == "hello you"
        assert await glasses.call_tool("greet", {"name": "Zoë"}) == "hello Zoë"
        with pytest.raises(ToolError, match="The tool 'breaks' failed"):
            await glasses.call_tool("breaks")


async def test_stop_and_start_again():
    app = Echo(package_name="com.example.echo", api_key="key")

    async with simulate(app, user_id="zoe@example.com") as glasses:
        await glasses.stop()
        assert (app.stopped, glasses.display) == (["user_disabled"], "")

        await glasses.start()
        assert await glasses.wait_for_display("hello") == "hello zoe@example.com"

    assert app.stopped == ["user_disabled", "server_stopped"]


async def test_permissions_are_kept():
    async with simulate(Echo, permissions=()) as glasses:
        await glasses.say("nobody hears this")

        assert glasses.display == "hello you@example.com"
        assert "button_press" in glasses.glasses.subscriptions(PACKAGE_NAME)


async def test_the_model_gives_the_capabilities():
    async with simulate(Echo, model="Mentra Live") as glasses:
        session = glasses.app.session_for(glasses.user_id)

        assert session is not None
        assert session.capabilities is not None
        assert session.capabilities.has_camera


async def test_waiting_for_what_never_comes_says_what_is_there():
    async with simulate(Echo) as glasses:
        with pytest.raises(TimeoutError, match=r"did not show 'goodbye' within 2 s\. They show 'hello you"):
            await glasses.wait_for_display("goodbye", timeout=2)


async def test_an_exception_in_the_test_passes_through_and_the_app_is_stopped():
    app = Echo(package_name="com.example.echo", api_key="key")

    with pytest.raises(ZeroDivisionError):
        async with simulate(app):
            _ = 1 / 0

    assert app.stopped == ["server_stopped"]


async def test_an_app_that_cannot_be_made_is_a_config_error():
    class Wrong(Echo):
        @tool
        def wrong(self, items: list[str]) -> None:
            """Take a list."""

    with pytest.raises(ConfigError, match="items"):
        async with simulate(Wrong):
            pass


async def test_a_user_the_cloud_cannot_serve_fails_the_start():
    with pytest.raises(StartFailed):
        async with simulate(Echo, user_id="jean-luc@example.com"):
            pass


async def test_an_app_with_another_webhook_path_can_be_simulated():
    app = Echo(package_name="com.example.echo", api_key="key", webhook_path="/hooks/mentra")

    async with simulate(app) as glasses:
        await glasses.say("hello")

        assert glasses.display == "hello"


async def test_simulations_side_by_side_do_not_meet():
    async with simulate(Echo) as one, simulate(Echo) as two:
        await asyncio.gather(one.say("one"), two.say("two"))

        assert (one.display, two.display) == ("one", "two")


async def test_nothing_is_left_running():
    before = asyncio.all_tasks()

    async with simulate(Echo) as glasses:
        await glasses.say("hello")

    assert asyncio.all_tasks() == before


async def test_an_app_with_a_constructor_of_its_own_needs_no_credentials(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("API_KEY", raising=False)

    class WithState(AppServer):
        def __init__(self) -> None:
            super().__init__()
            self.greeting = "mine"

        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            session.layouts.show_text_wall(self.greeting)

    async with simulate(WithState) as glasses:
        await glasses.wait_for_display("mine")

    with pytest.raises(ConfigError, match=r"In a test, simulate\(lambda: MyApp\(\.\.\.\)\) needs no credentials"):
        WithState()


async def test_calling_a_tool_that_the_app_does_not_have_is_an_error():
    async with simulate(Echo) as glasses:
        with pytest.raises(ToolError, match=r"no tool 'nope' and no on_tool_call\. Its tools: breaks, greet"):
            await glasses.call_tool("nope")


class Guide(AppServer):
    """Says where it is, when asked."""

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        async def tell(_: object) -> None:
            here = await session.location.get_latest()
            await session.audio.speak(f"You are at {here.lat}, {here.lng}.", volume=0.5)

        session.events.on("button_press", tell)


async def test_what_is_said_and_where_the_wearer_is():
    async with simulate(Guide, model="Simulated Glasses") as glasses:
        await glasses.move(48.2, 16.37)
        await glasses.press()

        assert list(glasses.spoken) == ["You are at 48.2, 16.37."]
        assert [(sound.text, sound.volume) for sound in glasses.sounds] == [("You are at 48.2, 16.37.", 0.5)]


class Photographer(AppServer):
    """Takes a photo when asked to, and streams when asked long enough."""

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        async def take(press: ButtonPress) -> None:
            try:
                if press.press_type == "long":
                    await session.camera.start_stream("rtmp://video.example.com/live")
                else:
                    photo = await session.camera.request_photo()
                    session.layouts.show_text_wall(f"{photo.mime_type} {photo.size_bytes}")
            except (PhotoError, PermissionDenied) as error:
                session.layouts.show_text_wall(error.code)

        session.events.on("button_press", take)


async def test_photos_are_those_of_the_test(tmp_path: Path):
    (tmp_path / "cat.png").write_bytes(b"\x89PNG\r\n\x1a\ncat")

    async with simulate(Photographer, model="Mentra Live") as glasses:
        await glasses.press()
        await glasses.wait_for_display("image/jpeg 3758")
        glasses.photo(tmp_path / "cat.png")
        await glasses.press()
        await glasses.wait_for_display("image/png 11")
        glasses.photo(b"GIF89a")
        await glasses.press()
        await glasses.wait_for_display("image/gif 6")


async def test_photos_are_refused_and_granted_again():
    async with simulate(Photographer, model="Mentra Live") as glasses:
        glasses.fail_photos("CAMERA_BUSY")
        await glasses.press()
        await glasses.wait_for_display("CAMERA_BUSY")
        glasses.fail_photos(None)
        await glasses.press()
        await glasses.wait_for_display("image/jpeg")


async def test_a_permission_is_denied():
    async with simulate(Photographer, model="Mentra Live", permissions=["ALL"]) as glasses:
        glasses.deny("CAMERA")
        await glasses.press()

        await glasses.wait_for_display("PERMISSION_DENIED")
        declared = set(glasses.glasses.permissions(PACKAGE_NAME))
        assert declared == set(Permission) - {Permission.ALL, Permission.CAMERA}


async def test_all_waits_of_the_real_cloud_can_be_had():
    async with simulate(Echo, faithful=True) as glasses:
        assert glasses.display.startswith("// MentraOS - Starting App")

        await asyncio.sleep((BOOT_MS + THROTTLE_MS) / 1000)
        for text in ("one", "two", "three"):
            await glasses.say(text)
        assert glasses.display == "one"

        await glasses.wait_for_display("three", timeout=2 * THROTTLE_MS / 1000)


async def test_a_bad_network_can_be_had():
    async with simulate(Echo) as glasses:
        glasses.set_network(latency_s=0.3)
        await glasses.say("late")
        assert glasses.display != "late"
        await glasses.wait_for_display("late")

        glasses.set_network(loss=1.0)
        await glasses.say("lost")
        await glasses.go_offline()
        await glasses.go_online()
        glasses.set_network()
        assert glasses.display == "late"


async def test_a_recording_is_heard_and_speech_grows():
    class Meter(AppServer):
        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            heard: list[str] = []
            show = session.layouts.show_text_wall
            session.events.on_audio_chunk(lambda chunk: show(f"{chunk.duration_s:g} s"))
            session.events.on_transcription(lambda speech: (heard.append(speech.text), show(" | ".join(heard))))

    async with simulate(Meter) as glasses:
        await glasses.hear(wav(bytes(3200)))
        assert glasses.display == "0.1 s"

        await glasses.say("good morning", word_by_word=True)
        assert glasses.display == "good | good morning | good morning"


async def test_what_is_streamed_can_be_seen():
    async with simulate(Photographer, model="Mentra Live") as glasses:
        assert glasses.video is None

        await glasses.press(press_type="long")

        assert glasses.video is not None
        assert (glasses.video.url, glasses.video.status) == ("rtmp://video.example.com/live", "active")


async def test_what_happens_to_a_wearer_can_happen_in_a_test():
    class Notes(AppServer):
        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            show = session.layouts.show_text_wall
            session.events.on_custom_message(lambda message: show(message.action))
            session.events.on_audio_chunk(lambda chunk: show(len(chunk.data)))
            session.events.on_glasses_battery(lambda battery: show(f"{battery.level} %"))
            session.events.on_capabilities_update(lambda update: show(update.model_name))
            session.events.on_reconnected(lambda news: show("back"))

    async with simulate(Notes) as glasses:
        seen: list[str] = []
        for happen in (
            glasses.send_custom_message("update_datetime"),
            glasses.send_audio(bytes(6)),
            glasses.set_battery(7),
            glasses.put_on("Mentra Live"),
        ):
            await happen
            seen.append(glasses.display)
        glasses.drop_connection()

        assert seen == ["update_datetime", "6", "7 %", "Mentra Live"]
        assert await glasses.wait_for_display("back")
        assert glasses.model == "Mentra Live"


async def test_the_cloud_can_be_restarted_and_have_more_users():
    class Counter(AppServer):
        begun = 0

        async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
            self.begun += 1
            session.layouts.show_text_wall(f"{self.begun} {user_id}")

    async with simulate(Counter) as glasses:
        bob = glasses.cloud.connect_glasses("bob@example.com")
        await bob.start(PACKAGE_NAME)
        assert await bob.wait_for_display("2 bob@example.com")
        await bob.leave()

        await glasses.cloud.restart(down_s=0.2)
        assert await glasses.wait_for_display("3 you@example.com")


async def test_a_picture_of_the_display_is_a_png_and_a_file(tmp_path: Path):
    async with simulate(Echo) as glasses:
        before = glasses.screenshot()
        await glasses.say("hello")
        picture = glasses.screenshot(tmp_path / "hello.png")

    assert picture.startswith(b"\x89PNG")
    assert picture != before
    assert (tmp_path / "hello.png").read_bytes() == picture


@pytest.mark.parametrize(
    ("happen", "part", "model"),
    [
        (lambda glasses: glasses.press(), "button", "Even Realities G1"),
        (lambda glasses: glasses.look_up(), "motion sensors", "Vuzix Z100"),
        (lambda glasses: glasses.take_photo(b""), "camera", "Even Realities G1"),
    ],
)
async def test_what_the_glasses_cannot_do_is_an_error_that_says_which_can(
    happen: Callable[[SimulatedGlasses], Awaitable[None]], part: str, model: str
):
    async with simulate(Echo, model=model) as glasses:
        with pytest.raises(HardwareUnavailable) as caught:
            await happen(glasses)
        await glasses.put_on("Mentra Live")
        await happen(glasses)
        await glasses.put_on("Novelty Glasses")
        await happen(glasses)

    assert (caught.value.feature, caught.value.model_name) == (part, model)
    assert str(caught.value).startswith(
        f"The {model} have no {part}, so this cannot happen. Wear others, such as simulate(..., model="
    )


async def test_the_same_tool_called_twice_is_two_calls():
    class Counter(AppServer):
        count = 0

        @tool
        async def increase(self) -> str:
            """Count."""
            self.count += 1
            return str(self.count)

    async with simulate(Counter) as glasses:
        assert [await glasses.call_tool("increase") for _ in range(8)] == [str(number) for number in range(1, 9)]


class Device(AppServer):
    """Shows what its glasses and its cloud do to it."""

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        session.device.on_change("battery_level", lambda level: session.layouts.show_text_wall(f"{level} %"))

        @session.events.on_transcription
        async def heard(speech: Transcription) -> None:
            try:
                if speech.text == "wifi":
                    session.device.request_wifi_setup("for the video")
                elif speech.text == "speak":
                    await session.audio.speak("hello")
                else:
                    await session.storage.set("said", speech.text)
                    await session.storage.flush()
            except (AudioError, StorageError) as error:
                session.layouts.show_text_wall(str(error))


async def test_how_the_glasses_are_is_told():
    async with simulate(Device) as glasses:
        await glasses.set_battery(7)
        assert glasses.display == "7 %"

        await glasses.report(DeviceState(battery_level=6))
        assert glasses.display == "6 %"


async def test_a_wish_for_wifi_is_seen():
    async with simulate(Device, model="Mentra Live") as glasses:
        await glasses.say("wifi")

        assert list(glasses.wifi_setups) == [WifiSetup(package_name=PACKAGE_NAME, reason="for the video")]


async def test_sounds_are_refused_and_played_again():
    async with simulate(Device) as glasses:
        glasses.fail_sounds("no battery")
        await glasses.say("speak")
        assert await glasses.wait_for_display("no battery")

        glasses.fail_sounds(None)
        await glasses.say("speak")
        assert (list(glasses.spoken), glasses.errors) == (["hello", "hello"], [])


async def test_storage_fails_as_often_as_it_shall():
    async with simulate(Device) as glasses:
        glasses.fail_storage(500, times=1)
        await glasses.say("a")
        assert await glasses.wait_for_display("500")

        await glasses.say("b")
        await glasses.app.storage_for(glasses.user_id).flush()
        assert glasses.stored == {"said": "b"}
