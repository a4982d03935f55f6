import pytest

from hearing import after_wake_word, is_about_view, is_stop

WAKE_WORDS = ["hey mentra", "hey mantra"]


@pytest.mark.parametrize(
    ("sentence", "question"),
    [
        ("Hey Mentra, what time is it?", "what time is it?"),
        ("Well. Hey, Mantra! Who are you?", "Who are you?"),
        ("hey mentra.", ""),
        ("What is a mantra?", None),
        ("hey mentrasaurus", None),
    ],
)
def test_the_question_follows_the_wake_word(sentence: str, question: str | None) -> None:
    assert after_wake_word(sentence, WAKE_WORDS) == question


def test_an_empty_wake_word_is_none() -> None:
    assert after_wake_word("hello", ["", " "]) is None


@pytest.mark.parametrize("sentence", ["Stop.", "never mind", "Please be quiet!", "Thank you."])
def test_it_can_be_told_to_be_quiet(sentence: str) -> None:
    assert is_stop(sentence)


def test_a_question_about_stopping_is_a_question() -> None:
    assert not is_stop("Stop signs are of which colour?")


@pytest.mark.parametrize("question", ["What is this?", "What do you see?", "Can you read the sign?"])
def test_some_questions_take_a_look(question: str) -> None:
    assert is_about_view(question)


def test_others_do_not() -> None:
    assert not is_about_view("How old is the universe?")
