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
    removed,
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
    assert differences(CODE, exported(), other_tools=False) == []


def test_each_difference_names_its_place_and_both_sides():
    file = exported()
    file["settings"][1] |= {"max": 4, "step": 2}
    file["settings"][3]["options"].append({"label": "L", "value": "l"})
    del file["settings"][2]
    file["settings"].append({"type": "text", "key": "name", "label": "Name"})
    file["tools"][0]["parameters"]["what"]["required"] = True
    file["permissions"] = []

    assert differences(CODE, file, other_tools=False) == [
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
    assert differences(code, file, other_tools=False) == [
        Difference("settings (their order)", code=names, file=names[::-1])
    ]


def test_permissions_that_the_code_does_not_declare_are_nobodys_business():
    code = AppConfig(name="", description="", settings=SETTINGS, tools=[ADD])

    assert differences(code, exported(), other_tools=False) == []


def tool(name: str) -> dict[str, Any]:
    return {"id": name, "description": "Do.", "activationPhrases": [], "parameters": {}}


def test_a_merge_replaces_what_is_the_codes_and_keeps_the_rest():
    file = {"name": "My captions", "logoURL": "https://example.com/logo.png", "settings": [{"key": "old"}], "tools": []}

    new = merged(CODE, file, other_tools=False)

    assert new == {
        "name": "My captions",
        "logoURL": "https://example.com/logo.png",
        "description": "Shows captions.",
        "permissions": [{"type": "MICROPHONE"}],
        "settings": new["settings"],
        "tools": new["tools"],
    }
    assert differences(CODE, new, other_tools=False) == []
    assert removed(CODE, file, other_tools=False) == [Difference("settings.old", file={"key": "old"})]


def test_what_the_code_does_not_declare_stays_and_is_no_difference():
    nothing = AppConfig(name="App", description="Port of an app.", tools=[])
    file = {**exported(), "description": "Ours."}

    assert merged(nothing, file, other_tools=False) == file
    assert differences(nothing, file, other_tools=False) == []
    assert removed(nothing, file, other_tools=False) == []


def test_a_file_of_an_app_that_declares_nothing_has_what_the_official_sdk_asks_for():
    nothing = AppConfig(name="App", description="", tools=[])

    assert merged(nothing, {}, other_tools=False) == {"name": "App", "description": "", "settings": [], "tools": []}


def test_tools_that_only_the_file_has_stay_with_on_tool_call():
    code = AppConfig(name="", description="", tools=[ADD])
    file = {"tools": [tool("other"), {**tool("add"), "_id": "1"}]}

    new = merged(code, file, other_tools=True)

    assert [(each["id"], each["description"], each.get("_id")) for each in new["tools"]] == [
        ("add", "Add.", "1"),
        ("other", "Do.", None),
    ]
    assert differences(code, new, other_tools=True) == []
    assert removed(code, file, other_tools=True) == []


def test_tools_that_only_the_file_has_are_a_difference_and_removed_where_nothing_would_answer_them():
    code = AppConfig(name="", description="", tools=[ADD])
    file = merged(code, {"tools": [tool("other")]}, other_tools=True)

    only_in_file = [Difference("tools.other", file=tool("other"))]
    assert differences(code, file, other_tools=False) == only_in_file
    assert removed(code, file, other_tools=False) == only_in_file
    assert merged(code, file, other_tools=False)["tools"] == file["tools"][:1]


def test_the_description_of_a_permission_stays():
    file = {"permissions": [{"type": "CAMERA"}, {"type": "MICROPHONE", "description": "To hear you"}]}

    new = merged(CODE, file, other_tools=False)

    assert new["permissions"] == [{"type": "MICROPHONE", "description": "To hear you"}]
    assert removed(CODE, file, other_tools=False) == [Difference("permissions.CAMERA", file={"type": "CAMERA"})]


@pytest.mark.parametrize(
    ("file", "problem"), [({"settings": {}}, "settings is no list"), ({"tools": [5]}, "Entry 1 of")]
)
def test_what_cannot_be_read_is_not_overwritten(file: dict[str, Any], problem: str):
    with pytest.raises(Unreadable, match=problem):
        merged(CODE, file, other_tools=False)


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
        differences(CODE, file, other_tools=False)


def test_the_types_that_the_console_does_not_import_are_known_w_rec_10():
    settings = [
        Setting(type="numeric_input", key="n"),
        Setting(type="slider", key="s"),
        Setting(type="time_picker", key="t"),
    ]

    assert refused_by_the_console(AppConfig(name="", description="", settings=settings, tools=[])) == ["n", "t"]
