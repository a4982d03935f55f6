"""What happens to a wearer, their glasses and their phone, as events of streams. Everything goes through ``send``."""

from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from mentra.localcloud.phone.speech import translation
from mentra.protocol.base import iso_timestamp
from mentra.protocol.streams import (
    GLASSES_CONNECTED,
    GLASSES_DISCONNECTED,
    CalendarEvent,
    GlassesBattery,
    GlassesConnection,
    HeadPosition,
    PhoneBattery,
    PhoneNotification,
    PhoneNotificationDismissed,
    PhotoTaken,
    StreamData,
    TouchEvent,
    VoiceActivity,
    WifiState,
)
from mentra.protocol.subscriptions import ANY_SOURCE, DEFAULT_LANGUAGE, translation_stream
from mentra.wrong_names import unknown_name


class Happenings(ABC):
    """Lets things happen. Each method returns after the app had some turns of the event loop to react."""

    @property
    @abstractmethod
    def model(self) -> str:
        """The model of the glasses."""

    @abstractmethod
    def now(self) -> datetime:
        """Return the present moment, with which events are stamped."""

    @abstractmethod
    async def send(self, stream: str, data: Mapping[str, Any]) -> None:
        """Let any event happen, with the field names of the wire."""

    async def look_up(self) -> None:
        """Look up."""
        await self._happen(HeadPosition(position="up"))

    async def look_down(self) -> None:
        """Look down again."""
        await self._happen(HeadPosition(position="down"))

    async def touch(self, gesture: str = "single_tap") -> None:
        """Make a gesture on the touch area, such as ``"double_tap"`` or ``"forward_swipe"``."""
        await self._happen(TouchEvent(gesture_name=gesture, device_model=self.model))

    async def set_speaking(self, speaking: bool, /) -> None:
        """Begin to speak, or stop, as the phone notices it; what is said comes by ``say``."""
        await self._happen(VoiceActivity(status=speaking))

    async def translate(
        self,
        text: str,
        *,
        target: str,
        source: str = DEFAULT_LANGUAGE,
        original_text: str | None = None,
        is_final: bool = True,
    ) -> None:
        """Say something that the cloud translates; subscribers of ``all`` languages hear it, too.

        Args:
            text: What was understood, in the target language.
            target: The language translated to.
            source: The language that was spoken.
            original_text: What was said.
            is_final: False for an interim result, which repeats the whole utterance so far.

        Raises:
            ValueError: The cloud has no such language.
        """
        speech = translation(text, source=source, target=target, original_text=original_text, is_final=is_final)
        for spoken in (source, ANY_SOURCE):
            await self.send(translation_stream(spoken, target), msgspec.to_builtins(speech))

    async def notify(
        self,
        title: str,
        content: str = "",
        *,
        app: str = "Messages",
        priority: str = "normal",
        notification_id: str = "1",
        package_name: str | None = None,
    ) -> None:
        """Have a notification arrive on the phone."""
        await self._happen(
            PhoneNotification(
                notification_id=notification_id,
                app=app,
                title=title,
                content=content,
                priority=priority,
                package_name=package_name,
            )
        )

    async def dismiss(self, notification_id: str = "1", *, package_name: str = "com.example.messages") -> None:
        """Remove a notification from the phone. The cloud passes on neither its title nor its content."""
        await self._happen(
            PhoneNotificationDismissed(
                notification_id=notification_id, notification_key=notification_id, package_name=package_name
            )
        )

    async def set_battery(self, level: float, *, charging: bool = False) -> None:
        """Have the battery of the glasses at a level, 0 to 100 percent."""
        await self._happen(GlassesBattery(level=level, charging=charging))

    async def set_phone_battery(self, level: float, *, charging: bool = False) -> None:
        """Have the battery of the phone at a level, 0 to 100 percent. Few real phones, if any, tell of it."""
        await self._happen(PhoneBattery(level=level, charging=charging))

    async def add_calendar_event(
        self, title: str, start: datetime, end: datetime, *, event_id: str = "1", timezone: str = "UTC"
    ) -> None:
        """Have an entry in the phone's calendar. Apps that subscribe later get it then.

        Args:
            start: An aware datetime, as ``end``.
            end: When it is over.
            timezone: The name of the entry's time zone.
        """
        await self._happen(
            CalendarEvent(
                event_id=event_id,
                title=title,
                dt_start=iso_timestamp(start),
                dt_end=iso_timestamp(end),
                timezone=timezone,
                time_stamp=iso_timestamp(self.now()),
            )
        )

    async def take_photo(self, data: bytes, *, mime_type: str = "image/jpeg", filename: str | None = None) -> None:
        """Take a photo by the button of the glasses; apps that listen to ``photo_taken`` get it."""
        photo = b64encode(data).decode("ascii")
        await self._happen(PhotoTaken(photo_data=photo, mime_type=mime_type, filename=filename))

    async def put_on(self, model: str | None = None, *, ssid: str | None = None) -> None:
        """Put glasses on: those that were taken off, or others. They connect to the phone.

        Every running app is told what they can do, or ``None`` if nobody knows the model. An app that requires what
        they lack is stopped.

        Args:
            model: Which ones, such as ``"Mentra Live"``; ``None`` for the same as before.
            ssid: The Wi-Fi network that they are in; ``None`` says nothing of it.
        """
        wifi = None if ssid is None else WifiState(connected=True, ssid=ssid)
        await self._happen(GlassesConnection(model_name=model or self.model, status=GLASSES_CONNECTED, wifi=wifi))

    async def take_off(self) -> None:
        """Take the glasses off: the phone loses them. Nothing is shown any more, and photos are refused."""
        await self._happen(GlassesConnection(model_name=self.model, status=GLASSES_DISCONNECTED))

    async def _happen(self, event: StreamData) -> None:
        await self.send(event.stream, msgspec.to_builtins(event))

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise unknown_name(self, name, moved=MOVED)


