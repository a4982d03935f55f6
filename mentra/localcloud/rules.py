"""What the cloud decides about names: session ids, subscriptions, and who receives which event.

Source: MentraOS cloud/packages/cloud/src/services/session/SubscriptionManager.ts,
services/websocket/websocket-app.service.ts (Dec 2025); docs/protocol.md, Streams.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

from mentra.protocol.location import LOCATION_STREAM
from mentra.protocol.permissions import is_granted
from mentra.protocol.streams import Location, TouchEvent, Transcription, permission_for
from mentra.protocol.subscriptions import DEFAULT_LANGUAGE, EVERYTHING, parse_stream, transcription_stream


def user_of(session_id: str) -> str | None:
    """Return the user that a session id names, or ``None`` when it names none.

    The cloud splits at the first hyphen, so a user with a hyphen in the address is never found
    (docs/protocol.md, Handshake).
    """
    user_id, hyphen, _ = session_id.partition("-")
    return user_id if hyphen else None


def read_subscriptions(value: Any) -> tuple[str, ...]:
    """Return the stream names in the ``subscriptions`` of an app, whatever JSON the app put there.

    Members that are neither text nor a location stream are skipped; text in place of the list holds no stream.

    Raises:
        ValueError: The value is neither a list nor text.
    """
    if isinstance(value, str):
        return ()
    if not isinstance(value, list):
        raise ValueError(f"Invalid subscription type: {value!r}")
    names = (_stream_name(member) for member in cast(Sequence[object], value))
    return tuple(dict.fromkeys(name for name in names if name))


def _stream_name(member: object) -> str | None:
    if isinstance(member, Mapping):
        stream = cast(Mapping[str, Any], member).get("stream")
        return LOCATION_STREAM if stream == LOCATION_STREAM else None
    if not isinstance(member, str):
        return None
    return transcription_stream() if member == Transcription.stream else member


def permitted(names: Collection[str], permissions: Collection[str]) -> tuple[str, ...]:
    """Return the subscriptions that an app with these permissions may have. The others are dropped silently."""
    return tuple(name for name in names if is_granted(permission_for(name), permissions))


def delivered_as(
    subscriptions: Collection[str], stream: str, *, language: str | None = None, gesture: str | None = None
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
    return stream if everything or wanted in subscriptions else None
