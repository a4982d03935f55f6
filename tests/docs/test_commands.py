"""What the pages tell people to type exists."""

import re
import shlex

import pytest
from typer.main import get_command

from mentra_cli.main import app
from tests.docs.pages import PAGES, README, ROOT, blocks, name_of, prose, rows, section

COMMANDS = get_command(app).commands
ANYWHERE = {"--verbose", "--no-color"}
"""Options of all commands, which may stand behind any."""
TARGETS = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


def typed(page):
    """The command lines in the shell blocks of a page, and in its running text."""
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    lines += re.findall(r"`((?:mentra|make) [^`]+)`", prose(page))
    for line in lines:
        for command in line.partition("#")[0].split("&&"):
            if words := shlex.split(command):
                yield words[: words.index("--")] if "--" in words else words  # What follows is another program's.


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_and_its_options_exist(page):
    for words in typed(page):
        if words[0] != "mentra":
            continue
        assert words[1] in {*COMMANDS, "--help", "--version"}, words
        if words[1].startswith("-"):
            continue
        command, rest = COMMANDS[words[1]], words[2:]
        while rest and rest[0] in getattr(command, "commands", {}):
            command, rest = command.commands[rest[0]], rest[1:]
        options = {option for parameter in command.params for option in parameter.opts} | ANYWHERE
        assert {word for word in rest if re.match(r"-[^\d]", word)} <= options, words


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_make_target_exists(page):
    assert {words[1] for words in typed(page) if words[0] == "make"} <= TARGETS


def test_the_readme_shows_every_command():
    shown = {name for row in rows(section(README, "The command")) for name in re.findall(r"`mentra (\w+)", row[0])}

    assert shown == set(COMMANDS)


def test_the_readme_lists_every_option_of_the_server():
    config = (ROOT / "mentra" / "config.py").read_text()
    listed = {row[0].strip("`") for row in rows(section(README, "On real glasses"))}

    assert set(re.findall(r"``([A-Z_]+)``", config)) - listed == {
        "MENTRAOS_API_KEY",  # Told in the row of API_KEY.
        "MENTRA_DEV",  # Set by mentra dev, not by people.
    }


def test_continuous_integration_runs_what_people_run():
    makefile = (ROOT / "Makefile").read_text()

    assert (ROOT / ".ci" / "run").read_text().splitlines()[-2:] == ["make check", "make test"]
    assert "\t$(BIN)/python -m pytest\n" in makefile
    assert "`python -m pytest`" in README.read_text()
