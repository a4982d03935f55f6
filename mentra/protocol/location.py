"""How exact a location shall be, and how far apart two places are.

Source: MentraOS (Jun-2026) cloud/packages/cloud/src/services/session/LocationManager.ts; docs/protocol.md, Location.
"""

import math
from collections.abc import Iterable
from enum import StrEnum

LOCATION_STREAM = "location_stream"
"""The stream of the subscription that carries a tier; its events come under the name of ``Location``."""

EARTH_RADIUS_M = 6_371_008.8
"""The mean radius of the ellipsoid of WGS 84."""


class Accuracy(StrEnum):
    """How exact and how fresh a location shall be, from the weakest tier to the strongest, which takes most battery."""

    REDUCED = "reduced"
    THREE_KILOMETERS = "threeKilometers"
    KILOMETER = "kilometer"
    HUNDRED_METERS = "hundredMeters"
    TEN_METERS = "tenMeters"
    STANDARD = "standard"
    HIGH = "high"
    REALTIME = "realtime"


MAX_AGE_S: dict[str, float] = {
    Accuracy.REDUCED: 900.0,
    Accuracy.THREE_KILOMETERS: 900.0,
    Accuracy.KILOMETER: 300.0,
    Accuracy.HUNDRED_METERS: 60.0,
    Accuracy.TEN_METERS: 30.0,
    Accuracy.STANDARD: 30.0,
    Accuracy.HIGH: 10.0,
    Accuracy.REALTIME: 1.0,
}
"""How old the cloud's last location may be to answer a poll; else it asks the phone."""


def read_accuracy(name: str) -> Accuracy:
    """Return the tier of this name.

    Raises:
        ValueError: There is none; the message lists them.
    """
    try:
        return Accuracy(name)
    except ValueError:
        raise ValueError(f"There is no accuracy {name!r}. The tiers: {', '.join(Accuracy)}.") from None


def strongest(tiers: Iterable[Accuracy]) -> Accuracy:
    """Return the tier that satisfies all of them."""
    order = list(Accuracy)
    return max(tiers, key=order.index)


def distance_m(lat: float, lng: float, other_lat: float, other_lng: float) -> float:
    """Return how far apart two places are, in metres along the surface, on a sphere: within 0.6 percent.

    Args:
        lat: Degrees, as all of them.
        lng: East of Greenwich.
        other_lat: Of the other place.
        other_lng: Of the other place.
    """
    here, there = math.radians(lat), math.radians(other_lat)
    # The haversine formula: unlike the spherical law of cosines it is exact for places that are close together.
    half = (
        math.sin((there - here) / 2) ** 2
        + math.cos(here) * math.cos(there) * math.sin(math.radians(other_lng - lng) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, half)))
