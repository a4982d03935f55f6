"""What each setting is now."""

from typing import Any

import msgspec
import pytest

from mentra.protocol.settings import Setting, setting_values


@pytest.mark.parametrize(
    ("settings", "values"),
    [
        ([], {}),
        ([{"key": "a", "value": 1}], {"a": 1}),
        ([{"key": "a", "defaultValue": 1}], {"a": 1}),
        ([{"key": "a", "value": 2, "defaultValue": 1}], {"a": 2}),
        ([{"key": "a", "value": None, "defaultValue": 1}], {"a": None}),
        ([{"key": "a", "value": False, "defaultValue": True}], {"a": False}),
        ([{"key": "a", "defaultValue": None}], {"a": None}),
        ([{"key": "a", "type": "text"}], {}),
        ([{"type": "group", "title": "G"}, {"type": "titleValue", "value": "x"}], {}),
        ([{"key": "a", "value": 1}, {"key": "a", "value": 2}], {"a": 2}),
        (
            [{"key": "a", "value": ["x", {"y": 1}], "min": 1, "options": [{"label": "l", "value": 1}]}],
            {"a": ["x", {"y": 1}]},
        ),
    ],
)
def test_the_users_choice_goes_before_the_default_w_dev_9(settings: list[dict[str, Any]], values: dict[str, Any]):
    assert setting_values(msgspec.convert(settings, list[Setting])) == values
