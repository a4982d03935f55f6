import pytest

from wrapping import columns_of, wrap


def test_lines_end_between_words() -> None:
    assert wrap("the quick brown fox jumps", 10) == ["the quick", "brown fox", "jumps"]


def test_a_line_is_filled_by_breaking_words() -> None:
    assert wrap("the quick brown fox jumps", 12, break_words=True) == ["the quick", "brown fox", "jumps"]
    assert wrap("some transcription", 12, break_words=True) == ["some transc-", "ription"]


def test_a_word_that_is_longer_than_a_line_is_broken() -> None:
    assert wrap("Donaudampfschifffahrt", 10) == ["Donaudamp-", "fschifffa-", "hrt"]


def test_chinese_is_broken_anywhere_but_before_punctuation() -> None:
    assert wrap("你好。我是学生。", 10) == ["你好。我是", "学生。"]
    assert wrap("我是学生了。", 10) == ["我是学生", "了。"]


@pytest.mark.parametrize("break_words", [True, False])
def test_no_line_is_too_wide(break_words: bool) -> None:
    text = "Supercalifragilistic expialidocious words 以及一些汉字 and   spaces " * 5

    assert all(columns_of(line) <= 17 for line in wrap(text, 17, break_words=break_words))


def test_nothing_takes_no_line() -> None:
    assert wrap("  ", 10) == []
