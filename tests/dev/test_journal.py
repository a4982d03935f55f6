"""Entries of the journal, by their numbers."""

import pytest

from mentra_cli.dev.journal import KEPT, Journal, Note


def numbers(journal: Journal, after: int) -> list[int]:
    return [entry.number for entry in journal.after(after)]


@pytest.mark.parametrize(("after", "found"), [(0, [1, 2, 3]), (1, [2, 3]), (2, [3]), (3, []), (9, [])])
def test_entries_after_a_number(after: int, found: list[int]) -> None:
    journal = Journal()
    for text in "abc":
        journal.add(Note(text=text))

    assert numbers(journal, after) == found


def test_entries_that_are_not_kept_any_more_are_left_out() -> None:
    journal = Journal()
    for number in range(KEPT + 3):
        journal.add(Note(text=f"{number}"))

    assert numbers(journal, 0)[0] == 4
    assert numbers(journal, 2)[0] == 4
    assert numbers(journal, 4)[0] == 5
    assert numbers(journal, KEPT + 2) == [KEPT + 3]
