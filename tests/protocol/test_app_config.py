"""``app_config.json``: what a merge keeps, and what counts as a difference."""

from typing import Any

import pytest

from mentra.protocol.app_config import (
    AppConfig,
    Difference,
    Unreadable,
    differences,
    merged,
    refused_by_the_console,
)
from mentra.protocol.rest import DeclaredPermission
from mentra.protocol.settings import Setting, SettingOption
from mentra.protocol.tools import ToolParameter, ToolSchema

SETTINGS = [
    Setting(type="group", title="Looks"),
    Setting(type="slider", key="lines", label="Lines", default_value=3, min=1, max=5),
    Setting(type="toggle", key="loud", label="Loud", default_value=False),
    Setting(type="select", key="size", label="Size", default_value="s", options=[SettingOption(label="S", value="s")]),
    Setting(type="titleValue", label="Version", value="1"),
]
ADD = ToolSchema(
    id="add",
    description="Add.",
    activation_phrases=[],
    parameters={"what": ToolParameter(type="string", description="What", required=False)},
)
CODE = AppConfig(
    name="Captions",
    description="Shows captions.",
    permissions=[DeclaredPermission(type="MICROPHONE")],
    settings=SETTINGS,
    tools=[ADD],
)


def exported() -> dict[str, Any]:
    """What the console exports when it holds what the code says."""
    return {
        "name": "My captions",
        "logoURL": "https://example.com/logo.png",
        "permissions": [{"type": "MICROPHONE", "description": "To hear you", "_id": "1"}],
        "settings": [
            {"type": "group", "title": "Looks", "options": [], "_id": "2"},
            {
                "type": "slider",
                "key": "lines",
                "label": "Lines",
                "defaultValue": 3.0,
                "min": 1,
                "max": 5,
                "options": [],
            },
            {"type": "toggle", "key": "loud", "label": "Loud", "defaultValue": False, "options": []},
            {
                "type": "select",
                "key": "size",
                "label": "Size",
                "defaultValue": "s",
                "options": [{"label": "S", "value": "s", "_id": "3"}],
            },
            {"type": "titleValue", "label": "Version", "value": "1"},
        ],
        "tools": [
            {"id": "add", "description": "Add.", "parameters": {"what": {"type": "string", "description": "What"}}}
        ],
    }


def test_what_the_console_adds_is_no_difference_w_rec_9():
    assert differences(CODE, exported()) == []


def test_each_difference_names_its_place_and_both_sides():
    file = exported()
    file["settings"][1] |= {"max": 4, "step": 2}
    file["settings"][3]["options"].append({"label": "L", "value": "l"})
    del file["settings"][2]
    file["settings"].append({"type": "text", "key": "name", "label": "Name"})
    file["tools"][0]["parameters"]["what"]["required"] = True
    file["permissions"] = []

    assert differences(CODE, file) == [
        Difference("settings.lines.max", code=5, file=4),
        Difference("settings.lines.step", file=2),
        Difference("settings.loud", code={"type": "toggle", "key": "loud", "label": "Loud", "defaultValue": False}),
        Difference(
            "settings.size.options",
            code=[{"label": "S", "value": "s"}],
            file=[{"label": "S", "value": "s"}, {"label": "L", "value": "l"}],
        ),
        Difference("settings.name", file={"type": "text", "key": "name", "label": "Name"}),
        Difference("tools.add.parameters.what.required", code=False, file=True),
        Difference("permissions.MICROPHONE", code={"type": "MICROPHONE"}),
    ]


def test_the_order_of_settings_matters_and_that_of_tools_does_not():
    file = exported()
    file["settings"].reverse()
    other = ToolSchema(id="z", description="Z.", activation_phrases=[], parameters={})
    file["tools"].insert(0, {"id": "z", "description": "Z."})
    code = AppConfig(name="", description="", settings=SETTINGS, tools=[ADD, other])

    names = ["Looks", "lines", "loud", "size", "Version"]
    assert differences(code, file) == [Difference("settings (their order)", code=names, file=names[::-1])]


def test_permissions_that_the_code_does_not_declare_are_nobodys_business():
    code = AppConfig(name="", description="", settings=SETTINGS, tools=[ADD])

    assert differences(code, exported()) == []


def test_a_merge_replaces_what_is_the_codes_and_keeps_the_rest():
    file = {"name": "My captions", "logoURL": "https://example.com/logo.png", "settings": [{"key": "old"}], "tools": []}

    new = merged(CODE, file)

    assert new == {
        "name": "My captions",
        "logoURL": "https://example.com/logo.png",
        "description": "Shows captions.",
        "permissions": [{"type": "MICROPHONE"}],
        "settings": new["settings"],
        "tools": new["tools"],
    }
    assert differences(CODE, new) == []


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ({"settings": {}}, "settings is no list."),
        ({"settings": [5]}, "Entry 1 of settings cannot be read: "),
        ({"settings": [{"key": "a"}, {"key": 5}]}, "Entry 2 of settings cannot be read: "),
        ({"tools": [{"id": "add"}]}, "Entry 1 of tools cannot be read: "),
        ({"tools": [{"id": "add", "description": "Add.", "parameters": []}]}, "Entry 1 of tools cannot be read: "),
        ({"permissions": ["CAMERA"]}, "Entry 1 of permissions cannot be read: "),
    ],
)
def test_a_file_that_the_console_would_not_write_is_unreadable(file: dict[str, Any], problem: str):
    with pytest.raises(Unreadable, match=problem):
        differences(CODE, file)


def test_the_types_that_the_console_does_not_import_are_known_w_rec_10():
    settings = [
        Setting(type="numeric_input", key="n"),
        Setting(type="slider", key="s"),
        Setting(type="time_picker", key="t"),
    ]

    assert refused_by_the_console(AppConfig(name="", description="", settings=settings, tools=[])) == ["n", "t"]
