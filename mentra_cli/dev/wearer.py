"""The control interface's actions of a wearer: each happens to virtual glasses, and is answered with what they show."""

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from mentra.bitmaps.bitmap import Bitmap
from mentra.errors import HardwareUnavailable, NotConnected
from mentra.localcloud import DEFAULT_MODEL, VirtualGlasses
from mentra.localcloud.display.panels import panel_of
from mentra.localcloud.models import missing_part, models_for
from mentra.localcloud.phone.recordings import frames, seconds
from mentra.localcloud.rules import delivered_as
from mentra.protocol import codec
from mentra.protocol.cloud_to_app import CustomMessage
from mentra.protocol.streams import AudioChunk, misspelt_stream
from mentra.protocol.subscriptions import parse_stream
from mentra.protocol.webhooks import ToolFailure
from mentra_cli.dev import actions
from mentra_cli.dev.actions import Event, Shown, ToolAnswer
from mentra_cli.dev.control_messages import (
    AppRequest,
    Handler,
    Picture,
    Refused,
    Request,
    Screen,
    Screenshot,
    ScreenShown,
    Settings,
    SettingsNow,
    UserRequest,
)
from mentra_cli.dev.local_users import LocalApp, LocalUsers, Unheard, perceived
from mentra_cli.dev.waits import Waits

REACT_WITHIN_S = 0.4
"""How long the answer to an action waits for the glasses to show something else, besides what the network takes."""
SETTLE_S = 0.05
"""How long they have to go on showing it to be believed."""

Happen = Callable[[], Awaitable[object]]


class OfUsers:
    """What is about users with virtual glasses. Of those who are not there yet, one comes with the first request."""

    def __init__(self, users: LocalUsers | None) -> None:
        self._users = users

    @property
    def _there(self) -> LocalUsers:
        if self._users is None:
            raise Refused(
                409,
                "This mentra dev is connected to a real cloud: there are no virtual glasses.",
                "Use the real ones, or end it and start it without --cloud.",
            )
        return self._users

    async def _glasses(self, asked: UserRequest) -> VirtualGlasses:
        return await self._there.glasses_of(asked.user)

    def _app(self, asked: AppRequest) -> LocalApp:
        """Return the app that is meant.

        Raises:
            Refused: There is no such app, or several that may be meant.
        """
        apps = self._there.apps
        if not apps:
            raise Refused(409, "No code of the app is loaded.", "See why: mentra status")
        there_are = ", ".join(app.package_name for app in apps)
        if not asked.app and len(apps) > 1:
            raise Refused(400, f"There are several apps: {there_are}.", f"Name one: --app {apps[0].package_name}")
        found = [app for app in apps if asked.app in ("", app.package_name)]
        if not found:
            raise Refused(404, f"No app {asked.app!r} is installed here.", f"Installed: {there_are}.")
        return found[0]


