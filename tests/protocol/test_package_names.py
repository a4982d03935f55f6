"""Package names: two rules, both of other people's making."""

import pytest

from mentra.protocol.package_names import console_accepts, tool_accepts


@pytest.mark.parametrize(
    ("name", "console", "tool"),
    [
        ("com.example.app", True, True),
        ("com.example.app2", True, True),
        ("app", True, False),
        ("com.my-app", True, False),
        ("2com.example", True, False),
        ("-app", True, False),
        ("com..app", True, False),
        ("Com.example", False, False),
        ("com.example:app", False, False),
        ("com.exämple", False, False),
        ("com.example.app\n", False, False),
        ("", False, False),
    ],
)
def test_who_accepts_a_name_w_name_1(name: str, console: bool, tool: bool):
    assert (console_accepts(name), tool_accepts(name)) == (console, tool)
