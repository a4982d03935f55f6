"""What the cloud decides about names: session ids, subscriptions, and who receives which event.

Where the clouds of 2025 and of 2026 decide differently, ``generation`` says which of them is asked: 2 or 3.

Source: MentraOS cloud/packages/cloud/src/services/session/SubscriptionManager.ts,
services/session/transcription/TranscriptionManager.ts, services/session/translation/TranslationManager.ts,
services/permissions/simple-permission-checker.ts, services/websocket/websocket-app.service.ts (Dec 2025, Jun 2026);
docs/protocol.md, Streams.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, cast

from mentra.protocol import streams
from mentra.protocol.location import LOCATION_STREAM
from mentra.protocol.permissions import Permission, is_granted
from mentra.protocol.streams import RTMP_STATUS, VIDEO_STATUS, Location, TouchEvent, Transcription, Translation
from mentra.protocol.subscriptions import (
    AUTO,
    DEFAULT_LANGUAGE,
    EVERYTHING,
    SOURCE_AND_TARGET,
    StreamName,
    parse_stream,
    system_setting_stream,
    transcription_stream,
)


def user_of(session_id: str) -> str | None:
    """Return the user that a session id names, or ``None`` when it names none.

    The cloud splits at the first hyphen, so a user with a hyphen in the address is never found
    (docs/protocol.md, Handshake).
    """
    user_id, hyphen, _ = session_id.partition("-")
    return user_id if hyphen else None


def read_subscriptions(value: Any) -> tuple[str, ...]:
    """Return the stream names in the ``subscriptions`` of an app, whatever JSON the app put there.

    Members that are neither text nor a location stream are skipped. Text in place of the list is a list of its
    letters, which are names of nothing.

    Raises:
        ValueError: The value is neither a list nor text.
    """
    if not isinstance(value, list | str):
        raise ValueError(f"Invalid subscription type: {value!r}")
    names = (_stream_name(member) for member in cast(Sequence[object], value))
    return tuple(dict.fromkeys(name for name in names if name is not None))


def location_rate(value: Any) -> str | None:
    """Return the tier of accuracy in the ``subscriptions`` of an app; of several the last counts."""
    rate: Any = None
    for member in cast(Sequence[object], value if isinstance(value, list) else ()):
        if isinstance(member, Mapping) and _stream_name(cast(object, member)) is not None:
            rate = cast(Mapping[str, Any], member).get("rate")
    return rate if isinstance(rate, str) else None


def _stream_name(member: object) -> str | None:
    if isinstance(member, Mapping):
        stream = cast(Mapping[str, Any], member).get("stream")
        return LOCATION_STREAM if stream == LOCATION_STREAM else None
    if not isinstance(member, str):
        return None
    return transcription_stream() if member == Transcription.stream else member


def permitted(names: Collection[str], permissions: Collection[str], *, generation: int = 2) -> tuple[str, ...]:
    """Return the subscriptions that an app with these permissions may have. The others are dropped silently."""
    return tuple(name for name in names if is_granted(permission_for(name, generation=generation), permissions))


def permission_for(name: str, *, generation: int = 2) -> Permission | None:
    """Return the permission that the cloud wants for a subscription."""
    if generation == 3 and name in (RTMP_STATUS, VIDEO_STATUS):
        # It knows the stream by its new name only.
        return Permission.CAMERA if name == VIDEO_STATUS else None
    return streams.permission_for(name)


def is_made(stream: str, subscriptions: Iterable[str], *, generation: int = 2) -> bool:
    """Return whether there is an event at all: what is said is recognised or translated only if somebody asked for it.

    Args:
        stream: The event's own name.
        subscriptions: Those of all apps of the user. Whether results reach who opened a stream is another question.
    """
    base, detail, _ = parse_stream(stream)
    if base not in (Transcription.stream, Translation.stream) or not detail:
        return True
    asked = [name.detail for name in map(parse_stream, subscriptions) if name.base == base]
    return detail in asked or (generation == 3 and base == Transcription.stream and AUTO in asked)


def delivered_as(
    subscriptions: Collection[str],
    stream: str,
    *,
    language: str | None = None,
    gesture: str | None = None,
    generation: int = 2,
) -> str | None:
    """Return the ``streamType`` under which an event reaches an app, or ``None`` when it does not.

    Args:
        subscriptions: What the app subscribed to.
        stream: The event's own name: ``button_press``, ``transcription:en-US``; ``transcription`` alone is
            speech that was recognised on the phone.
        language: Of speech recognised on the phone; ``None`` is US English.
        gesture: Of a touch event.
    """
    everything = not EVERYTHING.isdisjoint(subscriptions)
    match parse_stream(stream).base:
        case TouchEvent.stream:
            specific = f"{TouchEvent.stream}:{gesture}"
            if specific in subscriptions or everything:
                return specific
            return TouchEvent.stream if TouchEvent.stream in subscriptions else None
        case Location.stream if LOCATION_STREAM in subscriptions:
            return Location.stream
        case Transcription.stream if stream == Transcription.stream:
            wanted = f"{Transcription.stream}:{language or DEFAULT_LANGUAGE}"
        case _:
            wanted = stream
    if generation == 3 and (own := _own_name(subscriptions, parse_stream(wanted), wanted)) is not None:
        return own
    if generation == 3 and everything:
        return wanted
    return stream if everything or wanted in subscriptions else None


def _own_name(subscriptions: Collection[str], event: StreamName, wanted: str) -> str | None:
    """Return the subscription of an app to which an event of a language belongs; the cloud of 2026 names it by that."""
    if event.base not in (Transcription.stream, Translation.stream):
        return None
    asked = {name: parse_stream(name) for name in subscriptions}
    same = [name for name, parts in asked.items() if parts[:2] == event[:2]]
    if same:
        return same[0]
    if event.base == Transcription.stream:
        return next((name for name, parts in asked.items() if parts[:2] == (event.base, AUTO)), None)
    # Targets are not compared: who wants Spanish gets the French, too, if somebody else wants that.
    sources = [_source(parts) for parts in asked.values() if parts.base == Translation.stream]
    return wanted if _source(event) in sources else None


def _source(translation: StreamName) -> str:
    return translation.detail.partition(SOURCE_AND_TARGET)[0]


def hears_system_setting(subscriptions: Collection[str], key: str, *, generation: int = 2) -> bool:
    """Return whether an app is told of a change of a setting of MentraOS."""
    if generation == 3:
        return any(name.startswith(system_setting_stream("")) for name in subscriptions)
    return any(system_setting_stream(name) in subscriptions for name in (key, *EVERYTHING))
