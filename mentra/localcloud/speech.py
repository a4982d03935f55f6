"""Speech as the cloud tells of it: made of the text, because nothing listens here.

Source: docs/protocol.md, Language streams.
"""

import msgspec

from mentra.protocol import codec
from mentra.protocol.streams import Soniox, SpeechMetadata, SpeechToken, Transcription

PROVIDER = "local"
"""Who recognises and translates speech here."""
SPEECH_MS = 1000
"""The cloud calls every utterance this long, whatever was said."""
INTERIM_CONFIDENCE = 0.95
INTERIM_TOKENS = 10
"""How many tokens an interim result has at most: the last ones."""


def transcription(text: str, *, language: str, is_final: bool, start_ms: int) -> Transcription:
    """Return what the cloud makes of a text that somebody says.

    Args:
        start_ms: When they began, in milliseconds since 1970.
    """
    return Transcription(
        text=text,
        is_final=is_final,
        confidence=None if is_final else INTERIM_CONFIDENCE,
        start_ms=start_ms,
        end_ms=start_ms + SPEECH_MS,
        language=language,
        provider=PROVIDER,
        metadata=_metadata(text, is_final=is_final),
    )


def _metadata(text: str, *, is_final: bool) -> msgspec.Raw:
    """Return what the recogniser says besides: each word with its time, of an interim result only."""
    words = text.split()
    step_ms = SPEECH_MS / len(words) if words else 0
    tokens = [
        SpeechToken(
            text=f" {word}" if number else word,
            start_ms=round(number * step_ms),
            end_ms=round((number + 1) * step_ms),
            confidence=INTERIM_CONFIDENCE,
            is_final=False,
        )
        for number, word in enumerate(words)
    ]
    soniox = None if is_final else Soniox(tokens=tokens[-INTERIM_TOKENS:])
    return msgspec.Raw(codec.encode(SpeechMetadata(provider=PROVIDER, soniox=soniox)))
