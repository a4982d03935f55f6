"""What docs/local-cloud.md tells of ``mentra cloud`` is so."""

import re

import msgspec
from typer.main import get_command

from mentra.localcloud import InstalledApp, LocalCloud, VirtualGlasses
from mentra.localcloud.hardware import HardwareRequirement
from mentra.protocol.settings import Setting, SettingType
from mentra_cli.cloud.app_record import AppFile, read_app
from mentra_cli.main import app
from tests.docs.pages import ROOT, blocks, rows, section

PAGE = ROOT / "docs" / "local-cloud.md"
TABLES = [list(rows(table)) for table in re.findall(r"(?:^\|.+\n)+", section(PAGE, "mentra cloud"), flags=re.MULTILINE)]


def test_the_file_of_the_page_is_read_as_it_stands_there(tmp_path):
    [document] = blocks(PAGE, "json")
    (tmp_path / "clock.json").write_text(document)
    (tmp_path / ".env").write_text("CLOCK_KEY=tick\n")

    record = read_app(tmp_path / "clock.json", env_file=None, shell={})

    assert record.installed == InstalledApp(
        package_name="com.example.clock",
        api_key="tick",
        public_url="http://127.0.0.1:7020",
        name="Clock",
        permissions=("LOCATION",),
        settings=(Setting(type=SettingType.TOGGLE, key="seconds", label="Show seconds", default_value=False),),
        app_type="background",
        hardware_requirements=(HardwareRequirement(type="DISPLAY"),),
    )


def test_every_field_of_the_file_is_on_the_page():
    listed = {name for row in TABLES[1] for name in re.findall(r"`(\w+)`", row[0])}

    fields = {field.encode_name for field in msgspec.structs.fields(AppFile)}
    assert listed == fields - {"apiKey"} | {"permissions", "settings"}  # Both are the console's own part.


def test_every_option_is_on_the_page():
    listed = {name for row in TABLES[0] for name in re.findall(r"--[\w-]+", row[0])}

    options = {option for parameter in get_command(app).commands["cloud"].params for option in parameter.opts}
    said_in_the_text = {"--no-start", "--env-file", "--help"}
    assert listed == options - said_in_the_text | {"--verbose"}


def test_everything_that_glasses_do_and_tell_is_on_the_page():
    named = set(re.findall(r"\w+", PAGE.read_text()))

    public = {name for name in dir(VirtualGlasses) if not name.startswith("_")}
    assert public - named == {"now"}


def test_everything_of_the_cloud_but_what_its_sockets_ask_is_on_the_page():
    named = set(re.findall(r"\w+", PAGE.read_text()))

    public = {name for name in dir(LocalCloud) if not name.startswith("_")}
    assert public - named == {"admit", "resume"}
