"""What to do about an error of the developer's code, as far as the error tells.

A guess is only made where it is nearly always right; everything else has the code frame to speak for itself.
"""

import builtins
import difflib
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from types import FrameType

import mentra
from mentra_cli.project import modules_in

_DISTRIBUTIONS = {
    "PIL": "pillow",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""Packages that are installed by another name than they are imported by."""

_PYTHONS_OWN = re.compile(r"'|module '|type object '")
"""How Python begins to say that there is no such attribute; the SDK's own errors name the right one already."""


def likely_fix(error: BaseException, root: Path) -> str:
    """Return what would probably mend an error; empty when nothing can be said.

    Args:
        root: The project's folder.
    """
    match error:
        case ModuleNotFoundError(name=str(name)):
            return _missing_module(name, root)
        case ImportError():
            return _unknown_import(error)
        case NameError():
            return _unknown_name(error)
        case AttributeError(name=str(name)) if _PYTHONS_OWN.match(str(error)):
            return _did_you_mean(name, dir(error.obj))
        case KeyError() if _raised_in(error) == "os.environ":
            return f"Set {error.args[0]} in .env or in the shell."
        case FileNotFoundError(filename=str(name)) if not Path(name).is_absolute():
            return f"The app runs in {root}: a relative path starts there."
        case TabError():
            return "Indent with spaces only."
        case IndentationError():
            return "Indent the lines of one block by the same number of spaces, under a line that ends with a colon."
        case SyntaxError(msg=str(message)) if "outside async function" in message or "outside function" in message:
            return "Move it into a function: async def, if it awaits."
        case SystemExit():
            return 'What ends the program belongs under if __name__ == "__main__": then it does not run here.'
        case TypeError() if re.search(r"__init__\(\) missing \d+ required", str(error)):
            return "Give the arguments a default, or make the app in the file: app = MyApp(...)."
        case _:
            return ""


def _missing_module(name: str, root: Path) -> str:
    top = name.partition(".")[0]
    near = difflib.get_close_matches(
        top, [*modules_in([root, root / "src"]), *sys.stdlib_module_names], n=1, cutoff=0.75
    )
    if near:
        return f"Did you mean {near[0]!r}?"
    return (
        f"Install it where mentra runs: {Path(sys.executable).name} -m pip install {_DISTRIBUTIONS.get(top, top)}"
        f"  ({sys.prefix})"
    )


def _unknown_import(error: ImportError) -> str:
    # The name has an attribute of its own from Python 3.12 on.
    found = re.match(r"cannot import name '(\w+)' from '([\w.]+)'", str(error))
    if found is None or found[2] not in sys.modules:
        return ""
    return _did_you_mean(found[1], dir(sys.modules[found[2]]))


def _unknown_name(error: NameError) -> str:
    name = error.name or ""
    if name in mentra.__all__:
        return f"Import it: from mentra import {name}"
    if name in sys.stdlib_module_names:
        return f"Import it: import {name}"
    frame = _innermost_frame(error)
    known = {*dir(builtins), *(frame.f_locals if frame else ()), *(frame.f_globals if frame else ())}
    return _did_you_mean(name, known)


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, [one for one in known if not one.startswith("_")], n=1, cutoff=0.7)
    return f"Did you mean {near[0]!r}?" if near else ""


def _raised_in(error: BaseException) -> str:
    frame = _innermost_frame(error)
    inside = frame is not None and frame.f_globals.get("__name__") == "os" and frame.f_code.co_name == "__getitem__"
    return "os.environ" if inside else ""


def _innermost_frame(error: BaseException) -> FrameType | None:
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback.tb_frame if traceback else None
