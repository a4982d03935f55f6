from typing import Any

import pytest

from mentra_cli.errors import CliError, ExitCode
from mentra_cli.values import parse_nested, parse_object, parse_values


@pytest.mark.parametrize(
    ("pair", "value"),
    [
        ("k=3", 3),
        ("k=-1.5", -1.5),
        ("k=true", True),
        ("k=null", None),
        ('k="3"', "3"),
        ("k=[1,2]", [1, 2]),
        ('k={"a":1}', {"a": 1}),
        ("k=Vienna", "Vienna"),
        ("k=a=b", "a=b"),
        ("k=", ""),
        ("k=3 lines", "3 lines"),
    ],
)
def test_a_value_is_json_if_it_can_be_else_text(pair: str, value: Any):
    assert parse_values([pair]) == {"k": value}


def test_a_dot_leads_into_an_object_only_where_it_is_wanted():
    pairs = ["wifi.connected=true", "wifi.ssid=home", "status=on"]

    assert parse_values(pairs[:1]) == {"wifi.connected": True}
    assert parse_nested(pairs, over={}) == {"wifi": {"connected": True, "ssid": "home"}, "status": "on"}


def test_pairs_are_put_over_a_whole_object_which_stays_as_it_was():
    whole = parse_object('{"wifi": {"ssid": "home"}, "level": 1}')

    assert parse_nested(["wifi.connected=true", "level=2"], over=whole) == {
        "wifi": {"ssid": "home", "connected": True},
        "level": 2,
    }
    assert whole == {"wifi": {"ssid": "home"}, "level": 1}


@pytest.mark.parametrize("pair", ["novalue", "=3", ""])
def test_what_is_no_pair_is_a_mistake_of_usage(pair: str):
    with pytest.raises(CliError, match="is not KEY=VALUE") as raised:
        parse_values([pair])

    assert raised.value.code is ExitCode.USAGE


def test_a_dot_after_something_that_is_no_object_is_a_mistake():
    with pytest.raises(CliError, match="a is no object"):
        parse_nested(["a=1", "a.b=2"], over={})


@pytest.mark.parametrize("text", ["[1]", "3", "{", ""])
def test_what_is_no_object_is_a_mistake(text: str):
    with pytest.raises(CliError, match="is no JSON object"):
        parse_object(text)
