"""The answer to a mistaken attribute name: an error that names the right one."""

import difflib
import re
from collections.abc import Iterable, Mapping


def unknown_name(
    owner: object, name: str, known: Iterable[str], *, moved: Mapping[str, str] | None = None
) -> AttributeError:
    """Build the error for a mistaken attribute name; it names the right one where that can be told.

    Args:
        owner: The object that was asked.
        name: What was asked for.
        known: The public names that exist.
        moved: Names of other SDKs or older guesses, and what to write instead.
    """
    text = f"{type(owner).__name__} has no attribute {name!r}."
    if name.startswith("__"):
        return AttributeError(text, name=name, obj=owner)
    known = list(known)
    snake = snake_case(name)
    if moved and name in moved:
        text += f" Use {moved[name]} instead."
    elif snake != name and snake in known:
        text += f" Python names are snake_case: use {snake!r}."
    elif close := difflib.get_close_matches(snake, known, n=1):
        text += f" Did you mean {close[0]!r}?"
    return AttributeError(text, name=name, obj=owner)


def snake_case(name: str) -> str:
    """Return ``showTextWall`` as ``show_text_wall``."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
