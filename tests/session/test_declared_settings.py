"""A class of settings: what the console gets of it, and what is refused."""

import datetime
import enum
from typing import Any, ClassVar, Literal

import msgspec
import pytest

from mentra import Settings, group, note, setting
from mentra.session.declared_settings import fields_of, schema_of


class Size(enum.Enum):
    SMALL = "small"
    VERY_LARGE = "xl"


class Everything(Settings):
    """One of each."""

    limit: ClassVar[int] = 3
    _private = "no setting"

    loud: bool = False
    name: str = "anonymous"
    motto: str = setting("", label="Your motto", multiline=True, max_lines=4)
    looks = group("Looks")
    lines: int = setting(3, min=1, max=5, label="Lines that stay")
    speed: float = setting(1, min=0.5, step=0.5, placeholder="times")
    language: Literal["en-US", "es-ES"] = setting("en-US", labels={"es-ES": "Español"})
    size: Size = Size.SMALL
    level: Literal[1, 2] = 1
    days: list[Literal["mo", "tu"]] = setting(["mo"], labels={"mo": "Monday"})
    wake: datetime.time = setting(datetime.time(7, 30), show_seconds=False)
    sleep: datetime.time | None = None
    nickname: str | None = setting(None, key="nick-name")
    version = note("Version", "1.2")

    @property
    def is_short(self) -> bool:
        return self.lines < self.limit


def console(kind: type[Settings]) -> list[Any]:
    return msgspec.to_builtins(schema_of(kind))


def test_each_annotation_becomes_an_entry_of_the_console_w_set_5():
    assert console(Everything) == [
        {"type": "toggle", "key": "loud", "label": "Loud", "defaultValue": False},
        {"type": "text", "key": "name", "label": "Name", "defaultValue": "anonymous"},
        {
            "type": "text_no_save_button",
            "key": "motto",
            "label": "Your motto",
            "defaultValue": "",
            "maxLines": 4,
        },
        {"type": "group", "title": "Looks"},
        {"type": "slider", "key": "lines", "label": "Lines that stay", "defaultValue": 3, "min": 1, "max": 5},
        {
            "type": "numeric_input",
            "key": "speed",
            "label": "Speed",
            "defaultValue": 1.0,
            "min": 0.5,
            "step": 0.5,
            "placeholder": "times",
        },
        {
            "type": "select",
            "key": "language",
            "label": "Language",
            "defaultValue": "en-US",
            "options": [{"label": "en-US", "value": "en-US"}, {"label": "Español", "value": "es-ES"}],
        },
        {
            "type": "select",
            "key": "size",
            "label": "Size",
            "defaultValue": "small",
            "options": [{"label": "Small", "value": "small"}, {"label": "Very large", "value": "xl"}],
        },
        {
            "type": "select",
            "key": "level",
            "label": "Level",
            "defaultValue": 1,
            "options": [{"label": "1", "value": 1}, {"label": "2", "value": 2}],
        },
        {
            "type": "multiselect",
            "key": "days",
            "label": "Days",
            "defaultValue": ["mo"],
            "options": [{"label": "Monday", "value": "mo"}, {"label": "tu", "value": "tu"}],
        },
        {"type": "time_picker", "key": "wake", "label": "Wake", "defaultValue": 27000, "showSeconds": False},
        {"type": "time_picker", "key": "sleep", "label": "Sleep"},
        {"type": "text", "key": "nick-name", "label": "Nickname"},
        {"type": "titleValue", "label": "Version", "value": "1.2"},
    ]


def test_a_select_of_more_than_twelve_options_gets_a_search():
    class Twelve(Settings):
        month: Literal["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"] = "1"

    class Thirteen(Settings):
        rank: Literal["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13"] = "1"

    assert [console(Twelve)[0]["type"], console(Thirteen)[0]["type"]] == ["select", "select_with_search"]


def test_a_class_that_extends_another_has_its_settings_first():
    class More(Everything):
        lines: int = 9
        colour: str = "green"

    assert list(fields_of(More)) == [*fields_of(Everything), "colour"]
    assert (More.lines, Everything.lines) == (9, 3)


def test_made_by_a_call_it_has_these_values_and_else_the_defaults():
    settings = Everything(lines=2, size=Size.VERY_LARGE)

    assert (settings.lines, settings.size, settings.name, settings.is_short) == (2, Size.VERY_LARGE, "anonymous", True)
    assert settings == Everything(size=Size.VERY_LARGE, lines=2)
    assert settings != Everything()
    assert repr(settings).startswith("Everything(loud=False, name='anonymous', motto='', lines=2, ")


def test_on_the_class_a_setting_is_its_default_and_a_list_is_nobody_elses():
    Everything.days.append("tu")

    assert (Everything.lines, Everything.days, Everything().days) == (3, ["mo"], ["mo"])


