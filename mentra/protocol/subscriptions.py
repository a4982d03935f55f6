"""The names in a subscription: build them, take them apart, tell which one an event belongs to.

``transcription:en-US``, ``translation:en-US-to-es-ES``, ``touch_event:double_tap``, ``button_press``. Everything
after ``?`` is an option of the stream, not part of its name.

Source: @mentra/sdk 2.1.29 dist/types/streams.d.ts; docs/protocol.md, Language streams.
"""

import re
from typing import Any, NamedTuple

from mentra.protocol.streams import LOCAL_TRANSCRIPTION, Transcription

_LANGUAGE = re.compile(r"[a-z]{2,3}-[A-Z]{2}")

EVERYTHING = frozenset({"*", "all"})
"""Subscriptions that every event belongs to."""

SPEECH_STREAMS = frozenset({Transcription.stream, LOCAL_TRANSCRIPTION})
"""Streams that may be named without their language, which then stands in the payload."""

DEFAULT_LANGUAGE = "en-US"
"""What the cloud makes of a bare ``transcription``."""


class StreamName(NamedTuple):
    """A subscription in its parts."""

    base: str
    """``transcription``"""
    detail: str
    """``en-US``; empty when there is none."""
    options: str
    """What followed ``?``; empty when there is nothing."""


def parse_stream(name: str) -> StreamName:
    """Take a subscription apart. Never fails: any text is a legal, if silent, subscription."""
    plain, _, options = name.partition("?")
    base, _, detail = plain.partition(":")
    return StreamName(base, detail, options)


def transcription_stream(language: str = DEFAULT_LANGUAGE) -> str:
    """Return the subscription for speech in one language.

    Raises:
        ValueError: The cloud would accept this code and never deliver anything for it.
    """
    return f"{Transcription.stream}:{_checked(language)}"


def _checked(language: str) -> str:
    if not _LANGUAGE.fullmatch(language):
        raise ValueError(
            f"{language!r} is not a language code that MentraOS knows. "
            "Write language and region, such as 'en-US', 'es-ES' or 'yue-CN'."
        )
    return language


def might_match(subscription: str, stream_type: str) -> bool:
    """Return whether an event can belong to a subscription, before its payload is read; ``matches`` decides.

    Args:
        subscription: As it was sent to the cloud.
        stream_type: ``streamType`` of the event.
    """
    base, detail, _ = parse_stream(stream_type)
    if base in SPEECH_STREAMS and not detail:  # Which language it is stands in the payload.
        return subscription in (stream_type, *EVERYTHING) or parse_stream(subscription).base == Transcription.stream
    return matches(subscription, stream_type)


def matches(subscription: str, stream_type: str, data: Any = None) -> bool:
    """Return whether an event belongs to a subscription.

    The cloud names an event by the subscription it was opened for, by that without its options, or, for speech
    recognised on the phone, by the bare stream (docs/protocol.md, Deviations).

    Args:
        subscription: As it was sent to the cloud.
        stream_type: ``streamType`` of the event.
        data: Its decoded payload; only ``language`` is looked at.
    """
    if subscription == stream_type or subscription in EVERYTHING:
        return True
    base, detail, _ = parse_stream(stream_type)
    if base in SPEECH_STREAMS:
        language = detail or getattr(data, "language", None) or DEFAULT_LANGUAGE
        return subscription in (Transcription.stream, f"{Transcription.stream}:{language}")
    return bool(detail) and subscription in (base, f"{base}:{detail}")
