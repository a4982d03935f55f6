"""Durations and parts of a whole are read with their units."""

import pytest

from mentra_cli.errors import CliError, ExitCode
from mentra_cli.quantities import parse_duration, parse_part, shown_duration


@pytest.mark.parametrize(
    ("text", "seconds"), [("300ms", 0.3), ("0.3s", 0.3), (".3", 0.3), ("2 s", 2), ("0", 0), ("1.5", 1.5)]
)
def test_a_duration_has_a_unit_or_is_in_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(("text", "part"), [("5%", 0.05), ("0.05", 0.05), ("100%", 1), ("0", 0), ("2.5 %", 0.025)])
def test_a_part_is_percent_or_of_one(text: str, part: float) -> None:
    assert parse_part(text) == pytest.approx(part)


@pytest.mark.parametrize("text", ["", "ms", "3m", "-1s", "1,5", "half"])
def test_what_is_no_duration_is_told_with_an_example(text: str) -> None:
    with pytest.raises(CliError, match="is no duration") as caught:
        parse_duration(text)

    assert (caught.value.code, caught.value.fix) == (ExitCode.USAGE, "Write one: 300ms, or 0.3s")


@pytest.mark.parametrize("text", ["", "%", "5", "101%", "-1%", "half"])
def test_what_is_no_part_is_told_with_an_example(text: str) -> None:
    with pytest.raises(CliError, match="is no part of a whole") as caught:
        parse_part(text)

    assert (caught.value.code, caught.value.fix) == (ExitCode.USAGE, "Write one: 5%, or 0.05")


@pytest.mark.parametrize(("seconds", "shown"), [(0.3, "300 ms"), (0.0015, "1.5 ms"), (1, "1 s"), (2.5, "2.5 s")])
def test_a_duration_is_shown_in_the_unit_that_people_use(seconds: float, shown: str) -> None:
    assert shown_duration(seconds) == shown
