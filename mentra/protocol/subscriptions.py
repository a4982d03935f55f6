"""The names in a subscription: build them, take them apart, tell which one an event belongs to.

``transcription:en-US``, ``translation:en-US-to-es-ES``, ``touch_event:double_tap``, ``button_press``. Everything
after ``?`` is an option of the stream, not part of its name.

The rules for the options of a language stream:

* They are for the recogniser. Who listens for a language gets all that is said in it, whatever the options.
* A cloud of 2025 delivers nothing for a name with options, nor for the language ``auto``. There the name is sent
  without options, and US English stands for ``auto``.
* For one language one name is sent: two would bring each utterance twice. The hints of all who listen are joined, and
  the language is detected if one of them wants that.

Source: @mentra/sdk 2.1.29 dist/types/streams.d.ts; docs/protocol.md, Language streams.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from mentra.protocol.remembered import Remembered
from mentra.protocol.streams import LOCAL_TRANSCRIPTION, TouchEvent, Transcription, Translation

_LANGUAGE = re.compile(r"[a-z]{2,3}-[A-Z]{2}")
_HINT = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")

EVERYTHING = frozenset({"*", "all"})
"""Subscriptions that every event belongs to."""

SPEECH_STREAMS = frozenset({Transcription.stream, LOCAL_TRANSCRIPTION})
"""Streams that may be named without their language, which then stands in the payload."""

DEFAULT_LANGUAGE = "en-US"
"""What the cloud makes of a bare ``transcription``."""
AUTO = "auto"
"""In place of the language of a transcription: whatever is spoken."""
ANY_SOURCE = "all"
"""In place of the first language of a translation: whatever is spoken."""
SOURCE_AND_TARGET = "-to-"
"""Between the two languages of a translation."""

_LANGUAGE_STREAMS = frozenset({Transcription.stream, Translation.stream})
_SYSTEM_SETTING = "augmentos"
_NO_IDENTIFICATION = "no-language-identification"
_HINTS = "hints"


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
    return _PARSED[name]


def _parse(name: str) -> StreamName:
    plain, _, options = name.partition("?")
    base, _, detail = plain.partition(":")
    return StreamName(base, detail, options)


_PARSED = Remembered(_parse, length=len)


def transcription_stream(language: str = DEFAULT_LANGUAGE) -> str:
    """Return the stream of speech in one language.

    Raises:
        ValueError: The cloud would accept this code and never deliver anything for it.
    """
    return f"{Transcription.stream}:{_checked(language)}"


def transcription_subscription(
    language: str = DEFAULT_LANGUAGE, *, hints: Sequence[str] = (), detect_language: bool = True
) -> str:
    """Return the subscription for speech in one language, with options.

    Args:
        language: ``"en-US"``, or ``"auto"``.
        hints: Languages that may be spoken as well: ``["es", "fr-FR"]``.
        detect_language: Whether the recogniser looks for other languages.

    Raises:
        ValueError: One of the codes is none that MentraOS knows.
    """
    options: dict[str, str] = {} if detect_language else {_NO_IDENTIFICATION: "true"}
    if isinstance(hints, str):
        raise ValueError(f"hints must be a list of language codes, such as [{hints!r}], not text.")
    if wrong := [hint for hint in hints if not _HINT.fullmatch(hint)]:
        raise ValueError(f"{wrong[0]!r} is not a language hint. Write a language, such as 'es' or 'es-ES'.")
    if hints:
        options[_HINTS] = ",".join(hints)
    name = f"{Transcription.stream}:{AUTO}" if language == AUTO else transcription_stream(language)
    return _with_options(name, options)


def translation_stream(source: str, target: str) -> str:
    """Return the stream of speech that is translated.

    Args:
        source: The language that is spoken, or ``"all"``.

    Raises:
        ValueError: The cloud would accept this code and never deliver anything for it.
    """
    if source == AUTO:
        raise ValueError(f"A translation from any language has the source {ANY_SOURCE!r}, not {AUTO!r}.")
    spoken = ANY_SOURCE if source == ANY_SOURCE else _checked(source)
    return f"{Translation.stream}:{spoken}{SOURCE_AND_TARGET}{_checked(target)}"


def system_setting_stream(key: str) -> str:
    """Return the subscription for changes of one setting of MentraOS: ``augmentos:metricSystemEnabled``."""
    return f"{_SYSTEM_SETTING}:{key}"


def gesture_stream(gesture: str) -> str:
    """Return the stream of one gesture: ``touch_event:double_tap``."""
    return f"{TouchEvent.stream}:{gesture}"


def _checked(language: str) -> str:
    if not _LANGUAGE.fullmatch(language):
        raise ValueError(
            f"{language!r} is not a language code that MentraOS knows. "
            "Write language and region, such as 'en-US', 'es-ES' or 'yue-CN'."
        )
    return language


def heard_as(subscription: str, *, options: bool) -> str:
    """Return the subscription by which a cloud delivers what is wanted.

    Args:
        subscription: What is wanted.
        options: Whether this cloud delivers to subscriptions with options, and for ``auto``.
    """
    base, detail, _ = parse_stream(subscription)
    if options or base not in _LANGUAGE_STREAMS:
        return subscription
    if base == Transcription.stream and detail == AUTO:
        return transcription_stream()
    return f"{base}:{detail}" if detail else base


def wire_names(subscriptions: Iterable[str], *, options: bool) -> tuple[str, ...]:
    """Return the list for the cloud: each stream once, in the order in which it was first wanted.

    Args:
        options: As in ``heard_as``.
    """
    return _WIRE_NAMES[tuple(subscriptions), options]


def _find_wire_names(wanted_and_options: tuple[tuple[str, ...], bool]) -> tuple[str, ...]:
    subscriptions, options = wanted_and_options
    wanted: dict[str, list[str]] = {}
    for subscription in subscriptions:
        base, detail, _ = parse_stream(name := heard_as(subscription, options=options))
        plain = f"{base}:{detail}" if base in _LANGUAGE_STREAMS and detail else name
        names = wanted.setdefault(plain, [])
        if name not in names:
            names.append(name)
    return tuple(names[0] if len(names) == 1 else _joined(plain, names) for plain, names in wanted.items())


_WIRE_NAMES = Remembered(_find_wire_names, length=lambda key: len(str(key)))


def _joined(plain: str, names: Sequence[str]) -> str:
    """Return one subscription for all of the same language."""
    given = [dict(parse_qsl(parse_stream(name).options, keep_blank_values=True)) for name in names]
    options = {key: value for each in given for key, value in each.items()}
    if any(_NO_IDENTIFICATION not in each for each in given):
        options.pop(_NO_IDENTIFICATION, None)
    hints = dict.fromkeys(hint for each in given if _HINTS in each for hint in each[_HINTS].split(","))
    return _with_options(plain, {**options, **({_HINTS: ",".join(hints)} if hints else {})})


def _with_options(name: str, options: dict[str, str]) -> str:
    return f"{name}?{urlencode(options)}" if options else name


def might_match(subscription: str, stream_type: str) -> bool:
    """Return whether an event can belong to a subscription, before its payload is read; ``matches`` decides.

    Args:
        subscription: As it was sent to the cloud.
        stream_type: ``streamType`` of the event.
    """
    if needs_payload(stream_type):
        return subscription in (stream_type, *EVERYTHING) or parse_stream(subscription).base == Transcription.stream
    return matches(subscription, stream_type)


def needs_payload(stream_type: str) -> bool:
    """Return whether only the payload says which subscription an event belongs to: it has the language."""
    base, detail, _ = parse_stream(stream_type)
    return base in SPEECH_STREAMS and not detail


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
    wanted = parse_stream(subscription)
    if base in SPEECH_STREAMS:
        languages = (detail,) if detail else (getattr(data, "language", None) or DEFAULT_LANGUAGE, AUTO)
        return wanted.base == Transcription.stream and wanted.detail in ("", *languages)
    if base == Translation.stream and detail:
        return wanted.base == base and wanted.detail in ("", detail)
    return bool(detail) and subscription in (base, f"{base}:{detail}")
