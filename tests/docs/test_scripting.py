"""docs/scripting.md is complete: every route with its fields, every kind of entry, every exit code."""

import dataclasses
import inspect
import re

import msgspec

from mentra_cli.dev.actions import Shown
from mentra_cli.dev.control import Control
from mentra_cli.dev.control_messages import UserRequest
from mentra_cli.dev.entry_json import KINDS, entry_json
from mentra_cli.dev.journal import Frame
from mentra_cli.errors import ExitCode
from tests.dev.stage import Stage
from tests.docs.pages import ROOT, rows, section

PAGE = ROOT / "docs" / "scripting.md"
THE_GLASSES = "the glasses"


def named(text):
    """The names in a cell, as they are written."""
    return set(re.findall(r"`(\w+)`", text))


def fields(struct):
    """The fields of a Struct, and of those in it: what a cell has to name."""
    found = set()
    for field in msgspec.structs.fields(struct):
        found.add(field.name)
        for part in structs_in(field.type):
            found |= fields(part)
    return found


def structs_in(kind):
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return [kind]
    return [part for argument in getattr(kind, "__args__", ()) for part in structs_in(argument)]


def routes(tmp_path):
    supervisor = Stage(tmp_path).supervisor
    control = supervisor._control
    assert isinstance(control, Control)
    return control.routes


async def test_every_route_is_on_the_page_with_what_it_takes_and_answers(tmp_path):
    table = {row[0].strip("`"): row[1:] for row in rows(section(PAGE, "HTTP"))}

    for (method, path), (kind, handler) in routes(tmp_path).items():
        takes, does, answers = table.pop(f"{method} {path}")
        about_a_user = {"user"} if issubclass(kind, UserRequest) else set()
        assert named(takes) == fields(kind) - about_a_user, path
        assert does
        answer = inspect.signature(handler).return_annotation
        if answers == THE_GLASSES:
            assert answer is Shown, path
        else:
            assert named(answers) == fields(answer), path
    assert table == {}


def test_what_the_glasses_are_is_told_once():
    sentence = section(PAGE, "HTTP").partition(f"*{THE_GLASSES.replace(' ', chr(10))}*")[2].partition(".\n")[0]

    assert named(sentence) >= fields(Shown)


def test_every_kind_of_entry_is_on_the_page_with_its_fields():
    table = {row[0].strip("`"): named(row[1]) for row in rows(section(PAGE, "Entries"))}

    for kind, name in KINDS.items():
        own = {field.name for field in dataclasses.fields(kind)} - {"number", "time"}
        if kind is Frame:
            own = own - {"text"} | {"message"}
        missing = own - table.pop(name)
        assert missing == set(), name
    assert table == {}


def test_what_every_entry_has_is_on_the_page():
    entry = Frame(session_id="s", user_id="u", from_app=True, text=b"{}")
    common = {"version", "number", "time", "kind"}

    assert common <= msgspec.json.decode(entry_json(entry)).keys()
    assert common <= named(section(PAGE, "Entries"))


def test_the_exit_codes_are_those_of_the_command():
    listed = {int(row[0].strip("`")) for row in rows(section(PAGE, "Commands"))}

    assert listed <= set(ExitCode)
    assert {ExitCode.OK, ExitCode.GENERAL, ExitCode.USAGE, ExitCode.NOT_FOUND, ExitCode.VALIDATION} <= listed