def test_it_cannot_be_set_and_a_wrong_name_names_the_right_one():
    with pytest.raises(AttributeError, match="settings are the user's"):
        Everything().lines = 4  # type: ignore[misc]
    with pytest.raises(AttributeError, match="Did you mean 'lines'"):
        Everything().line  # type: ignore[attr-defined]  # noqa: B018 - the look itself is the test.


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        ({"line": 1}, TypeError, "Everything has no setting 'line'. It has: loud, "),
        ({"lines": 6}, ValueError, "lines must be a whole number from 1 to 5, not 6"),
        ({"lines": True}, ValueError, "lines must be a whole number from 1 to 5, not True"),
        ({"name": 5}, ValueError, "name must be text, not 5"),
        ({"size": "small"}, ValueError, "size must be 'small' or 'xl', not 'small'"),
        ({"days": "mo"}, ValueError, "days must be a list of 'mo' or 'tu', not 'mo'"),
        ({"wake": None}, ValueError, "wake must be a time of day, not None"),
    ],
)
def test_a_value_that_the_user_could_not_choose_is_refused(values: Any, error: type[Exception], words: str):
    with pytest.raises(error, match=words):
        Everything(**values)


def declare(**members: Any) -> type[Settings]:
    """Make a class; a member is ``(annotation, default)``, or only what stands behind ``=``."""
    pairs = {name: member for name, member in members.items() if isinstance(member, tuple)}
    return type(
        "Wrong",
        (Settings,),
        {
            "__annotations__": {name: hint for name, (hint, _) in pairs.items()},
            **{name: default for name, (_, default) in pairs.items()},
            **{name: member for name, member in members.items() if name not in pairs},
        },
    )


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"x": (bytes, b"")}, "Wrong.x cannot be a setting: <class 'bytes'> is no type of a setting; use bool, str"),
        ({"x": (list[str], [])}, "is no type of a setting"),
        ({"x": (int | str, 1)}, "is no type of a setting"),
        ({"x": (int, "1")}, "the default must be a whole number, not '1'"),
        ({"x": (int, None)}, "the default must be a whole number, not None"),
        ({"x": (int, 1.5)}, "the default must be a whole number, not 1.5"),
        ({"x": (float, float("nan"))}, "the default must be a number, not nan"),
        ({"x": (int, setting(7, min=1, max=5))}, "the default must be a whole number from 1 to 5, not 7"),
        ({"x": (int, setting(7, min=9, max=5))}, "min=9 is above max=5"),
        ({"x": (str, setting("", min=1))}, "min means nothing to a setting of this type"),
        ({"x": (int, setting(1, min=1, max=5, step=2))}, "step means nothing to a setting of this type"),
        ({"x": (str, setting("", max_lines=3))}, "max_lines needs multiline=True"),
        ({"x": (bool | None, None)}, "always has a value, so it cannot be None"),
        ({"x": (Literal["a"], "b")}, "the default must be 'a', not 'b'"),
        ({"x": (Literal["a", True], "a")}, "must be text or numbers"),
        ({"x": (Literal["a"], setting("a", labels={"b": "B"}))}, "labels has 'b', which is no option"),
        ({"x": (datetime.time, datetime.time(1, 2, 3, 4))}, "the default must be a time of day"),
        ({"x": (int, 1), "y": (int, setting(1, key="x"))}, "Wrong has two settings with the key 'x'"),
        ({"x": 1}, "Wrong.x needs a type: write x: int = 1"),
        ({"Looks": Size}, r'Wrong.Looks is a class. A group is a title: looks = group\("Looks"\)'),
    ],
)
def test_what_cannot_be_a_setting_is_refused_when_the_class_is_made(members: dict[str, Any], words: str):
    with pytest.raises(TypeError, match=words):
        declare(**members)


def test_a_setting_without_a_default_is_refused():
    with pytest.raises(TypeError, match=r"lines needs a default: write lines: \.\.\. = value"):

        class NoDefault(Settings):
            lines: int


def test_an_annotation_that_cannot_be_read_is_refused():
    with pytest.raises(TypeError, match="An annotation of Late cannot be read: name 'Nowhere' is not defined"):

        class Late(Settings):
            lines: "Nowhere" = 3  # type: ignore[name-defined]  # noqa: F821 - that is the test.


@pytest.mark.parametrize(
    ("name", "wire", "value"),
    [
        ("loud", "true", True),
        ("loud", 0, False),
        ("name", 7, "7"),
        ("lines", "4", 4),
        ("lines", 4.0, 4),
        ("speed", 2, 2.0),
        ("language", "es-ES", "es-ES"),
        ("size", "xl", Size.VERY_LARGE),
        ("level", "2", 2),
        ("level", 2.0, 2),
        ("days", ["tu", "gone", "mo"], ["tu", "mo"]),
        ("days", [], []),
        ("wake", 0, datetime.time(0)),
        ("wake", "27015", datetime.time(7, 30, 15)),
        ("sleep", None, None),
        ("sleep", 86399, datetime.time(23, 59, 59)),
    ],
)
def test_a_value_of_the_wire_is_read_as_the_annotation_says(name: str, wire: Any, value: Any):
    read = fields_of(Everything)[name].read(wire)

    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("loud", "perhaps"),
        ("name", True),
        ("name", {}),
        ("lines", 6),
        ("lines", 2.5),
        ("lines", True),
        ("lines", "many"),
        ("speed", "inf"),
        ("speed", "nan"),
        ("language", "de-DE"),
        ("language", None),
        ("size", ["small"]),
        ("level", True),
        ("days", "mo"),
        ("wake", -1),
        ("wake", 86400),
        ("wake", "07:30"),
    ],
)
def test_an_impossible_value_of_the_wire_is_a_value_error(name: str, wire: Any):
    with pytest.raises(ValueError):  # noqa: PT011 - what it says is for nobody.
        fields_of(Everything)[name].read(wire)