class Wearer(OfUsers):
    """Carries out what a wearer does and sees."""

    def __init__(self, users: LocalUsers | None, waits: Waits) -> None:
        super().__init__(users)
        self._waits = waits

    def handlers(self) -> Mapping[type[Request], Handler]:
        """Return what answers each request."""
        return {
            actions.Say: self._say,
            actions.Press: self._event,
            actions.Touch: self._event,
            actions.Look: self._look,
            actions.Notify: self._event,
            actions.Dismiss: self._event,
            actions.Move: self._move,
            actions.Battery: self._event,
            actions.Calendar: self._event,
            actions.TakePhoto: self._take_photo,
            actions.Send: self._send,
            actions.Sound: self._sound,
            actions.CallTool: self._call_tool,
            actions.ChangeSettings: self._change_settings,
            actions.Wear: self._wear,
            actions.Drop: self._drop,
            actions.Start: self._start,
            actions.Leave: self._leave,
            Screen: self._screen,
            Settings: self._settings,
        }

    # Events of streams.

    async def _say(self, action: actions.Say) -> Shown:
        if not action.text.strip():
            raise ValueError("There is nothing to say.")
        streams = action.streams
        glasses = await self._glasses(action)
        self._there.spoke(action.user, action.text)

        async def speak() -> None:
            await glasses.say(
                action.text,
                language=action.language,
                is_final=not action.interim,
                word_by_word=action.word_by_word,
            )
            if action.to:
                await glasses.translate(
                    action.translation or action.text,
                    target=action.to,
                    source=action.language,
                    original_text=action.text,
                    is_final=not action.interim,
                )

        return await self._happen(glasses, streams, None, speak)

    async def _look(self, action: actions.Look) -> Shown:
        glasses = await self._glasses(action)
        listens = glasses.listeners(action.stream, msgspec.to_builtins(action.data))
        if action.direction != "up" or not glasses.dashboard or listens:
            return await self._event(action)
        await self._react(glasses, lambda: glasses.send(action.stream, msgspec.to_builtins(action.data)))
        return Shown(display=glasses.display, heard=False, dashboard=glasses.dashboard)

    async def _move(self, action: actions.Move) -> Shown:
        """Move the phone. Nobody has to listen: apps may ask where it is, at any time."""
        glasses, stream, data = await self._glasses(action), action.stream, msgspec.to_builtins(action.data)
        may_ask = any(not delivered_as(glasses.dropped(name), stream) for name in glasses.running)
        if not may_ask or await self._there.listens(glasses, (stream,), data):
            return await self._event(action)
        shown = await self._react(glasses, lambda: glasses.send(stream, data))
        return msgspec.structs.replace(shown, heard=False, warning=_KEPT)

    async def _event(self, action: Event) -> Shown:
        return await self._deliver(action, action.stream, msgspec.to_builtins(action.data))

    async def _take_photo(self, action: actions.TakePhoto) -> Shown:
        glasses = await self._glasses(action)
        try:
            glasses.camera.load(base64.b64decode(action.photo, validate=True))
        except binascii.Error as error:
            raise ValueError(f"The photo is no base64: {error}.") from error
        return await self._event(action)

    async def _send(self, action: actions.Send) -> Shown:
        if (meant := misspelt_stream(action.stream)) is not None:
            raise ValueError(f"There is no stream {action.stream!r}. Did you mean {meant!r}?")
        data = action.complete
        if action.stream == CustomMessage.stream:
            return await self._send_custom_message(action)
        read = codec.decode_stream(action.stream, codec.encode(data))
        if isinstance(read, codec.Malformed):
            raise ValueError(f"No app can read this as {action.stream}: {read.problem}")
        return await self._deliver(action, action.stream, data)

    async def _send_custom_message(self, action: actions.Send) -> Shown:
        """Send what comes in a frame of its own, though one subscribes to it as to a stream."""
        glasses = await self._glasses(action)
        name, payload = str(action.data.get("action", "")), action.data.get("payload")
        return await self._happen(glasses, (action.stream,), None, lambda: glasses.send_custom_message(name, payload))

    async def _deliver(self, action: UserRequest, stream: str, data: Mapping[str, Any]) -> Shown:
        glasses = await self._glasses(action)
        return await self._happen(glasses, (stream,), data, lambda: glasses.send(stream, data))

    async def _sound(self, action: actions.Sound) -> Shown:
        glasses = await self._glasses(action)

        async def play() -> None:
            for frame in frames(action.pcm):
                if action.real_time:
                    await self._waits.until(asyncio.Event(), seconds(frame))
                if self._waits.ended:
                    return
                await glasses.send_audio(frame)

        return await self._happen(glasses, (AudioChunk.stream,), None, play)

    async def _happen(
        self, glasses: VirtualGlasses, streams: Sequence[str], data: Mapping[str, Any] | None, happen: Happen
    ) -> Shown:
        unheard = await self._there.unheard(glasses, streams, data)
        shown = await self._react(glasses, happen, unheard)
        stream = parse_stream(streams[0]).base
        part = missing_part(stream, glasses.capabilities)
        return msgspec.structs.replace(shown, warning=_lacking(glasses.model, part, stream)) if part else shown

    # Everything else.

    async def _call_tool(self, action: actions.CallTool) -> ToolAnswer:
        app, glasses = self._app(action), await self._glasses(action)
        if app.tools is not None and action.name not in app.tools:
            there_are = ", ".join(app.tools) or "none"
            raise Refused(
                404,
                f"The app has no tool {action.name!r} and no on_tool_call. Its tools: {there_are}.",
                "Declare it in the app: @tool on a method, with its name.",
            )
        answer = await glasses.call_tool(app.package_name, action.name, action.parameters)
        shown = await self._react(glasses, _nothing)
        return ToolAnswer(answer=answer, failed=_is_failure(answer), display=shown.display)

    async def _settings(self, asked: Settings) -> SettingsNow:
        if asked.mentraos:
            return SettingsNow(values=(await self._glasses(asked)).system_settings)
        app, glasses = self._app(asked), await self._glasses(asked)
        without_value = {each.key: None for each in app.installed.schema() if each.key is not None}
        return SettingsNow(values={**without_value, **glasses.settings(app.package_name)})

    async def _change_settings(self, action: actions.ChangeSettings) -> Shown:
        if action.mentraos:
            glasses = await self._glasses(action)
            return await self._react(glasses, lambda: glasses.change_system_settings(action.values))
        package_name, glasses = self._app(action).package_name, await self._glasses(action)
        return await self._react(glasses, lambda: glasses.change_settings(package_name, action.values))

    async def _wear(self, action: actions.Wear) -> Shown:
        if action.off and (action.model or action.ssid is not None):
            raise ValueError("Glasses are put on or taken off: leave out off, or the rest.")
        # A new user wears them from the start.
        is_put_on = not action.model or self._there.choose(action.user, action.model) or action.ssid is not None
        glasses = await self._glasses(action)
        if action.off:
            return await self._react(glasses, glasses.take_off)
        if not is_put_on:
            return await self._react(glasses, _nothing)
        return await self._react(glasses, lambda: glasses.put_on(action.model or None, ssid=action.ssid))

    async def _drop(self, action: actions.Drop) -> Shown:
        package_name, glasses = self._app(action).package_name, await self._glasses(action)

        async def drop() -> None:
            glasses.drop_connection(package_name)

        try:
            return await self._react(glasses, drop)
        except NotConnected as error:
            raise Refused(409, str(error)) from error

    async def _start(self, action: actions.Start) -> Shown:
        if action.glasses and self._there.choose(action.user, action.glasses):
            await (await self._glasses(action)).put_on(action.glasses)
        app = self._app(action) if action.app else None
        if problem := await self._there.start(action.user, app):
            failed = self._there.failed(await self._glasses(action))
            raise Refused(409, problem, failed[0].fix if failed else "")
        return await self._react(await self._glasses(action), _nothing)

    async def _leave(self, action: actions.Leave) -> Shown:
        if not await self._there.leave(action.user):
            raise Refused(404, f"{action.user} is not there.", "See who is: mentra status")
        return Shown(display="")

    async def _screen(self, asked: Screen) -> ScreenShown:
        glasses = await self._glasses(asked)
        seen: list[tuple[str, Screenshot | None]] = []
        happened = asyncio.Event()

        def see() -> tuple[str, Screenshot | None]:
            return glasses.display, _screenshot(glasses) if asked.screenshot else None

        def look(_: VirtualGlasses) -> None:
            if not seen and asked.text in glasses.display:
                seen.append(see())
                happened.set()

        see()  # Glasses without a display are refused before anybody waits.
        look(glasses)
        forget = glasses.on_display(look)
        try:
            await self._waits.until(happened, asked.wait_s)
        finally:
            forget()
        (display, screenshot), now = seen[0] if seen else see(), perceived(glasses)
        return ScreenShown(
            display=display,
            dashboard=glasses.dashboard,
            dashboard_mode=glasses.dashboard_mode,
            bitmap=_picture(now.bitmap),
            light=now.light,
            sound=now.sound,
            video=now.video,
            screenshot=screenshot,
            found=bool(seen),
            warning=_unseen(glasses),
        )

    async def _react(self, glasses: VirtualGlasses, happen: Happen, unheard: Unheard | None = None) -> Shown:
        if unheard is None:
            await reaction(glasses, happen, self._waits)
            return Shown(display=glasses.display)
        await happen()
        return Shown(display=glasses.display, heard=False, problem=unheard.problem, fix=unheard.fix)


