"""Text in lines that fit on the glasses."""

import re
import unicodedata

SHORTEST_HEAD = 3
"""A word is broken only behind so many letters."""
CLOSING = ".,;:!?\u3001\u3002\u300d\uff01\uff09\uff0c\uff1a\uff1b\uff1f"
"""No line begins with these; the second half is Chinese."""
_WIDE = r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]"  # Chinese, Japanese and Korean have no spaces.
_PIECE = re.compile(rf"(\s*)({_WIDE}[{CLOSING}]*|(?:(?!{_WIDE})\S)+)")


def columns_of(text: str) -> int:
    """Return how wide a text is: a Chinese character takes two columns, a Latin letter one."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def wrap(text: str, columns: int, *, break_words: bool = False) -> list[str]:
    """Break a text into lines of at most so many columns, between words.

    Args:
        columns: At least ten.
        break_words: Break words, too, so that lines are filled. One that is longer than a line is broken anyway.
    """
    lines: list[str] = []
    line = ""
    for space, word in _PIECE.findall(text):
        while columns_of(line + space + word) > columns:
            head = _head_of(word, columns - columns_of(f"{line}{space}-"))
            if head and (break_words or not line):
                line += f"{space}{head}-"
            else:
                head = ""
            if line:
                lines.append(line)
            line, space, word = "", "", word[len(head) :]
        line += (space if line else "") + word
    return [*lines, line] if line else lines


def _head_of(word: str, room: int) -> str:
    """Return as much of the beginning of a word as there is room for; nothing if that is too little."""
    while word and columns_of(word) > room:
        word = word[:-1]
    return word if len(word) >= SHORTEST_HEAD else ""
