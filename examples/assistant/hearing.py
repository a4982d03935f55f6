"""What somebody wants who speaks to the assistant."""

import re
from collections.abc import Iterable

_STOP = re.compile(r"(please )?(stop|cancel|never ?mind|be quiet|thank you|thanks)\W*", re.IGNORECASE)
_SEE = re.compile(
    r"\b(see|look|looking|watch|read|photo|picture|image|this|these|in front of me|in my hand)\b", re.IGNORECASE
)


def after_wake_word(sentence: str, wake_words: Iterable[str]) -> str | None:
    """Return what follows the wake word, which may be nothing; ``None`` if it was not said.

    Punctuation and case do not matter: speech recognition guesses them.
    """
    for wake_word in wake_words:
        spoken = r"\W+".join(re.escape(word) for word in wake_word.split())
        if spoken and (found := re.search(rf"\b{spoken}\b\W*(.*)", sentence, re.IGNORECASE | re.DOTALL)):
            return found[1]
    return None


def is_stop(sentence: str) -> bool:
    """Return whether the assistant is told to be quiet."""
    return _STOP.fullmatch(sentence.strip()) is not None


def is_about_view(question: str) -> bool:
    """Return whether it takes a look to answer: "What is this?", "Can you read that sign?"."""
    return _SEE.search(question) is not None
