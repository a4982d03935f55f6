"""Speech as the cloud tells of it: made of the text, because nothing listens here.

Source: docs/protocol.md, Language streams.
"""

import itertools
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec

from mentra.protocol import codec
from mentra.protocol.streams import Soniox, SpeechMetadata, SpeechToken, Transcription, Translation

PROVIDER = "soniox"
"""Who recognises and translates speech for the clouds of 2025 and of 2026. Here nobody does."""
SPEECH_MS = 1000
"""The cloud calls every utterance this long, whatever was said."""
SPEAKER_ID = "0"
"""Of the only speaker."""
INTERIM_CONFIDENCE = 0.95
INTERIM_TOKENS = 10
"""How many tokens an interim result has at most: the last ones."""


class Recogniser:
    """What hears one user.

    Args:
        generation: 2 tells of speech as the cloud of 2025 does. That of 2026 (3) says besides which results are of one
            utterance, who speaks and in which language, and counts time from its own beginning.
    """

    def __init__(self, now: Callable[[], datetime], *, generation: int) -> None:
        self._now = now
        self._generation = generation
        self._began_ms = self._now_ms()
        self._utterances: dict[str, str] = {}
        """Ids of what is not over yet, by language."""

    def hear(self, text: str, *, language: str, is_final: bool) -> Transcription:
        """Return what the cloud makes of a text that somebody says."""
        now_ms = self._now_ms()
        result = Transcription(
            text=text,
            is_final=is_final,
            confidence=None if is_final else INTERIM_CONFIDENCE,
            start_ms=now_ms,
            end_ms=now_ms + SPEECH_MS,
            language=language,
            provider=PROVIDER,
            metadata=_metadata(text, is_final=is_final),
        )
        if self._generation == 2:
            return result
        utterance_id = self._utterances.setdefault(language, secrets.token_hex(8))
        if is_final:
            del self._utterances[language]
        return msgspec.structs.replace(
            result,
            start_ms=now_ms - self._began_ms,
            end_ms=now_ms - self._began_ms + SPEECH_MS,
            utterance_id=utterance_id,
            speaker_id=SPEAKER_ID,
            detected_language=language.partition("-")[0],
        )

    def _now_ms(self) -> int:
        return int(self._now().timestamp() * 1000)


def translation(
    text: str, *, source: str, target: str, original_text: str | None = None, is_final: bool = True
) -> Translation:
    """Return what the cloud makes of a text that somebody says and that it translates.

    Args:
        text: In the target language.
        original_text: In the source language.
    """
    return Translation(
        text=text,
        original_text=original_text,
        is_final=is_final,
        start_ms=0,  # Since the beginning of the speech, as nobody knows when the cloud began to listen.
        end_ms=SPEECH_MS,
        duration_ms=SPEECH_MS,
        language=source,
        target_language=target,
        did_translate=source != target,
        provider=PROVIDER,
    )


def growing(text: str) -> Iterator[str]:
    """Return what has been said after each word."""
    return itertools.accumulate(text.split(), "{} {}".format)


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
