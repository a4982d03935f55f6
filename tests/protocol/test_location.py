"""Tiers of accuracy, and distances (docs/protocol.md, Location)."""

import pytest

from mentra import Accuracy, Location
from mentra.protocol.location import MAX_AGE_S, distance_m, read_accuracy, strongest

VIENNA = Location(lat=48.2082, lng=16.3738)
SYDNEY = Location(lat=-33.8688, lng=151.2093)


def test_the_tiers_have_the_names_of_the_wire_from_weak_to_strong_w_loc_2():
    assert list(Accuracy) == [
        "reduced",
        "threeKilometers",
        "kilometer",
        "hundredMeters",
        "tenMeters",
        "standard",
        "high",
        "realtime",
    ]


def test_every_tier_has_an_age_and_a_stronger_one_never_a_greater_w_loc_2():
    ages = [MAX_AGE_S[tier] for tier in Accuracy]

    assert ages == sorted(ages, reverse=True)


def test_the_strongest_tier_satisfies_all():
    assert strongest([Accuracy.STANDARD, Accuracy.HIGH, Accuracy.REDUCED]) is Accuracy.HIGH
    assert strongest([Accuracy.TEN_METERS, Accuracy.STANDARD]) is Accuracy.STANDARD


@pytest.mark.parametrize("wrong", ["low", "medium", "balanced", "ten_meters", ""])
def test_a_wrong_tier_is_told_which_there_are(wrong: str):
    with pytest.raises(ValueError, match=f"no accuracy '{wrong}'. The tiers: reduced, threeKilometers, .*, realtime"):
        read_accuracy(wrong)


@pytest.mark.parametrize(
    ("here", "there", "metres"),
    [
        (VIENNA, VIENNA, 0),
        (VIENNA, SYDNEY, 15_977_000),
        (Location(lat=0, lng=179.5), Location(lat=0, lng=-179.5), 111_195),
        (Location(lat=90, lng=0), Location(lat=-90, lng=77), 20_015_115),
        (VIENNA, Location(lat=48.2083, lng=16.3738), 11.12),
    ],
)
def test_the_distance_is_that_along_the_surface(here: Location, there: Location, metres: float):
    assert here.distance_m_to(there) == pytest.approx(metres, rel=1e-3)
    assert there.distance_m_to(here) == here.distance_m_to(there)


def test_the_opposite_side_of_the_earth_is_no_domain_error():
    assert distance_m(0.1, 0, -0.1, 180) == pytest.approx(20_015_115, rel=1e-6)
