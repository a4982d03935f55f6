"""The answer to a mistaken name, of an attribute, an option or an import: an error that names the right one.

The rules:

* A name is the same however it is spelt: ``showTextWall``, ``show_text_wall``, ``ShowTextWall``.
* What other SDKs call something is listed as ``moved``: the name there, and what to write here; or a whole sentence.
* A guess is made only where it is nearly always right: no guess is better than a wrong one.
"""

import difflib
import functools
import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import ModuleType
from typing import Any, NamedTuple, ParamSpec, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")

_GUESSED_FROM = 3
"""How many letters a name needs that may be meant as a part of a longer one."""
_NOTHING: Any = object()
"""No argument: one may be ``None``."""
_ALIKE = 0.8
"""From here on a name counts as a slip of the keyboard, between 0 (no letter in common) and 1."""


class Part(NamedTuple):
    """A part of an object, in which a name may be found that the object itself does not have."""

    known: Iterable[str]
    moved: Mapping[str, str]


def unknown_name(
    owner: object,
    name: str,
    known: Iterable[str] | None = None,
    *,
    moved: Mapping[str, str] | None = None,
    parts: Mapping[str, Part] | None = None,
) -> AttributeError:
    """Build the error for a mistaken attribute name; it names the right one where that can be told.

    Args:
        owner: The object that was asked.
        name: What was asked for.
        known: The public names that exist; those of the owner by default.
        moved: Names of other SDKs or older guesses, and what to write instead. One that ends with a full stop is a
            sentence, and said as it is.
        parts: What else the owner has, under what one writes for it: ``{"session.layouts": ...}``.
    """
    text = f"{type(owner).__name__} has no attribute {name!r}."
    if not name.startswith("_"):
        found = public_names(owner) if known is None else [each for each in known if not each.startswith("_")]
        text += right_name(name, found, moved=moved or {}, parts=parts or {}) or _guess(name, found)
    # Without the name, or Python would add a guess of its own to the text.
    return AttributeError(text, obj=owner)


def unknown_import(module: ModuleType, name: str, *, moved: Mapping[str, str]) -> AttributeError:
    """Build the error for a mistaken name of a module, as ``unknown_name`` does for that of an object."""
    known: list[str] = module.__all__
    hint = "" if name.startswith("_") else right_name(name, known, moved=moved) or _guess(name, known)
    return AttributeError(f"{module.__name__} has no {name!r}.{hint}", obj=module)


def public_names(owner: object) -> list[str]:
    """Return the names that an object or a class has, and others may use."""
    return [name for name in dir(owner) if not name.startswith("_")]


def right_name(
    name: str, known: Iterable[str], *, moved: Mapping[str, str], parts: Mapping[str, Part] | None = None
) -> str:
    """Return what is to be said of a mistaken name, where that is sure; else an empty text."""
    same = _folded(name)
    if right := moved.get(name) or _by_folded(moved).get(same):
        return _instead([right])
    # One that exists was asked for, and failed itself.
    if right := {_folded(each): each for each in known if each != name}.get(same):
        return f" Python names are snake_case: use {right!r}." if right.islower() else f" It is written {right!r}."
    elsewhere = parts or {}
    rights = [f"{at}.{each}" for at, part in elsewhere.items() for each in part.known if _folded(each) == same]
    rights = rights or [right for part in elsewhere.values() if (right := _by_folded(part.moved).get(same))]
    return _instead(list(dict.fromkeys(rights))) if rights else ""


def _instead(rights: Sequence[str]) -> str:
    sentences = [right for right in rights if right.endswith(".")]
    return f" {sentences[0]}" if sentences else f" Use {' or '.join(rights)} instead."


def _guess(name: str, known: Sequence[str]) -> str:
    snake = snake_case(name)
    # As in "show_text" for "show_text_wall", or "transcription" for "on_transcription".
    longer = [each for each in known if len(snake) >= _GUESSED_FROM and f"_{snake}" in f"_{each}"]
    # A slip seldom changes the first letter, and "disconnect" is not "connected".
    alike = [each for each in known if each[:1] == snake[:1]]
    near = longer if len(longer) == 1 else difflib.get_close_matches(snake, alike, n=1, cutoff=_ALIKE)
    return f" Did you mean {near[0]!r}?" if near else ""


