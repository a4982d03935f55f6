"""Names of other SDKs, looked up in ``mentra``, are answered with ours; ``from mentra import X`` is up to Python."""

import re
import subprocess
import sys

import pytest

import mentra
import mentra.localcloud
import mentra.testing
from mentra.moved_imports import MOVED_IMPORTS


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("TpaServer", "Use mentra.AppServer instead."),
        ("TranscriptionData", "Use mentra.Transcription instead."),
        ("StreamType", 'session.events.on("button_press")'),
        ("ViewType", "Use mentra.View instead."),
        ("BitmapUtils", "Use mentra.Bitmap instead."),
        ("bitmap_utils", "Use mentra.Bitmap instead."),
        ("PhotoData", "Use mentra.Photo instead."),
        ("LayoutType", "mentra.TextWall"),
        ("simulate", "Write: from mentra.testing import simulate."),
        ("appserver", "It is written 'AppServer'."),
    ],
)
def test_a_mistaken_name_names_the_right_one(name: str, said: str):
    with pytest.raises(AttributeError) as error:
        getattr(mentra, name)

    assert str(error.value).startswith(f"mentra has no {name!r}. ")
    assert said in str(error.value)


def test_asking_whether_a_name_exists_still_works():
    with pytest.raises(AttributeError, match=r"^mentra has no 'TpaServer'\. Use mentra\.AppServer instead\.$"):
        _ = mentra.TpaServer  # type: ignore[attr-defined]  # The point of this test.

    assert not hasattr(mentra, "TpaServer")
    assert getattr(mentra, "simulate", "no") == "no"


@pytest.mark.parametrize("right", sorted(set(MOVED_IMPORTS.values())))
def test_what_is_named_exists(right: str):
    for name in re.findall(r"mentra\.([A-Z]\w+)", right):
        assert name in mentra.__all__
    for module, name in re.findall(r"from mentra\.(\w+) import (\w+)", right):
        assert hasattr(getattr(mentra, module), name)


@pytest.mark.parametrize("module", ["testing", "localcloud"])
def test_a_module_that_was_not_imported_is_named(module: str):
    alone = f"import mentra\ntry:\n    mentra.{module}\nexcept AttributeError as error:\n    print(error)"
    # In a process of its own: here both are imported.
    ran = subprocess.run([sys.executable, "-c", alone], capture_output=True, text=True, check=True)

    assert ran.stdout == f"mentra has no {module!r}. Write: import mentra.{module}.\n"
