"""``mentra config``: the file of the console, written and compared."""

import json
from pathlib import Path

import pytest

from mentra_cli.main import main

pytestmark = pytest.mark.usefixtures("own_imports")

APP = """\
from mentra import AppServer, Permission, Settings, setting, tool

print("loaded")

class HelloSettings(Settings):
    lines: int = setting(3, min=1, max=5)
    speed: float = 1.5

class HelloApp(AppServer):
    '''Says hello.'''
    settings = HelloSettings
    permissions = (Permission.MICROPHONE,)

    @tool
    def greet(self, name: str) -> str:
        '''Greet somebody.'''
        return name
"""
PORT = """\
from mentra import AppServer

class HelloApp(AppServer):
    async def on_session(self, session, session_id, user_id):
        session.settings.get("show", True)

    async def on_tool_call(self, tool_name, args, user_id):
        return tool_name
"""
CONFIG = {
    "name": "Hello",
    "description": "Says hello.",
    "version": "1.0.0",
    "permissions": [{"type": "MICROPHONE"}],
    "settings": [
        {"key": "lines", "defaultValue": 3, "type": "slider", "label": "Lines", "min": 1, "max": 5},
        {"key": "speed", "defaultValue": 1.5, "type": "numeric_input", "label": "Speed"},
    ],
    "tools": [
        {
            "id": "greet",
            "description": "Greet somebody.",
            "activationPhrases": [],
            "parameters": {"name": {"type": "string", "description": "name", "required": True}},
        }
    ],
}
REFUSED = (
    "Warning: the console does not import the setting 'speed', because of its type: add it on the page by hand, or "
    "give it min and max if it is a number."
)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("PACKAGE_NAME", "API_KEY", "MENTRAOS_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text(APP)
    return tmp_path


def test_export_writes_what_the_code_says_without_credentials(project: Path, capsys: pytest.CaptureFixture[str]):
    code = main(["config", "export"])

    printed = capsys.readouterr()
    assert code == 0
    assert json.loads((project / "app_config.json").read_text()) == CONFIG
    assert printed.out == "Wrote app_config.json. Import it on the app's page in the developer console.\n"
    assert printed.err.splitlines() == ["loaded", REFUSED]


def test_export_keeps_what_is_not_the_codes(project: Path):
    old = {"name": "My app", "logoURL": "https://example.com/logo.png", "settings": [], "tools": [{"id": "gone"}]}
    (project / "console.json").write_text(json.dumps(old))

    assert main(["config", "export", "console.json"]) == 0

    assert json.loads((project / "console.json").read_text()) == {
        **CONFIG,
        "name": "My app",
        "logoURL": "https://example.com/logo.png",
    }


def test_export_takes_the_version_of_the_project(project: Path, capsys: pytest.CaptureFixture[str]):
    (project / "pyproject.toml").write_text('[project]\nname = "hello"\nversion = "2.3"\n')

    assert main(["config", "export", "-"]) == 0

    assert json.loads(capsys.readouterr().out) == {**CONFIG, "version": "2.3"}


def test_export_tells_programs_what_it_wrote(project: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["config", "export", "--json"]) == 0

    assert json.loads(capsys.readouterr().out) == {
        "version": 1,
        "file": str(project / "app_config.json"),
        "removed": [],
        "refused_by_console": ["speed"],
    }


def test_export_says_what_it_removes_and_shows_all_of_it(project: Path, capsys: pytest.CaptureFixture[str]):
    loud = {"type": "toggle", "key": "loud", "label": "Loud", "defaultValue": False}
    (project / "app_config.json").write_text(json.dumps({**CONFIG, "settings": [loud], "tools": [{"id": "gone"}]}))

    assert main(["config", "export", "--json"]) == 0

    printed = capsys.readouterr()
    assert json.loads(printed.out)["removed"] == [
        {"where": "settings.loud", "entry": loud},
        {"where": "tools.gone", "entry": {"id": "gone"}},
    ]
    removed = "Removed from app_config.json, as the code does not have it:"
    assert printed.err.splitlines()[1:3] == [
        f'{removed} settings.loud {{"type":"toggle","key":"loud","label":"Loud","defaultValue":false}}',
        f'{removed} tools.gone {{"id":"gone"}}',
    ]
    assert json.loads((project / "app_config.json").read_text()) == CONFIG


def test_a_port_that_declares_nothing_keeps_its_file(project: Path, capsys: pytest.CaptureFixture[str]):
    (project / "app.py").write_text(PORT)
    file = {**CONFIG, "permissions": [{"type": "MICROPHONE", "description": "To hear you"}]}
    (project / "app_config.json").write_text(json.dumps(file))

    assert main(["config", "check"]) == 0
    assert main(["config", "export"]) == 0

    printed = capsys.readouterr()
    assert (json.loads((project / "app_config.json").read_text()), printed.err) == (file, "")


def test_a_first_export_of_a_port_says_what_the_console_may_have_besides(
    project: Path, capsys: pytest.CaptureFixture[str]
):
    (project / "app.py").write_text(PORT)

    assert main(["config", "export"]) == 0

    assert capsys.readouterr().err == (
        "The code declares no settings and no tools. If the console has some, do not import this over them: save what "
        "the console exports as app_config.json, and run this again; it keeps them.\n"
    )


def test_check_is_content_when_both_say_the_same(capsys: pytest.CaptureFixture[str]):
    main(["config", "export"])
    capsys.readouterr()

    code = main(["config", "check"])

    assert (code, capsys.readouterr().out) == (0, "app_config.json says what the code says.\n")


def test_check_shows_each_difference_and_fails(project: Path, capsys: pytest.CaptureFixture[str]):
    file = json.loads(json.dumps(CONFIG))
    file["settings"][0]["max"] = 4
    file["settings"][1]["label"] = "Pace"
    file["settings"].append({"type": "toggle", "key": "loud", "label": "Loud", "defaultValue": False})
    file["tools"] = []
    (project / "app_config.json").write_text(json.dumps(file))

    code = main(["config", "check"])

    printed = capsys.readouterr()
    assert code == 7
    assert printed.out.splitlines() == [
        "settings.lines.max: 5 in the code, 4 in app_config.json",
        'settings.speed.label: "Speed" in the code, "Pace" in app_config.json',
        "settings.loud: only in app_config.json",
        "tools.greet: only in the code",
    ]
    assert "app_config.json and the code differ in 4 places." in printed.err


def test_check_tells_programs_each_difference(project: Path, capsys: pytest.CaptureFixture[str]):
    (project / "other.json").write_text(json.dumps({**CONFIG, "permissions": []}))

    code = main(["config", "check", "other.json", "--app", "app.py:HelloApp", "--json"])

    assert code == 7
    assert json.loads(capsys.readouterr().out) == {
        "version": 1,
        "ok": False,
        "exit_code": 7,
        "file": "other.json",
        "differences": [{"where": "permissions.MICROPHONE", "code": {"type": "MICROPHONE"}}],
    }


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (None, 5, "There is no app_config.json to compare the code with."),
        ("[]", 7, "app_config.json is no export of the developer console: Expected `object`, got `array`."),
        ("{", 7, "app_config.json is no export of the developer console: "),
        ('{"settings": 5}', 7, "app_config.json is no export of the developer console: settings is no list."),
    ],
)
def test_a_file_that_cannot_be_compared_is_an_error(
    project: Path, capsys: pytest.CaptureFixture[str], text: str | None, code: int, words: str
):
    if text is not None:
        (project / "app_config.json").write_text(text)

    assert main(["config", "check"]) == code

    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("app", "code", "words"),
    [
        ("x = 1\n", 5, "app.py has no app"),
        ("import nowhere_at_all\n", 7, "The app in app.py cannot be imported: ModuleNotFoundError"),
        (APP.replace("lines: int", "lines: bytes"), 7, "HelloSettings.lines cannot be a setting: <class 'bytes'>"),
        (APP.replace("name: str)", "name: bytes)"), 7, "The tool HelloApp.greet cannot have the parameter name: bytes"),
    ],
)
def test_an_app_that_cannot_be_made_is_an_error(
    project: Path, capsys: pytest.CaptureFixture[str], app: str, code: int, words: str
):
    (project / "app.py").write_text(app)

    assert main(["config", "export"]) == code

    assert words in capsys.readouterr().err
    assert not (project / "app_config.json").exists()


def test_check_of_the_project_tells_of_a_difference(project: Path, capsys: pytest.CaptureFixture[str]):
    (project / ".env").write_text("PACKAGE_NAME=com.example.hello\nAPI_KEY=local-abcdefghijklmnop\nPORT=0\n")
    main(["config", "export"])
    main(["check", "--offline"])
    same = capsys.readouterr().out
    (project / "app_config.json").write_text(json.dumps({**CONFIG, "permissions": []}))
    main(["check", "--offline"])
    differs = capsys.readouterr().out

    assert "OK   app_config.json says what the code says" in same
    assert "WARN the code and app_config.json differ in one place: settings, tools or permissions" in differs
