"""What a user can choose, and how the wire has it."""

import enum
from datetime import UTC, time
from typing import Any

import msgspec
import pytest

from mentra.protocol.chosen_settings import chosen_values
from mentra.protocol.settings import Setting


class Size(enum.Enum):
    SMALL = "small"
    LARGE = "large"
    HUGE = "huge"


SIZES = [{"label": "Small", "value": "small"}, {"label": "Large", "value": "large"}, {"label": "3", "value": 3}]
SCHEMA = msgspec.convert(
    [
        {"type": "group", "title": "Looks"},
        {"type": "toggle", "key": "loud"},
        {"type": "text", "key": "name"},
        {"type": "select", "key": "size", "options": SIZES},
        {"type": "multiselect", "key": "sizes", "options": SIZES},
        {"type": "slider", "key": "lines", "min": 1, "max": 5},
        {"type": "numeric_input", "key": "age", "min": 0},
        {"type": "time_picker", "key": "wake"},
        {"type": "novelty", "key": "new"},
        {"key": "untyped"},
    ],
    list[Setting],
)


@pytest.mark.parametrize(
    ("key", "value", "wire"),
    [
        ("loud", True, True),
        ("name", "Bob", "Bob"),
        ("name", 7, "7"),
        ("name", None, None),
        ("size", "small", "small"),
        ("size", Size.LARGE, "large"),
        ("size", "3", 3),
        ("size", None, None),
        ("sizes", ["small", Size.LARGE], ["small", "large"]),
        ("sizes", (), []),
        ("lines", 5, 5),
        ("lines", "2", "2"),
        ("lines", 1.5, 1.5),
        ("age", 1000, 1000),
        ("age", None, None),
        ("wake", time(7, 30), 27_000),
        ("wake", "07:30", 27_000),
        ("wake", "07:30:05", 27_005),
        ("wake", 60, 60),
        ("wake", "60", 60),
        ("wake", None, None),
        ("new", {"a": 1}, {"a": 1}),
        ("untyped", 1, 1),
    ],
)
def test_a_choice_becomes_what_the_wire_has(key: str, value: Any, wire: Any):
    assert chosen_values(SCHEMA, {key: value}) == {key: wire}


@pytest.mark.parametrize(
    ("key", "value", "takes"),
    [
        ("loud", 1, "takes True or False, not 1."),
        ("loud", None, "takes True or False, not None."),
        ("name", True, "takes text, not True."),
        ("size", Size.HUGE, "takes 'small' or 'large' or 3, not <Size.HUGE: 'huge'>."),
        ("size", True, "takes 'small' or 'large' or 3, not True."),
        ("sizes", "small", "takes a list of 'small' or 'large' or 3, not 'small'."),
        ("sizes", ["tiny"], "takes a list of 'small' or 'large' or 3, not ['tiny']."),
        ("lines", 6, "takes a number from 1 to 5, not 6."),
        ("lines", "many", "takes a number from 1 to 5, not 'many'."),
        ("lines", None, "takes a number from 1 to 5, not None."),
        ("lines", float("nan"), "takes a number from 1 to 5, not nan."),
        ("age", -1, "takes a number from 0, not -1."),
        ("age", float("inf"), "takes a number from 0, not inf."),
        ("wake", "7.30", "takes a time of day, such as '07:30' or its seconds since midnight, not '7.30'."),
        ("wake", "25:00", "takes a time of day, such as '07:30' or its seconds since midnight, not '25:00'."),
        ("wake", 86_400, "takes a time of day, such as '07:30' or its seconds since midnight, not 86400."),
        ("wake", 0.5, "takes a time of day, such as '07:30' or its seconds since midnight, not 0.5."),
    ],
)
def test_an_impossible_choice_is_an_error_that_says_what_is_possible(key: str, value: Any, takes: str):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared below.
        chosen_values(SCHEMA, {key: value})

    assert str(caught.value) == f"The setting {key!r} {takes}"


def test_a_time_of_another_time_zone_is_none_of_this_day():
    with pytest.raises(ValueError, match="The setting 'wake' takes a time of day"):
        chosen_values(SCHEMA, {"wake": time(7, 30, tzinfo=UTC)})


def test_a_setting_that_there_is_not_is_an_error_that_lists_those_there_are():
    with pytest.raises(ValueError, match=r"There is no setting 'noise'\. There are: loud, name, size, sizes, lines,"):
        chosen_values(SCHEMA, {"noise": 1})


def test_without_a_schema_anything_can_be_chosen():
    assert chosen_values([], {"noise": Size.SMALL}) == {"noise": "small"}
