"""Who owns what."""

import string
from collections import Counter

import pytest

from mentra.server.workers import owner_of, ownership
from mentra.session.published import Published
from mentra.session.uploads import Uploads
from tests.helpers.crew import Crew


def test_an_owner_is_the_same_in_every_process_and_version():
    """Were it not, workers of two versions would own other users while one replaces the other."""
    users = ["user1@example.com", "bob@example.com", "alice@example.com", "müller@example.com", ""]

    assert [owner_of(user, 4) for user in users] == [2, 2, 1, 3, 0]


def test_upper_and_lower_case_do_not_matter():
    assert owner_of("Alice@Example.COM", 1000) == owner_of("alice@example.com", 1000)


def test_a_text_that_is_no_unicode_has_an_owner():
    assert owner_of("\udcff", 2) in (0, 1)


@pytest.mark.parametrize("count", [2, 3, 4, 8])
def test_users_are_shared_evenly(count: int):
    users = [f"{letter}{number}@example.com" for letter in string.ascii_lowercase for number in range(100)]

    owned = Counter(owner_of(user, count) for user in users)

    assert set(owned) == set(range(count))
    assert min(owned.values()) > 0.85 * len(users) / count


def test_a_process_alone_owns_everything():
    assert ownership(None)("whatever")


def test_what_a_worker_makes_leads_back_to_it():
    crew = Crew(3)
    uploads = [Uploads(ownership(crew.workers(index))) for index in range(3)]
    published = [Published("https://app.example.com", ownership(crew.workers(index))) for index in range(3)]
    paths: list[str] = []
    for each in published:
        with each.file(b"", "audio/mpeg", suffix=".mp3") as url:
            paths.append(url.removeprefix("https://app.example.com"))

    assert [owner_of(each.new_id(), 3) for each in uploads] == [0, 1, 2]
    assert [owner_of(path, 3) for path in paths] == [0, 1, 2]
