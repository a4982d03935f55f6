"""Sound that an app plays: tracks, and the URLs under which the cloud speaks a text.

Source: @mentra/sdk 2.1.29 dist/app/session/modules/audio.d.ts; docs/protocol.md, Sound.
"""

from enum import IntEnum
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit

import msgspec

from mentra.protocol import codec
from mentra.protocol.base import Number, Wire
from mentra.protocol.rest import SPEECH


class AudioTrack(IntEnum):
    """What a sound is. Meant for mixing; neither cloud passes it on to the phone."""

    SPEAKER = 0
    APP = 1
    SPEECH = 2


class VoiceSettings(Wire, frozen=True, kw_only=True, rename=None):
    """How a voice speaks. What is left out is as the voice has it."""

    stability: Number | None = None
    """0 lively to 1 even."""
    similarity_boost: Number | None = None
    """0 to 1: how close to the original voice."""
    style: Number | None = None
    """0 to 1."""
    use_speaker_boost: bool | None = None
    speed: Number | None = None
    """1 is normal; about 0.7 to 1.2."""


class SpeechQuery(Wire, frozen=True, kw_only=True, rename=None):
    """The query of a URL that speaks."""

    text: str | None = None
    voice_id: str | None = None
    model_id: str | None = None
    voice_settings: str | None = None
    """``VoiceSettings`` as JSON."""


def speech_path(
    text: str, *, voice_id: str | None = None, model_id: str | None = None, voice_settings: VoiceSettings | None = None
) -> str:
    """Return path and query under which the cloud speaks a text."""
    query = SpeechQuery(
        text=text,
        voice_id=voice_id or None,
        model_id=model_id or None,
        voice_settings=None if voice_settings is None else codec.encode(voice_settings).decode(),
    )
    return f"{SPEECH}?{urlencode(msgspec.to_builtins(query))}"


def read_speech(url: str) -> SpeechQuery | None:
    """Return what a URL or path speaks; ``None`` when it is none that speaks."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.path != SPEECH:
        return None
    return msgspec.convert(dict(parse_qsl(parts.query, keep_blank_values=True)), SpeechQuery)


def encoded_length(text: str) -> int:
    """Return how many characters of a URL a text takes."""
    return len(quote_plus(text))
