"""What the dashboard makes of contents that are not what they should be."""

from typing import Any

import pytest

from mentra.localcloud.display.loose_layouts import text_of, written


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("text", "text"),
        ({"layoutType": "text_wall"}, ""),
        ({"layoutType": "text_wall", "text": 5}, "5"),
        ({"layoutType": "text_wall", "text": 0}, ""),
        ({"layoutType": "double_text_wall", "topText": "top"}, "top"),
        ({"layoutType": "double_text_wall", "topText": None, "bottomText": True}, "true"),
        ({"layoutType": "dashboard_card", "leftText": [], "rightText": "right"}, " | right"),
        ({"layoutType": "reference_card", "text": "text"}, "undefined\ntext"),
        ({"layoutType": "reference_card", "title": None, "text": {}}, "null\n[object Object]"),
        ({"layoutType": 5}, ""),
        ({}, ""),
        (5, ""),
        (["text"], ""),
    ],
)
def test_of_a_layout_only_the_kind_is_looked_at(content: Any, text: str):
    assert text_of(content) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (1.5, "1.5"), (False, "false"), (["a", None, 2, ["b"]], "a,,2,b"), ([], ""), (None, "null")],
)
def test_values_are_written_as_javascript_does(value: Any, text: str):
    assert written(value) == text
