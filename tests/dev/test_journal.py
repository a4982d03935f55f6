"""Entries of the journal, by their numbers."""

import pytest

from mentra_cli.dev.entry_json import entry_json
from mentra_cli.dev.journal import KEPT, Frame, Journal, Note


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


def test_of_large_entries_only_as_many_are_kept_as_there_is_room_for() -> None:
    journal = Journal(room_bytes=100)
    large = Frame(session_id="s", user_id="u", from_app=True, text=b"-" * 60)
    for entry in (Note(text="small"), large, large, Note(text="small")):
        journal.add(entry)

    assert numbers(journal, 0) == [3, 4]
    assert numbers(journal, 3) == [4]


def test_the_last_entry_is_kept_however_large_it_is() -> None:
    journal = Journal(room_bytes=100)
    journal.add(Frame(session_id="s", user_id="u", from_app=True, text=b"-" * 101))

    assert numbers(journal, 0) == [1]


def test_text_that_is_no_utf_8_can_be_read_all_the_same() -> None:
    journal = Journal()
    journal.add(Note(text="a name of a header: \udcff"))

    [entry] = journal
    assert b'"a name of a header: ?"' in entry_json(entry)
