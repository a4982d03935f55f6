"""Tools: what the AI assistant may call. A method's signature is the tool's schema.

``@tool`` marks a method. Its parameters become the tool's, with their types, defaults and descriptions: what stands in
``Annotated[str, "..."]``, else in the docstring's section ``Args:``. Two are not parameters of the tool: ``user_id:
str`` gets the caller, and anything annotated ``ToolCall`` gets the whole call.

Source: docs/protocol.md, HTTP; @mentra/sdk 2.1.29 dist/types/models.d.ts (ToolSchema).
"""

import enum
import inspect
import re
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    NoReturn,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    overload,
)

import msgspec

from mentra.errors import ConfigError, ToolError
from mentra.protocol.base import Timestamp
from mentra.protocol.tools import ToolParameter, ToolSchema
from mentra.session.session import AppSession
from mentra.wrong_names import unknown_name

F = TypeVar("F", bound=Callable[..., Any])

_MARK = "__mentra_tool__"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One call of a tool."""

    name: str
    parameters: Mapping[str, Any]
    """As the cloud sent them."""
    user_id: str
    timestamp: Timestamp | None = None
    session: AppSession | None = field(default=None, compare=False, repr=False)
    """The user's, if the app runs for them now; the newest one, if there are several."""

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            moved = {"toolId": "name", "toolParameters": "parameters", "activeSession": "session"}
            raise unknown_name(self, name, self.__slots__, moved=moved)


@dataclass(frozen=True, slots=True)
class _Mark:
    name: str | None
    phrases: tuple[str, ...]


@overload
def tool(method: F, /) -> F: ...
@overload
def tool(*, name: str | None = None, phrases: Sequence[str] = ()) -> Callable[[F], F]: ...
def tool(method: F | None = None, /, *, name: str | None = None, phrases: Sequence[str] = ()) -> F | Callable[[F], F]:
    """Make a method of an ``AppServer`` a tool of the AI assistant; with or without options.

    What it returns is the reply: text, anything that JSON can express, or ``ToolResponse.TAKE_CONTROL``. Raise
    ``ToolError`` to answer with a sentence that tells the assistant what to do instead.

    Args:
        name: The tool's id in the developer console; the method's name if left out.
        phrases: What a user might say to call it.
    """

    def mark(function: F) -> F:
        setattr(function, _MARK, _Mark(name, tuple(phrases)))
        return function

    return mark if method is None else mark(method)


class Tool:
    """A tool method, its schema, and how its arguments are made.

    Raises:
        ConfigError: A parameter has a type that tools do not have.
    """

    def __init__(self, method: Callable[..., Any]) -> None:
        mark: _Mark = getattr(method, _MARK)
        self._method = method
        self._parameters: dict[str, _Parameter] = {}
        self._user_id = False
        self._call: str | None = None
        try:
            hints = get_type_hints(method, include_extras=True)
        except NameError as error:
            raise ConfigError(
                f"The annotations of the tool {method.__qualname__} cannot be read: {error}. What they name must stand "
                "at the top level of the file."
            ) from error
        documentation = inspect.getdoc(method) or ""
        described = _described_parameters(documentation)
        for parameter in inspect.signature(method).parameters.values():
            hint = hints.get(parameter.name, str)
            if hint is ToolCall:
                self._call = parameter.name
            elif parameter.name == "user_id":
                self._user_id = True
            else:
                self._parameters[parameter.name] = _parameter(method, parameter, hint, described.get(parameter.name))
        self.schema = ToolSchema(
            id=mark.name or method.__name__,
            description=documentation.partition("\n\n")[0].replace("\n", " ") or _words(mark.name or method.__name__),
            activation_phrases=list(mark.phrases),
            parameters={name: parameter.schema for name, parameter in self._parameters.items()},
        )

    def __call__(self, call: ToolCall) -> Any:
        """Call the method with checked arguments; the result may have to be awaited.

        Raises:
            ToolError: An argument is missing, unknown or of the wrong type; the text tells the assistant which.
        """
        arguments: dict[str, Any] = self._arguments(call.parameters)
        if self._user_id:
            arguments["user_id"] = call.user_id
        if self._call:
            arguments[self._call] = call
        return self._method(**arguments)

    def _arguments(self, given: Mapping[str, Any]) -> dict[str, Any]:
        if unknown := [name for name in given if name not in self._parameters]:
            known = ", ".join(self._parameters) or "none"
            raise ToolError(f"{self.schema.id} has no parameter {unknown[0]!r}. Its parameters: {known}.")
        arguments: dict[str, Any] = {}
        for name, parameter in self._parameters.items():
            if given.get(name) is not None:
                arguments[name] = self._converted(name, parameter, given[name])
            elif parameter.schema.required:
                raise ToolError(f"{self.schema.id} needs the parameter {name!r}: {parameter.schema.description}")
        return arguments

    def _converted(self, name: str, parameter: "_Parameter", value: Any) -> Any:
        if parameter.schema.type == "string" and type(value) in (int, float):
            value = str(value)  # The other way round: a postal code arrives as 1010.
        if parameter.moment is not None:
            return self._moment(name, parameter.moment, value)
        try:
            # Not strict: assistants send "3" for 3 and "true" for true.
            return msgspec.convert(value, parameter.type, strict=False)
        except msgspec.ValidationError as error:
            expected = " or ".join(parameter.schema.enum or [f"a {parameter.schema.type}"])
            raise ToolError(f"{self.schema.id}: {name} must be {expected}, not {value!r}.") from error

    def _moment(self, name: str, kind: "_MomentType", value: Any) -> Any:
        try:
            # Stricter than fromisoformat of a datetime, which takes a date alone: it may mean all day, or midnight.
            if kind is datetime and isinstance(value, str) and len(value) <= len(_MOMENTS[date]):
                raise ValueError("Only a date.")
            return kind.fromisoformat(value)
        except (TypeError, ValueError) as error:
            raise ToolError(f"{self.schema.id}: {name} must be like {_MOMENTS[kind]}, not {value!r}.") from error