def named_options(
    moved: Mapping[str, str], *, usual: Callable[[Any, Any], Any] | None = None
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Have a method answer mistaken arguments with a ``TypeError`` that names its options.

    These are an option that there is not, and options that are given by position, as an object or one by one.

    Args:
        moved: Options of other SDKs or older guesses, and what is to be said of them. Those that are only in camel
            case need not be here.
        usual: What a call of the method does that has one argument by position and nothing more, for a method that is
            called with each message: 0.4 us less.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        options = _Options(function, moved)
        most_placed, any_value = options.most_placed, options.any_value
        by_position: Callable[..., R] = function

        if (usually := usual) is not None:

            @functools.wraps(function)
            def checked_unless_usual(self: Any, value: Any = _NOTHING, /, *more: Any, **named: Any) -> Any:
                if not more and not named and value is not _NOTHING:
                    return usually(self, value)
                arguments = (self, *more) if value is _NOTHING else (self, value, *more)
                options.check(arguments, named)
                return by_position(*arguments, **named)

            return cast(Callable[P, R], checked_unless_usual)

        @functools.wraps(function)
        def checked(*arguments: P.args, **named: P.kwargs) -> R:
            # Most calls need no closer look, which would take 1 us, and nothing more than their arguments by position.
            if not named and len(arguments) <= most_placed and any_value:
                return by_position(*arguments)
            options.check(arguments, named)
            return function(*arguments, **named)

        return checked

    return decorate


class _Options:
    """What one function takes."""

    def __init__(self, function: Callable[..., Any], moved: Mapping[str, str]) -> None:
        owner, _, name = function.__qualname__.rpartition(".")
        self._called = owner.rpartition(".")[2] if name == "__init__" else name
        self._moved = _by_folded(moved)
        parameters = inspect.signature(function).parameters
        self._skipped = 1 if "self" in parameters else 0
        self._all = [name for name in parameters if name != "self"]
        taken = [parameters[name] for name in self._all]
        self._named = {each.name for each in taken if each.kind is not each.POSITIONAL_ONLY}
        self._placed = [each for each in taken if each.kind is not each.KEYWORD_ONLY]
        self.most_placed = self._skipped + len(self._placed)
        self.any_value = all(each.annotation is object for each in self._placed)
        """Whether anything may be given by position, as a text to show. Else a dict may be meant as options."""

    def check(self, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> None:
        """Refuse what the function does not take."""
        for name in named:
            if name not in self._named:
                raise TypeError(f"{self._called}() has no option {name!r}{self._right(name)}. {self._takes()}")
        given = arguments[self._skipped :]
        if len(given) > len(self._placed):
            known = ", ".join(each.name for each in self._placed)
            what = f"only {known}" if known else "nothing"
            raise TypeError(f"{self._called}() takes {what} by position; options are keywords. {self._takes()}")
        for parameter, value in zip(self._placed, given, strict=False):
            # Some show or store anything; there, an object is as good as a text.
            if isinstance(value, dict) and parameter.annotation is not object:
                raise TypeError(f"{self._called}() takes no dict; options are keywords. {self._takes()}")

    def _right(self, name: str) -> str:
        if right := self._moved.get(_folded(name)):
            return f"; {right}"
        same = {_folded(each): each for each in self._all}.get(_folded(name))
        if same is None:
            return ""
        return f"; write {same!r}" if same in self._named else f"; pass {same!r} by position"

    def _takes(self) -> str:
        return f"It takes: {', '.join(self._all)}."


def snake_case(name: str) -> str:
    """Return ``showTextWall`` as ``show_text_wall``, and ``getMentraOS`` as ``get_mentra_os``."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def _folded(name: str) -> str:
    return name.replace("_", "").lower()


def _by_folded(moved: Mapping[str, str]) -> dict[str, str]:
    return {_folded(name): right for name, right in moved.items()}
