"""Durations that look like milliseconds are warned about, once for each place in the app's code."""

import logging

import pytest

from mentra.session.durations import LIGHT_S, TEXT_S, Durations
from mentra.session.logger import SessionLogger
from mentra.session.silence import Silence


@pytest.fixture
def durations() -> Durations:
    return Durations(SessionLogger(session_id="s", user_id="u", package_name="p"), Silence().is_news)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def test_each_place_is_warned_about_once(durations: Durations, caplog: pytest.LogCaptureFixture):
    for _ in range(3):
        durations.doubt("duration", 1000, above_s=LIGHT_S)
    durations.doubt("duration", 3000.0, above_s=TEXT_S)

    first, second = warnings(caplog)
    assert f"{__file__}, line " in first
    assert first.endswith(": duration=1000 is in seconds. If these are milliseconds, write duration=1.")
    assert second.endswith(": duration=3000 is in seconds. If these are milliseconds, write duration=3.")


@pytest.mark.parametrize("seconds", [None, 0.5, LIGHT_S])
def test_what_may_be_meant_is_not_doubted(
    durations: Durations, caplog: pytest.LogCaptureFixture, seconds: float | None
):
    durations.doubt("duration", seconds, above_s=LIGHT_S)

    assert warnings(caplog) == []
