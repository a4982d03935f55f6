"""How a long text is cut into parts that fit into URLs."""

import time

import pytest

from mentra.protocol.audio import encoded_length
from mentra.session.audio import MAX_SPEECH_LENGTH, split_speech


def test_a_text_that_fits_stays_as_it_is():
    assert split_speech(" One. Two.\n") == [" One. Two.\n"]


@pytest.mark.parametrize(
    ("text", "limit", "parts"),
    [
        ("One two. Three four! Five?", 15, ["One two.", "Three four!", "Five?"]),
        ("One two. Three four! Five?", 24, ["One two. Three four!", "Five?"]),
        ("A line\nanother line\n\nlast", 16, ["A line", "another line", "last"]),
        ("one two three four", 8, ["one two", "three", "four"]),
        ("Version 3.5 is out. Get it.", 22, ["Version 3.5 is out.", "Get it."]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("你好。再见。", 27, ["你好。", "再见。"]),
        ("éé éé éé", 13, ["éé", "éé", "éé"]),
    ],
)
def test_a_text_is_cut_between_sentences_else_between_words_else_anywhere(text: str, limit: int, parts: list[str]):
    assert split_speech(text, limit=limit) == parts


def test_every_part_fits_and_no_word_is_lost():
    text = " ".join(f"Sentence number {number} is here, and ends." for number in range(1000))

    parts = split_speech(text)

    assert " ".join(parts) == text
    assert max(map(encoded_length, parts)) <= MAX_SPEECH_LENGTH
    assert len(parts) == 11


def test_what_stands_before_a_word_that_is_too_long_is_left_out():
    assert split_speech("  " + "x" * 15, limit=10) == ["x" * 10, "x" * 5]


def test_a_line_of_dots_is_cut_in_no_time():
    began = time.process_time()
    parts = split_speech("." * 50_000, limit=4000)

    assert [len(part) for part in parts] == [4000] * 12 + [2000]
    assert time.process_time() - began < 2
