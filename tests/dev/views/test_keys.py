"""The table of keys, and the help made from it."""

import pytest

from mentra_cli.dev.views.keys import SHORTCUTS, Shortcut, help_text


@pytest.mark.parametrize("shortcut", SHORTCUTS, ids=lambda shortcut: shortcut.name)
def test_the_help_tells_each_key_with_its_command(shortcut: Shortcut):
    line = next(line for line in help_text([]).splitlines() if line.startswith(f"  {shortcut.shown} "))

    assert f"{shortcut.line}{shortcut.argument}" in line
    assert line.endswith(shortcut.help)


def test_the_help_tells_the_other_commands_and_fits_a_small_terminal():
    names = [f"command-{number}" for number in range(25)]

    lines = help_text(["press", *names]).splitlines()

    assert max(map(len, lines)) < 80
    assert len(lines) <= 20
    assert {word for line in lines for word in line.split()} >= {f"/{name}" for name in names}
    assert sum(line.count("/press") for line in lines) == 1, "it stands beside its key"


@pytest.mark.parametrize("columns", [30, 56, 78])
def test_the_help_is_broken_between_words(columns: int):
    names = ["permissions", "a-name"]

    lines = help_text(names, columns=columns).splitlines()

    assert max(map(len, lines)) <= columns
    assert " ".join(lines).split() == help_text(names, columns=1000).split()


def test_the_explanation_of_a_key_goes_on_where_it_began():
    lines = help_text([], columns=56).splitlines()

    assert lines[10:12] == [
        "  Esc f      /filter TEXT  show only what contains TEXT;",
        "                           /filter alone ends it",
    ]


def test_the_last_line_of_the_help_tells_how_to_say_a_slash():
    assert help_text([]).splitlines()[-1] == "To say a sentence that begins with a slash, begin it with two: //home"


def test_no_key_stands_twice():
    keys = [key for shortcut in SHORTCUTS for key in shortcut.keys]

    assert len(keys) == len(set(keys))
    assert {key[0] for key in keys} == {"escape", "f1"}, "all others are for typing"