def tools_of(app: object) -> dict[str, Tool]:
    """Return an app's tools by their ids.

    Raises:
        ConfigError: A tool cannot be described, or two have the same id.
    """
    found: dict[str, Tool] = {}
    for name, _ in inspect.getmembers(type(app), lambda member: hasattr(member, _MARK)):
        made = Tool(getattr(app, name))
        if made.schema.id in found:
            raise ConfigError(
                f"Two tools have the id {made.schema.id!r}. Give one of them another name: @tool(name=...)."
            )
        found[made.schema.id] = made
    return found


@dataclass(frozen=True, slots=True)
class _Parameter:
    type: Any
    schema: ToolParameter
    moment: "_MomentType | None"
    """What text is parsed as, if it is a date or a time."""


_MomentType = type[datetime] | type[date] | type[time]
_MOMENTS: dict[_MomentType, str] = {datetime: "2026-01-31T18:30", date: "2026-01-31", time: "18:30"}
"""How assistants shall write them."""


_TYPES: dict[Any, Literal["string", "number", "boolean"]] = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
}


def _parameter(
    method: Callable[..., Any], parameter: inspect.Parameter, hint: Any, documented: str | None
) -> _Parameter:
    notes: list[Any] = []
    plain = hint
    while (inner := _unwrapped(plain, notes)) is not plain:
        plain = inner
    description = next((note for note in notes if isinstance(note, str)), documented or _words(parameter.name))
    moment = next((kind for kind in _MOMENTS if plain is kind), None)
    if moment is not None:
        description += f", such as {_MOMENTS[moment]}"
    kind, choices = ("string", None) if moment else _kind(plain)
    if kind is None or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
        raise ConfigError(
            f"The tool {method.__qualname__} cannot have the parameter {parameter}: tools take str, int, float, bool, "
            "Literal[...], Enum, datetime, date and time, each optionally with '| None', by name."
        )
    required = parameter.default is parameter.empty
    schema = ToolParameter(type=kind, description=description, enum=choices, required=required)
    return _Parameter(hint, schema, moment)


def _kind(hint: Any) -> tuple[Literal["string", "number", "boolean"] | None, list[str] | None]:
    if get_origin(hint) is Literal:
        choices = get_args(hint)
        return (_TYPES.get(type(choices[0])), [str(choice) for choice in choices])
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        members = list(hint)
        return (_TYPES.get(type(members[0].value)), [str(member.value) for member in members])
    return (_TYPES.get(hint), None)


def _unwrapped(hint: Any, notes: list[Any]) -> Any:
    """Return ``X`` for ``X | None`` and for ``Annotated[X, ...]``, whose notes are added; anything else as it is."""
    if get_origin(hint) is Annotated:
        hint, *found = get_args(hint)
        notes += found
    elif get_origin(hint) in (Union, types.UnionType):
        inner = [argument for argument in get_args(hint) if argument is not type(None)]
        return inner[0] if len(inner) == 1 else hint
    return hint


def _words(name: str) -> str:
    return name.replace("_", " ")


_SECTION = re.compile(r"^(\w+):$")
_ARGUMENT = re.compile(r"^\*{0,2}(\w+)(?: ?\([^)]*\))?: *(.*)$")


def _described_parameters(documentation: str) -> dict[str, str]:
    """Return what a docstring says in its section ``Args:``, in the form that Google's style guide gives it."""
    described: dict[str, str] = {}
    section, name, depth = "", "", 0
    for line in documentation.splitlines():
        text = line.strip()
        indent = len(line) - len(line.lstrip())
        if text and indent == 0:
            found = _SECTION.match(text)
            section, name, depth = found[1] if found else "", "", 0
        elif section == "Args" and text:
            depth = depth or indent
            if indent == depth and (argument := _ARGUMENT.match(text)):
                name = argument[1]
                described[name] = argument[2]
            elif name:
                described[name] = f"{described[name]} {text}".strip()
    return {name: text.removesuffix(".") for name, text in described.items() if text}
