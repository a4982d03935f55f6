"""What glasses have, asked by name."""

import asyncio
from typing import Any

import msgspec
import pytest

from mentra.errors import HardwareUnavailable, RequestTimeout, SessionStopped
from mentra.localcloud.models import MODELS
from mentra.session.hardware import FEATURES, REMEMBERED_MODELS, Feature, Hardware, KnownGlasses, has, require

G1 = MODELS["Even Realities G1"]
LIVE = MODELS["Mentra Live"]


def test_each_feature_is_a_flag_of_the_capabilities():
    assert [feature for feature in FEATURES if has(G1, feature)] == ["display", "microphone", "imu"]
    assert [feature for feature in FEATURES if not has(LIVE, feature)] == ["display"]


@pytest.mark.parametrize("feature", FEATURES)
def test_while_nobody_knows_the_glasses_nothing_is_there_and_everything_is_allowed(feature: Feature):
    assert not has(None, feature)
    require(None, feature)


@pytest.mark.parametrize(
    ("feature", "message"),
    [
        ("camera", "This needs glasses with a camera; the Even Realities G1 have none."),
        ("wifi", "This needs glasses with Wi-Fi; the Even Realities G1 have none."),
    ],
)
def test_what_is_missing_is_an_error_that_says_so(feature: Feature, message: str):
    with pytest.raises(HardwareUnavailable) as caught:
        require(G1, feature)

    error = caught.value
    assert (str(error), error.feature, error.model_name, error.code) == (
        message,
        feature,
        "Even Realities G1",
        "HARDWARE_UNAVAILABLE",
    )


@pytest.mark.parametrize(("feature", "hint"), [("gps", "There are: camera, "), ("speakers", "Did you mean 'speaker'")])
def test_an_unknown_feature_is_answered_with_those_that_exist(feature: Any, hint: str):
    with pytest.raises(ValueError, match=hint):
        require(None, feature)


async def test_everybody_who_waits_learns_what_the_glasses_can_do():
    hardware = Hardware()
    waiting = [asyncio.create_task(hardware.wait(5)) for _ in range(2)]
    await asyncio.sleep(1)

    hardware.capabilities = None
    await asyncio.sleep(1)
    hardware.capabilities = LIVE

    assert await asyncio.gather(*waiting, hardware.wait(0)) == [LIVE] * 3


async def test_who_waits_in_vain_is_told_why():
    with pytest.raises(RequestTimeout, match=r"did not say within 5 s .* does not know their model"):
        await Hardware().wait(5)


async def test_who_waits_at_the_end_of_the_session_is_told():
    hardware = Hardware()
    waiting = asyncio.create_task(hardware.wait(None))
    await asyncio.sleep(1)

    hardware.close("user_disabled")

    with pytest.raises(SessionStopped, match="The session ended: user_disabled"):
        await waiting


def test_equal_capabilities_are_one_object():
    glasses = KnownGlasses()
    first, second, other = (msgspec.structs.replace(G1, has_wifi=wifi) for wifi in (False, False, True))

    assert glasses.shared(first) is first
    assert glasses.shared(second) is first
    assert glasses.shared(other) is other


def test_of_models_without_end_the_newest_are_remembered():
    glasses = KnownGlasses()
    models = [msgspec.structs.replace(G1, model_name=str(number)) for number in range(REMEMBERED_MODELS + 1)]
    for model in models:
        glasses.shared(model)

    assert glasses.shared(msgspec.structs.replace(models[-1])) is models[-1]
    assert glasses.shared(twin := msgspec.structs.replace(models[0])) is twin
