"""What an event says by itself, before anybody says what happened.

Source: docs/protocol.md, Conventions, Streams.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from mentra.protocol.base import Wire, iso_timestamp, wire_name
from mentra.protocol.streams import (
    LOCAL_TRANSCRIPTION,
    CalendarEvent,
    Location,
    PayloadType,
    PhoneNotification,
    StreamData,
    TouchEvent,
    Transcription,
    Translation,
)
from mentra.protocol.subscriptions import parse_stream

# Streams whose payload the cloud makes itself and puts no ``timestamp`` into (docs/protocol.md, Conventions).
_UNTIMED = frozenset({Transcription.stream, Translation.stream, CalendarEvent.stream})
# What the cloud fills in where the phone says nothing.
_DEFAULTS = {PhoneNotification.stream: {wire_name(PhoneNotification, "priority"): "normal"}}


def payload_of(stream: str, data: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return the payload of an event, with the field names of the wire.

    Args:
        stream: The event's own name, with language or gesture.
        data: What is known of it; it goes before everything that is filled in.
        now: When it happens.
    """
    base, detail, _ = parse_stream(stream)
    filled_in: list[Wire] = [PayloadType(type=LOCAL_TRANSCRIPTION if stream == Transcription.stream else base)]
    if base not in _UNTIMED:
        # A location is stamped by the cloud, everything else by the phone.
        stamp = iso_timestamp(now) if base == Location.stream else int(now.timestamp() * 1000)
        filled_in.append(StreamData(timestamp=stamp))
    if base == TouchEvent.stream and detail:
        filled_in.append(TouchEvent(gesture_name=detail))
    payload: dict[str, Any] = dict(_DEFAULTS.get(base, {}))
    for part in filled_in:
        payload |= msgspec.to_builtins(part)
    return {**payload, **data}
