"""The answer to a mistaken name, of an attribute or an option: an error that names the right one."""

import difflib
import functools
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


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


def named_options(moved: Mapping[str, str]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Have a method answer a mistaken option with a ``TypeError`` that names its options.

    Args:
        moved: Options of other SDKs or older guesses, and what is to be said of them.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        known = [name for name in inspect.signature(function).parameters if name != "self"]

        @functools.wraps(function)
        def checked(*arguments: P.args, **options: P.kwargs) -> R:
            for name in options:
                if name not in known:
                    hint = f"; {moved[name]}" if name in moved else ""
                    raise TypeError(
                        f"{function.__name__}() has no option {name!r}{hint}. It takes: {', '.join(known)}."
                    )
            return function(*arguments, **options)

        return checked

    return decorate


def snake_case(name: str) -> str:
    """Return ``showTextWall`` as ``show_text_wall``."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
