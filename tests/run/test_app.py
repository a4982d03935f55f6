"""What is said of an app that cannot be loaded."""

from pathlib import Path

import pytest

from mentra_cli.location import locate
from mentra_cli.run.app import loaded
from mentra_cli.run.failure import AppFailed


@pytest.mark.usefixtures("own_imports")
def test_a_file_that_python_cannot_read_is_shown_by_its_line_alone(tmp_path: Path):
    app = tmp_path / "app.py"
    app.write_text("import os\n\nprint('a' 'b'))\n")

    with pytest.raises(AppFailed) as failed:
        loaded(locate("app.py", tmp_path))

    assert failed.value.message == "app.py cannot be loaded: SyntaxError: unmatched ')'"
    assert failed.value.traceback.splitlines()[:2] == [f'  File "{app}", line 3', "    print('a' 'b'))"]
    assert failed.value.traceback.splitlines()[-1] == "SyntaxError: unmatched ')'"


@pytest.mark.usefixtures("own_imports")
def test_of_a_module_that_python_cannot_read_the_app_s_lines_that_import_it_are_shown_too(tmp_path: Path):
    (tmp_path / "app.py").write_text("import words")
    (tmp_path / "words.py").write_text("def say(:\n")

    with pytest.raises(AppFailed) as failed:
        loaded(locate("app.py", tmp_path))

    files = [line for line in failed.value.traceback.splitlines() if line.startswith('  File "')]
    assert [file.partition(",")[0] for file in files] == [
        f'  File "{tmp_path / name}"' for name in ("app.py", "words.py")
    ]
