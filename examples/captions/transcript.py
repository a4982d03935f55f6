"""What was said: utterances for the page, and the lines that the glasses show of them."""

import itertools
from dataclasses import dataclass
from datetime import datetime

from mentra import Transcription

from wrapping import CLOSING, wrap

KEPT_FOR_PAGE = 100
KEPT_FOR_GLASSES = 30


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """What one person said without a pause. While it is spoken it comes again and again, under the same id."""

    id: str
    text: str
    is_final: bool
    language: str
    speaker: str
    """As the recogniser numbers them; empty when it does not."""
    heard_at: str
    """ISO 8601, in UTC."""

    @property
    def voice(self) -> str:
        """Return what the glasses call the one who speaks: ``"es 2"``."""
        return f"{self.language.partition('-')[0]} {self.speaker}".strip()


class Transcript:
    """All that one user heard since the app was started."""

    def __init__(self) -> None:
        self._all: dict[str, Utterance] = {}
        self._recent: dict[str, Utterance] = {}
        self._ids = itertools.count(1)

    def hear(self, speech: Transcription, at: datetime) -> Utterance:
        """Add what was heard, in place of what was heard of the same utterance before."""
        language = speech.language or ""
        unfinished = [one.id for one in self._all.values() if not one.is_final and one.language == language]
        utterance = Utterance(
            id=speech.utterance_id or next(iter(unfinished), f"{language}#{next(self._ids)}"),
            text=speech.text.lstrip(f" {CLOSING}"),
            is_final=speech.is_final,
            language=language,
            speaker=str(speech.speaker_id or ""),
            heard_at=at.isoformat(),
        )
        for kept, most in ((self._all, KEPT_FOR_PAGE), (self._recent, KEPT_FOR_GLASSES)):
            kept[utterance.id] = utterance
            if len(kept) > most:
                del kept[next(iter(kept))]
        return utterance

    def utterances(self) -> list[Utterance]:
        """Return what the page shows, oldest first."""
        return list(self._all.values())

    def lines(self, columns: int, *, keep: int, break_words: bool) -> list[str]:
        """Return what the glasses show: the newest lines. Each change of voice begins a line, and is named."""
        said = [
            (voice, list(group)) for voice, group in itertools.groupby(self._recent.values(), lambda one: one.voice)
        ]
        lines: list[str] = []
        for voice, group in said:
            text = " ".join(one.text for one in group)
            label = f"[{voice}]: " if len(said) > 1 else ""
            lines += wrap(label + text, columns, break_words=break_words)
        return lines[-keep:]

    def clear_glasses(self) -> None:
        """Begin with empty glasses; the page keeps everything."""
        self._recent.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._all.clear()
        self._recent.clear()