async def reaction(glasses: VirtualGlasses, happen: Happen, waits: Waits) -> None:
    """Let something happen, and give the app a moment to show something else, and what follows at once."""
    clock = asyncio.get_running_loop().time
    within_s = REACT_WITHIN_S + 2 * (glasses.network.latency_s + glasses.network.jitter_s)
    changed = asyncio.Event()
    forget = glasses.on_display(lambda _: changed.set())
    try:
        await happen()
        until = clock() + within_s
        await waits.until(changed, within_s)
        while changed.is_set() and not waits.ended and clock() < until:
            changed.clear()
            await waits.until(changed, min(SETTLE_S, until - clock()))
    finally:
        forget()


_KEPT = (
    "The app does not listen to location_update; it gets the place when it asks for it: session.location.get_latest()."
)


async def _nothing() -> None:
    pass


def _lacking(model: str, part: str, stream: str) -> str:
    others = models_for(stream)[0]
    return f"The {model} have no {part}: on real ones this cannot happen. Put on others: mentra wear {others!r}"


def _is_failure(answer: Any) -> bool:
    try:
        return msgspec.convert(answer, ToolFailure).error
    except msgspec.ValidationError:
        return False


def _unseen(glasses: VirtualGlasses) -> str | msgspec.UnsetType:
    if not glasses.is_worn:
        return "Nobody sees it: the glasses are taken off. Put them on: mentra wear"
    if glasses.capabilities is not None and not glasses.capabilities.has_display:
        others = f"mentra wear {DEFAULT_MODEL!r}"
        return f"Nobody sees it: the {glasses.model} have no display. Put on others: {others}"
    return msgspec.UNSET


def _screenshot(glasses: VirtualGlasses) -> Screenshot:
    try:
        panel = panel_of(glasses.model, glasses.capabilities)
    except HardwareUnavailable as error:
        raise Refused(
            409, f"The {glasses.model} have no display.", f"Put on others: mentra wear {DEFAULT_MODEL!r}"
        ) from error
    return Screenshot(width=panel.width, height=panel.height, png=glasses.screenshot())


def _picture(bitmap: Bitmap | None) -> Picture | None:
    if bitmap is None:
        return None
    return Picture(width=bitmap.width, height=bitmap.height, bmp=bitmap.to_bmp())
