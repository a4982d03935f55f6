"""What is proposed for errors of the developer's code."""

import sys
from pathlib import Path

import pytest

from mentra_cli.likely_fix import likely_fix

HERE = "the project's folder"
FIXES = [
    (
        "import no_such_package",
        f"Install it where mentra runs: {Path(sys.executable).name} -m pip install no_such_package",
    ),
    ("import yaml_.sub", "-m pip install yaml_"),
    ("import cv2", "-m pip install opencv-python"),
    ("import wrods", "Did you mean 'words'?"),
    ("import asyncoi", "Did you mean 'asyncio'?"),
    ("from mentra import AppServr", "Did you mean 'AppServer'?"),
    ("from json import load_all", ""),
    ("AppSession", "Import it: from mentra import AppSession"),
    ("asyncio.sleep(1)", "Import it: import asyncio"),
    ("captions = 1\ncaption", "Did you mean 'captions'?"),
    ("prnit('x')", "Did you mean 'print'?"),
    ("'text'.uper()", "Did you mean 'upper'?"),
    ("import json\njson.laod('1')", "Did you mean 'load'?"),
    ("import os\nos.environ['OPENAI_API_KEY']", "Set OPENAI_API_KEY in .env or in the shell."),
    ("{}['key']", ""),
    ("open('words.txt')", f"The app runs in {HERE}: a relative path starts there."),
    ("open('/no/such/file')", ""),
    (
        "if True:\nx = 1",
        "Indent the lines of one block by the same number of spaces, under a line that ends with a colon.",
    ),
    ("if True:\n\tx = 1\n        y = 2", "Indent with spaces only."),
    ("await something()", "Move it into a function: async def, if it awaits."),
    ("return 1", "Move it into a function: async def, if it awaits."),
    ("def broken(:", ""),
    (
        "import sys\nsys.exit(3)",
        'What ends the program belongs under if __name__ == "__main__": then it does not run here.',
    ),
    (
        "class App:\n    def __init__(self, city): pass\nApp()",
        "Give the arguments a default, or make the app in the file: app = MyApp(...).",
    ),
    ("1 / 0", ""),
    (
        "from mentra.wrong_names import unknown_name\nraise unknown_name(object(), 'showTextWall', ['show_text_wall'])",
        "",
    ),
]


@pytest.mark.parametrize(("code", "fix"), FIXES, ids=[code.splitlines()[-1] for code, _ in FIXES])
def test_a_likely_fix_is_named_and_a_doubtful_one_is_not(tmp_path: Path, code: str, fix: str):
    (tmp_path / "words.py").touch()

    with pytest.raises((Exception, SystemExit)) as raised:
        exec(compile(code, "app.py", "exec"), {"__name__": "app"})
    found = likely_fix(raised.value, tmp_path)

    expected = fix.replace(HERE, str(tmp_path))
    assert expected in found
    assert bool(found) == bool(expected)
