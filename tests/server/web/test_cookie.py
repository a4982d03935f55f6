"""The cookie of a signed-in user: who can make one, and how long it lasts."""

from datetime import UTC, datetime, timedelta

import pytest

from mentra.server.web.cookie import KnownUser, SessionCookie

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SECRET = "0123456789abcdef" * 4


def cookie(at: datetime = NOW, secret: str = SECRET, package_name: str = "com.example.app") -> SessionCookie:
    return SessionCookie(package_name, secret, lambda: at)


def value(user_id: str = "user1@example.com", at: datetime = NOW, secret: str = SECRET) -> str:
    return cookie(at, secret).make(user_id, secure=False).partition(";")[0].partition("=")[2]


@pytest.mark.parametrize(
    "user_id", ["user1@example.com", "a|b:c.d=e;f g@example.com", "Zoë@example.com", "x" * 300, "ends.with.dots..."]
)
def test_a_cookie_names_its_user(user_id: str):
    assert cookie().read(value(user_id)) == KnownUser(user_id, needs_renewal=False)


def test_its_attributes_keep_it_from_scripts_and_from_other_sites():
    made = cookie().make("user1@example.com", secure=False)

    assert made.startswith("mentra-com.example.app=")
    assert made.partition("; ")[2] == "Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax"


def test_one_that_was_made_for_https_goes_nowhere_else():
    assert cookie().make("user1@example.com", secure=True).endswith("; SameSite=Lax; Secure")


@pytest.mark.parametrize(
    ("age", "known"),
    [
        (timedelta(0), KnownUser("user1@example.com", needs_renewal=False)),
        (timedelta(days=15), KnownUser("user1@example.com", needs_renewal=False)),
        (timedelta(days=15, seconds=1), KnownUser("user1@example.com", needs_renewal=True)),
        (timedelta(days=30), KnownUser("user1@example.com", needs_renewal=True)),
        (timedelta(days=30, seconds=1), None),
        (timedelta(minutes=-2), KnownUser("user1@example.com", needs_renewal=False)),
        (timedelta(minutes=-3), None),
    ],
)
def test_it_lasts_thirty_days_and_is_renewed_when_half_of_them_are_over(age: timedelta, known: KnownUser | None):
    assert cookie().read(value(at=NOW - age)) == known


def test_every_changed_character_makes_it_worthless():
    good = value()
    for position, character in enumerate(good):
        changed = good[:position] + ("A" if character != "A" else "B") + good[position + 1 :]

        assert cookie().read(changed) is None


@pytest.mark.parametrize("said", ["", ".", "..", "a.b", "é.1.x", "a.1." + "0" * 64, "\udcff", "null"])
def test_what_is_no_cookie_of_ours_is_none(said: str):
    assert cookie().read(said) is None


def test_the_whole_secret_signs_it():
    # The default secret of @mentra/sdk 2.1.29 is the package name and the first eight characters of the key.
    assert cookie().read(value(secret=SECRET[:8] + "x" * 56)) is None


def test_another_app_with_the_same_secret_does_not_accept_it():
    assert cookie(package_name="com.example.other").read(value()) is None