MOVED = {
    "tap": 'touch("single_tap")',
    "doubleTap": 'touch("double_tap")',
    "longPress": 'press(press_type="long") or touch("long_press")',
    "swipe": 'touch("forward_swipe")',
    "gesture": 'touch("double_tap")',
    "look": "look_up() or look_down()",
    "nod": "look_up() or look_down()",
    "headUp": "look_up()",
    "headDown": "look_down()",
    "moveHead": "look_up() or look_down()",
    "pressButton": "press()",
    "button": "press()",
    "buttonPress": "press()",
    "click": "press()",
    "location": "move(lat, lng)",
    "setLocation": "move(lat, lng)",
    "setPosition": "move(lat, lng)",
    "goTo": "move(lat, lng)",
    "battery": "set_battery(level)",
    "batteryLevel": "set_battery(level)",
    "charge": "set_battery(level, charging=True)",
    "phoneBattery": "set_phone_battery(level)",
    "wear": "put_on(model)",
    "changeModel": "put_on(model)",
    "setModel": "put_on(model)",
    "connectToPhone": "put_on()",
    "don": "put_on()",
    "disconnectFromPhone": "take_off()",
    "doff": "take_off()",
    "remove": "take_off()",
    "speak": "say(text)",
    "speech": "say(text)",
    "talk": "say(text)",
    "transcribe": "say(text)",
    "transcription": "say(text)",
    "voice": "set_speaking(True)",
    "notification": "notify(title, content)",
    "sendNotification": "notify(title, content)",
    "calendarEvent": "add_calendar_event(title, start, end)",
    "showing": "display",
    "text": "display",
    "screen": "display",
    "layouts": "layout",
    "image": "bitmap",
    "picture": "screenshot(path)",
    "png": "screenshot(path)",
    "savePng": "screenshot(path)",
    "savePicture": "screenshot(path)",
    "capture": "screenshot(path)",
    "render": "screenshot(path)",
    "takeScreenshot": "screenshot(path)",
    "led": "leds",
    "light": "leds",
    "played": "sounds",
    "audio": "sounds, or send_audio(data) for the microphone,",
    "microphone": "send_audio(data)",
    "waitFor": "wait_for_display(text)",
    "waitForText": "wait_for_display(text)",
    "emit": "send(stream, data)",
    "updateSettings": "change_settings(...)",
    "setSettings": "change_settings(...)",
    "disconnect": "drop_connection(...) for an app, go_offline() for the phone, or take_off() for the glasses,",
    "reconnect": "go_online() for the phone, or put_on() for the glasses,",
    "latency": "set_network(latency_s=0.3)",
    "packetLoss": "set_network(loss=0.05)",
    "playWav": "hear(path)",
    "playAudio": "hear(path)",
    "interim": "say(text, is_final=False), or say(text, word_by_word=True),",
}
"""What all this is called by those who guess."""
