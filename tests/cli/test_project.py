import sys
from pathlib import Path

import pytest

from mentra import AppServer, ConfigError
from mentra_cli.errors import CliError, ExitCode
from mentra_cli.location import locate
from mentra_cli.project import AppImportError, FoundApp, imported_files, load

pytestmark = pytest.mark.usefixtures("own_imports")

IMPORT = "from mentra import AppServer\n"
OPTIONS = "package_name='com.example.hello', api_key='local-key'"
ONE_CLASS = f"{IMPORT}class HelloApp(AppServer): ...\n"


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACKAGE_NAME", "com.example.hello")
    monkeypatch.setenv("API_KEY", "local-key")


def load_app(root: Path, source: str, target: str | None = None) -> FoundApp:
    (root / "app.py").write_text(source)
    return load(locate(target, root))


@pytest.mark.parametrize(
    ("source", "name", "how"),
    [
        (ONE_CLASS, "HelloApp", "class HelloApp in app.py"),
        (f"{ONE_CLASS}Alias = HelloApp\n", "HelloApp", "class HelloApp in app.py"),
        (f"{ONE_CLASS}class Louder(HelloApp): ...\n", "Louder", "class Louder in app.py"),
        (f"{ONE_CLASS}server = again = HelloApp()\n", "server", "instance `server` in app.py"),
        (f"{IMPORT}server = AppServer({OPTIONS})\n", "server", "instance `server` in app.py"),
        (f"{ONE_CLASS}HelloApp().run()\n", "HelloApp", "app.run() called in app.py"),
        (f"{ONE_CLASS}server = HelloApp()\nserver.run()\n", "server", "app.run() called in app.py"),
        (f"{ONE_CLASS}if __name__ == '__main__':\n    HelloApp().run()\n", "HelloApp", "class HelloApp in app.py"),
    ],
)
def test_the_one_app_in_a_file_is_found(tmp_path: Path, source: str, name: str, how: str):
    found = load_app(tmp_path, source)

    assert (found.name, found.how) == (name, how)
    assert isinstance(found.app, AppServer)


@pytest.mark.parametrize(
    ("target", "how"),
    [
        ("app.py:HelloApp", "class HelloApp in app.py"),
        ("app:other", "instance `other` in app.py"),
    ],
)
def test_a_name_chooses_among_several(tmp_path: Path, target: str, how: str):
    source = f"{ONE_CLASS}class Bye(AppServer): ...\nserver = HelloApp()\nother = Bye()\n"

    assert load_app(tmp_path, source, target).how == how


@pytest.mark.parametrize(
    ("source", "names"),
    [
        (f"{ONE_CLASS}class Bye(AppServer): ...\n", "HelloApp, Bye"),
        (f"{ONE_CLASS}one = HelloApp()\ntwo = HelloApp()\n", "one, two"),
    ],
)
def test_several_apps_are_named_with_how_to_choose(tmp_path: Path, source: str, names: str):
    with pytest.raises(CliError, match=rf"^app.py has several apps: {names}\.$") as raised:
        load_app(tmp_path, source)

    assert raised.value.code is ExitCode.VALIDATION
    assert f"mentra dev app.py:{names.split(',')[0]}" in raised.value.fix


@pytest.mark.parametrize("source", ["x = 1\n", IMPORT, "from other import HelloApp\n"])
def test_a_file_that_defines_no_app_is_not_found(tmp_path: Path, source: str):
    (tmp_path / "other.py").write_text(ONE_CLASS)

    with pytest.raises(CliError, match=r"app\.py has no app") as raised:
        load_app(tmp_path, source)

    assert raised.value.code is ExitCode.NOT_FOUND


@pytest.mark.parametrize(
    ("name", "message"), [("nothing", "app.py has no 'nothing'"), ("x", "'x' in app.py is no AppServer")]
)
def test_a_name_that_is_no_app_is_answered_with_those_that_are(tmp_path: Path, name: str, message: str):
    with pytest.raises(CliError, match=message) as raised:
        load_app(tmp_path, f"{ONE_CLASS}x = 1\n", f"app.py:{name}")

    assert raised.value.fix == "Choose one that is: HelloApp."


def test_an_error_in_the_app_comes_with_its_place(tmp_path: Path):
    with pytest.raises(AppImportError, match=r"^KeyError: 'NOWHERE'$") as raised:
        load_app(tmp_path, f"import os\n{IMPORT}key = os.environ['NOWHERE']\n")

    assert isinstance(raised.value.error, KeyError)
    assert raised.value.frame is not None
    assert (raised.value.frame.file, raised.value.frame.line) == (tmp_path / "app.py", 3)


def test_an_error_in_the_constructor_comes_with_its_place(tmp_path: Path):
    source = (
        f"{IMPORT}class HelloApp(AppServer):\n    def __init__(self):\n        raise ConnectionError('no database')\n"
    )

    with pytest.raises(AppImportError, match=r"^ConnectionError: no database$") as raised:
        load_app(tmp_path, source)

    assert raised.value.frame is not None
    assert raised.value.frame.line == 4


def test_a_missing_option_is_an_error_without_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("API_KEY")

    with pytest.raises(AppImportError, match="api_key is missing") as raised:
        load_app(tmp_path, ONE_CLASS)

    assert isinstance(raised.value.error, ConfigError)
    assert raised.value.frame is None


def test_a_file_that_ends_the_process_does_not_end_ours(tmp_path: Path):
    with pytest.raises(AppImportError, match=r"^SystemExit: 3$"):
        load_app(tmp_path, "import sys\nsys.exit(3)\n")


def test_modules_beside_the_app_and_in_the_root_can_be_imported(tmp_path: Path):
    (tmp_path / "src" / "shop").mkdir(parents=True)
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "words.py").touch()
    (tmp_path / "src" / "prices.py").touch()
    (tmp_path / "src" / "shop" / "__init__.py").touch()
    (tmp_path / "src" / "shop" / "stock.py").touch()
    (tmp_path / "src" / "shop" / "app.py").write_text(f"import prices\nimport words\nfrom . import stock\n{ONE_CLASS}")

    found = load(locate("src/shop/app.py", tmp_path))

    assert found.how == "class HelloApp in src/shop/app.py"
    assert sys.path[:2] == [str(tmp_path / "src"), str(tmp_path)]


def test_a_module_of_the_same_name_is_not_taken_for_the_app(tmp_path: Path):
    (tmp_path / "json.py").write_text(ONE_CLASS)

    with pytest.raises(CliError, match="another module has the same name") as raised:
        load(locate("json.py", tmp_path))

    assert raised.value.fix == "Give json.py another name, such as app.py."


def test_the_files_of_the_project_that_were_imported_are_known(tmp_path: Path):
    library = tmp_path / ".venv" / "lib"
    library.mkdir(parents=True)
    (tmp_path / ".venv" / "pyvenv.cfg").touch()
    (library / "a_library_of_this_test.py").touch()
    (tmp_path / "words.py").touch()
    (tmp_path / "unused.py").touch()
    sys.path.append(str(library))

    load_app(tmp_path, f"import a_library_of_this_test\nimport words\n{ONE_CLASS}")

    assert imported_files(tmp_path) == {tmp_path / "app.py", tmp_path / "words.py"}
