from pathlib import Path

import pytest

from mentra_cli.code_frame import CodeFrame, code_frame


def raised_by(source: str, file: Path) -> BaseException:
    try:
        exec(compile(source, str(file), "exec"), {})
    except (ArithmeticError, ValueError, SyntaxError) as error:
        return error
    raise AssertionError("it should have failed")


def test_the_innermost_place_in_the_project_is_shown(tmp_path: Path):
    source = "import json\n\ndef read():\n    return json.loads('{')\n\nread()\n"
    (tmp_path / "app.py").write_text(source)
    error = raised_by(source, tmp_path / "app.py")

    frame = code_frame(error, tmp_path)

    assert frame == CodeFrame(
        tmp_path / "app.py",
        4,
        12,
        ((2, ""), (3, "def read():"), (4, "    return json.loads('{')"), (5, ""), (6, "read()")),
    )


def test_a_syntax_error_is_shown_where_it_is(tmp_path: Path):
    source = "a = 1\nb = (\n"
    (tmp_path / "app.py").write_text(source)

    frame = code_frame(raised_by(source, tmp_path / "app.py"), tmp_path)

    assert frame == CodeFrame(tmp_path / "app.py", 2, 5, ((1, "a = 1"), (2, "b = (")))
    assert str(frame) == "  1 | a = 1\n> 2 | b = ("


def test_a_virtual_environment_in_the_project_is_not_the_project(tmp_path: Path):
    (tmp_path / "env" / "lib").mkdir(parents=True)
    (tmp_path / "env" / "pyvenv.cfg").touch()
    (tmp_path / "env" / "lib" / "library.py").write_text("1 / 0\n")

    assert code_frame(raised_by("1 / 0\n", tmp_path / "env" / "lib" / "library.py"), tmp_path) is None


def test_code_without_a_file_has_no_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    assert code_frame(raised_by("1 / 0\n", Path("<string>")), tmp_path) is None
