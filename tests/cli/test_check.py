import json
import subprocess
import sys
from pathlib import Path

import pytest

from mentra_cli.main import main

pytestmark = pytest.mark.usefixtures("own_imports")

APP = """\
from mentra import AppServer
class HelloApp(AppServer):
    async def on_session(self, session, session_id, user_id): ...
"""
FIX = (
    "       -> For real glasses: generate a key on the app's page in the console (https://console.mentra.glass), "
    "and put it into .env"
)
ENV = "PACKAGE_NAME=com.example.hello\nAPI_KEY=local-abcdefghijklmnop\nPORT=0\n"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("PACKAGE_NAME", "API_KEY", "MENTRAOS_API_KEY", "PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / ".env").write_text(ENV)
    return tmp_path


def test_findings_are_lines_with_the_fix_beneath(capsys: pytest.CaptureFixture[str]):
    code = main(["check"])

    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    assert lines[3:6] == [
        "\u2713 OK   PACKAGE_NAME is com.example.hello",
        "! WARN API_KEY is a local development key: enough for mentra dev, unknown to the real cloud (.env:2)",
        FIX,
    ]
    assert lines[-2:] == ["8 fine, 1 warning, 0 errors.", "Next: mentra dev"]


def test_an_error_in_the_app_is_shown_with_its_lines(project: Path, capsys: pytest.CaptureFixture[str]):
    (project / "app.py").write_text(f"{APP}\nhome = environ['HOME']\n")

    code = main(["check", "--offline"])

    assert code == 7
    out = capsys.readouterr().out
    assert "FAIL the app cannot be imported: NameError: name 'environ' is not defined (app.py:5)" in out
    assert "       > 5 | home = environ['HOME']\n" in out
    assert "Next: mend what failed, then: mentra check" in out


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]):
    code = main(["check", "--offline", "--json"])

    document = json.loads(capsys.readouterr().out)
    assert code == 0
    assert {name: document[name] for name in ("version", "ok", "exit_code")} == {
        "version": 1,
        "ok": True,
        "exit_code": 0,
    }
    assert document["findings"][3] == {
        "rule": "env.package-name",
        "level": "ok",
        "message": "PACKAGE_NAME is com.example.hello",
        "fix": "",
        "where": ".env:1",
        "detail": "",
    }


def test_json_says_why_it_failed(project: Path, capsys: pytest.CaptureFixture[str]):
    (project / "app.py").unlink()

    code = main(["check", "--json"])

    document = json.loads(capsys.readouterr().out)
    assert (code, document["ok"], document["exit_code"]) == (5, False, 5)


def test_a_local_key_is_not_sent_to_a_cloud_that_is_named(capsys: pytest.CaptureFixture[str]):
    code = main(["check", "--cloud", "https://cloud.example.org"])

    assert code == 7
    assert "FAIL a local development key is not sent to cloud.example.org" in capsys.readouterr().out


def test_a_missing_env_file_is_a_usage_error(capsys: pytest.CaptureFixture[str]):
    code = main(["check", "--env-file", "staging.env"])

    assert code == 2
    assert "staging.env." in capsys.readouterr().err


@pytest.mark.processes
def test_output_fits_an_old_encoding(project: Path):
    result = subprocess.run(
        [sys.executable, "-m", "mentra_cli", "check", "--offline"],
        env={"PYTHONIOENCODING": "cp1252", "PATH": ""},
        capture_output=True,
        timeout=30,
        check=False,
    )

    assert result.returncode == 0
    assert b"\nOK   PACKAGE_NAME is com.example.hello" in result.stdout
    assert b"\nWARN API_KEY is a local development key" in result.stdout
