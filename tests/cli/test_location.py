from pathlib import Path

import pytest

from mentra_cli.errors import CliError, ExitCode
from mentra_cli.location import Location, locate, project_faithful, project_glasses

NAMED = "named on the command line"


def make(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


@pytest.mark.parametrize(
    ("files", "target", "root", "module", "file", "attribute"),
    [
        (["app.py"], "app.py", ".", "app", "app.py", None),
        (["app.py"], "app.py:server", ".", "app", "app.py", "server"),
        (["app.py"], "app:HelloApp", ".", "app", "app.py", "HelloApp"),
        (["app.py"], "./app.py", ".", "app", "app.py", None),
        (["my-app.py"], "my-app.py", ".", "my-app", "my-app.py", None),
        (["shop/captions.py"], "shop.captions:App", ".", "shop.captions", "shop/captions.py", "App"),
        (["src/shop/__init__.py"], "shop:App", ".", "shop", "src/shop/__init__.py", "App"),
        (["shop/__init__.py", "shop/app.py"], "shop/app.py", ".", "shop.app", "shop/app.py", None),
        (["pyproject.toml", "src/app.py"], "src/app.py", ".", "app", "src/app.py", None),
        (["hello/app.py"], "hello", "hello", "app", "hello/app.py", None),
        (["hello/main.py"], "hello:App", "hello", "main", "hello/main.py", "App"),
        (["hello/app.py"], "hello/app.py", "hello", "app", "hello/app.py", None),
        (["hello/.env", "hello/src/app.py"], "hello/src/app.py", "hello", "app", "hello/src/app.py", None),
    ],
)
def test_a_target_names_a_file_a_module_or_a_folder(
    tmp_path: Path, files: list[str], target: str, root: str, module: str, file: str, attribute: str | None
):
    make(tmp_path, *files)

    found = locate(target, tmp_path)

    assert (found.root, found.module, found.file, found.attribute) == (
        tmp_path / root,
        module,
        tmp_path / file,
        attribute,
    )


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["main.py", "app.py"], "app.py"),
        (["src/app.py", "main.py"], "main.py"),
        (["app/main.py"], "app/main.py"),
        (["app/__init__.py"], "app/__init__.py"),
    ],
)
def test_without_a_target_the_usual_files_are_tried_in_order(tmp_path: Path, files: list[str], expected: str):
    make(tmp_path, *files)

    found = locate(None, tmp_path)

    assert (found.shown, found.how) == (expected, f"found {expected}")


def test_the_setting_of_the_project_wins_over_the_usual_files(tmp_path: Path):
    make(tmp_path, "app.py", "captions.py")
    (tmp_path / "pyproject.toml").write_text('[tool.mentra]\napp = "captions:App"\n')

    assert locate(None, tmp_path) == Location(
        tmp_path, "captions", tmp_path / "captions.py", "App", "[tool.mentra] app in pyproject.toml"
    )


def test_a_target_wins_over_the_setting(tmp_path: Path):
    make(tmp_path, "app.py", "captions.py")
    (tmp_path / "pyproject.toml").write_text('[tool.mentra]\napp = "captions:App"\n')

    assert locate("app.py", tmp_path) == Location(tmp_path, "app", tmp_path / "app.py", None, NAMED)


@pytest.mark.parametrize(
    ("files", "target", "import_root"),
    [
        (["src/shop/__init__.py", "src/shop/app.py", ".env"], "src/shop/app.py", "src"),
        (["src/shop/__init__.py", ".env"], "shop:App", "src"),
        (["shop/captions.py"], "shop.captions", "."),
    ],
)
def test_a_module_is_imported_from_above_its_packages(tmp_path: Path, files: list[str], target: str, import_root: str):
    make(tmp_path, *files)

    found = locate(target, tmp_path)

    assert found.root == tmp_path
    assert found.import_root == tmp_path / import_root


@pytest.mark.parametrize("target", ["nothing.py", "no.such.module:App", "C:\\apps\\app.py", "folder/"])
def test_a_target_that_is_nowhere_is_not_found(tmp_path: Path, target: str):
    with pytest.raises(CliError) as raised:
        locate(target, tmp_path)

    assert raised.value.code is ExitCode.NOT_FOUND


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("", "The name of the app is empty."),
        ("README.md", "'README.md' is not a Python file: its name does not end with .py."),
        ("app", "'app' is not a Python file: its name does not end with .py."),
    ],
)
def test_a_target_that_can_be_no_app_is_a_usage_error(tmp_path: Path, target: str, message: str):
    make(tmp_path, "app", "main.py", "README.md")

    with pytest.raises(CliError) as raised:
        locate(target, tmp_path)

    assert (raised.value.message, raised.value.code) == (message, ExitCode.USAGE)


def test_a_file_of_another_kind_does_not_stand_before_the_module_of_its_name(tmp_path: Path):
    make(tmp_path, "app", "app.py")

    assert locate("app:App", tmp_path).file == tmp_path / "app.py"


def test_an_empty_folder_says_what_was_looked_for(tmp_path: Path):
    with pytest.raises(CliError, match=r"looked for app\.py, main\.py, .*pyproject\.toml") as raised:
        locate(None, tmp_path)

    assert raised.value.code is ExitCode.NOT_FOUND
    assert "mentra dev src/captions.py:CaptionsApp" in raised.value.fix


@pytest.mark.parametrize("text", ["[tool.mentra", "[tool]\nmentra = 1", "[tool.mentra]\napp = 3"])
def test_a_broken_setting_is_a_mistake_in_the_project(tmp_path: Path, text: str):
    make(tmp_path, "app.py")
    (tmp_path / "pyproject.toml").write_text(text)

    with pytest.raises(CliError, match=r"pyproject\.toml cannot be read") as raised:
        locate(None, tmp_path)

    assert raised.value.code is ExitCode.VALIDATION


def test_a_setting_that_names_nothing_is_not_found(tmp_path: Path):
    make(tmp_path, "app.py")
    (tmp_path / "pyproject.toml").write_text('[tool.mentra]\napp = "captions:App"\n')

    with pytest.raises(CliError, match="'captions:App' under") as raised:
        locate(None, tmp_path)

    assert raised.value.code is ExitCode.NOT_FOUND


@pytest.mark.parametrize(
    ("text", "glasses"),
    [("", None), ("[tool.mentra]\n", None), ('[tool.mentra]\nglasses = "Mentra Live"\n', "Mentra Live")],
)
def test_a_project_may_name_the_glasses(tmp_path: Path, text: str, glasses: str | None):
    (tmp_path / "pyproject.toml").write_text(text)

    assert project_glasses(tmp_path) == glasses


@pytest.mark.parametrize(
    ("text", "faithful"),
    [("", False), ("[tool.mentra]\nfaithful = true", True), ("[tool.mentra]\nfaithful = false", False)],
)
def test_a_project_says_whether_its_cloud_has_all_waits(tmp_path: Path, text: str, faithful: bool) -> None:
    (tmp_path / "pyproject.toml").write_text(text)

    assert project_faithful(tmp_path) is faithful
