"""What ``mentra cloud`` reads of an app: from a folder or a file, and from the environment beside it."""

import json
from pathlib import Path
from typing import Any

import pytest

from mentra.localcloud import InstalledApp
from mentra.localcloud.hardware import HardwareRequirement
from mentra.protocol.settings import Setting, SettingType
from mentra_cli.cloud.app_record import AppRecord, read_app, read_apps
from mentra_cli.errors import CliError, ExitCode

KEY = "local-0123456789abcdef"
ENV = f"PACKAGE_NAME=com.example.echo\nAPI_KEY={KEY}\nPORT=7010\n"
EXPORT: dict[str, Any] = {
    "name": "Echo",
    "publicUrl": "https://echo.example.com",
    "appType": "background",
    "permissions": [{"type": "MICROPHONE", "description": "To hear."}],
    "settings": [{"type": "toggle", "key": "loud", "label": "Loud", "defaultValue": False}],
    "hardwareRequirements": [{"type": "MICROPHONE", "level": "REQUIRED", "description": "To hear."}],
    "tools": [],
}


def read(path: Path, **shell: str) -> AppRecord:
    return read_app(path, env_file=None, shell=shell)


def write(folder: Path, env: str = ENV, **files: Any) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / ".env").write_text(env)
    for name, document in files.items():
        (folder / f"{name}.json").write_text(json.dumps(document))
    return folder


def test_a_folder_without_a_file_is_an_app_that_may_do_everything(tmp_path: Path) -> None:
    record = read(write(tmp_path))

    assert record == AppRecord(
        installed=InstalledApp(
            package_name="com.example.echo",
            api_key=KEY,
            public_url="http://127.0.0.1:7010",
            name="com.example.echo",
            permissions=("ALL",),
        ),
        key_from=".env:2",
        file=None,
    )


def test_the_file_of_a_folder_is_what_the_console_knows_of_its_app(tmp_path: Path) -> None:
    record = read(write(tmp_path, app_config=EXPORT))

    assert record.installed == InstalledApp(
        package_name="com.example.echo",
        api_key=KEY,
        public_url="http://127.0.0.1:7010",  # The address of the export is that of real users.
        name="Echo",
        permissions=("MICROPHONE",),
        settings=(Setting(type=SettingType.TOGGLE, key="loud", label="Loud", default_value=False),),
        app_type="background",
        hardware_requirements=(HardwareRequirement(type="MICROPHONE", level="REQUIRED"),),
    )


def test_a_file_says_who_the_app_is_where_it_is_and_which_variable_has_its_key(tmp_path: Path) -> None:
    facts = {
        "packageName": "com.example.clock",
        "publicUrl": "http://127.0.0.1:7020/",
        "apiKeyVariable": "CLOCK_KEY",
        "webhookPath": "/hook",
    }
    folder = write(tmp_path, env="CLOCK_KEY=secret-of-clock\n", clock=facts)

    installed = read(folder / "clock.json").installed

    assert installed == InstalledApp(
        package_name="com.example.clock",
        api_key="secret-of-clock",
        public_url="http://127.0.0.1:7020",
        webhook_path="/hook",
        name="com.example.clock",
    )


def test_the_shell_wins_over_the_env_file_and_the_port_is_3000_if_nobody_says(tmp_path: Path) -> None:
    folder = write(tmp_path, env="PACKAGE_NAME=com.example.echo\nAPI_KEY=one\n")

    record = read(folder, MENTRAOS_API_KEY="three", API_KEY="two")

    assert (record.installed.api_key, record.key_from) == ("two", "shell")
    assert record.installed.public_url == "http://127.0.0.1:3000"


@pytest.mark.parametrize(
    ("env", "document", "code", "words"),
    [
        ("API_KEY=x\n", {}, ExitCode.VALIDATION, "PACKAGE_NAME is not set"),
        ("PACKAGE_NAME=com.example.echo\n", {}, ExitCode.VALIDATION, "API_KEY is not set"),
        (ENV, {"apiKeyVariable": "ECHO_KEY"}, ExitCode.VALIDATION, "ECHO_KEY is not set"),
        (ENV, {"apiKey": "secret"}, ExitCode.VALIDATION, "has a key in it"),
        (ENV, {"apiKeyVariable": "secret-of-echo"}, ExitCode.VALIDATION, "apiKeyVariable is no name of a variable"),
        ("PACKAGE_NAME='open\nAPI_KEY=x\n", {}, ExitCode.VALIDATION, "line 1 of .env is not NAME=value"),
        (ENV, {"publicUrl": "http://["}, ExitCode.VALIDATION, "publicUrl is no address"),
        (ENV, {"publicUrl": "http://"}, ExitCode.VALIDATION, "publicUrl is no address"),
        (ENV, {"publicUrl": "http://127.0.0.1:70100"}, ExitCode.VALIDATION, "publicUrl is no address"),
        (ENV, {"webhookPath": "hook"}, ExitCode.VALIDATION, "webhookPath does not begin with a slash"),
        (ENV, {"appType": "system_dashboard"}, ExitCode.VALIDATION, "system_dashboard"),
        (ENV, {"hardwareRequirements": [{"type": "LASER"}]}, ExitCode.VALIDATION, "LASER"),
        (ENV, {"permissions": 7}, ExitCode.VALIDATION, "permissions is no list"),
        (ENV.replace("7010", "70100"), {}, ExitCode.VALIDATION, "PORT is '70100'"),
    ],
    ids=lambda value: None if isinstance(value, ExitCode) else str(value)[:40],
)
def test_what_is_missing_or_wrong_is_named(
    tmp_path: Path, env: str, document: dict[str, Any], code: ExitCode, words: str
) -> None:
    folder = write(tmp_path, env=env, app_config=document)

    with pytest.raises(CliError) as caught:
        read(folder)

    assert caught.value.code is code
    assert words in caught.value.message
    assert "secret" not in caught.value.message


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CliError, match="There is no") as caught:
        read(tmp_path / "nowhere")

    assert caught.value.code is ExitCode.NOT_FOUND


@pytest.mark.parametrize(
    ("env", "words"), [(ENV, "package name"), (ENV.replace("echo", "clock"), "address")], ids=["name", "address"]
)
def test_two_apps_cannot_have_the_same_name_or_address(tmp_path: Path, env: str, words: str) -> None:
    paths = [write(tmp_path / "a"), write(tmp_path / "b", env=env)]

    with pytest.raises(CliError, match=f"Two apps have the same {words}"):
        read_apps(paths, folder=tmp_path, env_file=None, shell={})


def test_without_a_path_it_is_the_app_of_the_folder(tmp_path: Path) -> None:
    [record] = read_apps([], folder=write(tmp_path), env_file=None, shell={})

    assert record.installed.package_name == "com.example.echo"


def test_what_was_read_is_told_in_a_line_without_the_key(tmp_path: Path) -> None:
    with_file = str(read(write(tmp_path / "a", app_config=EXPORT)))
    without = str(read(write(tmp_path / "b")))

    at = "at http://127.0.0.1:7010, key from .env:2"
    told = "app_config.json: permissions MICROPHONE, 1 setting, required microphone"
    assert with_file == f"com.example.echo (background) {at}; {told}"
    assert without == f"com.example.echo (standard) {at}; no app_config.json: all permissions, no settings"


def test_a_line_of_the_env_file_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    record = read(write(tmp_path, env=f"{ENV}what is this\n"))

    assert [(problem.line, problem.message) for problem in record.problems] == [
        (4, "is not NAME=value; is a quote left open?")
    ]
