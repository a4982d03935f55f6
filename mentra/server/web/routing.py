"""Which method of an app answers which request.

``@route.get("/api/notes/{id}")`` marks a method. Of two routes that fit a path, the one with more literal parts
answers.
"""

import inspect
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from urllib.parse import unquote

from mentra.errors import ConfigError
from mentra.transport.base import MAX_BODY_BYTES
from mentra.wrong_names import unknown_name

F = TypeVar("F", bound=Callable[..., Any])

PAGE = "/webview"
"""Where the developer console and the official SDK expect the page for users."""

_MARK = "__mentra_routes__"
_PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class _Mark:
    method: str
    path: str
    auth: bool
    max_body_bytes: int


class RouteDecorators:
    """Makes methods of an ``AppServer`` answer HTTP requests: ``@route.get("/api/notes/{id}", auth=True)``.

    The method takes one argument, the ``Request``. It may be ``async``; one that is not must not block. What it returns
    is the answer:

    * text (``text/plain``; for a page see ``Response.html``), or ``bytes``;
    * anything that JSON can express: dict, list, dataclass, Struct, number;
    * ``None``: 204, no content;
    * a ``Response``: with a status and headers of its own;
    * an async iterator: a stream of events for an ``EventSource``, one for each item, which is a ``ServerEvent`` or its
      data. A method that yields is one.

    A ``WebError`` that it raises is answered with its status and text, an ``AuthError`` with 401. Every other exception
    is logged, and answered with 500 and no details.

    Each decorator has these arguments:

    Args:
        path: The path, with ``{name}`` for a part that is then in ``request.params``.
        auth: Only for signed-in users, who are then ``request.user_id``. Whoever is not gets 401; a browser that opens
            the page is sent to sign in.
        max_body_bytes: How large the body of a request may be; a larger one gets 413.
    """

    def get(self, path: str, /, *, auth: bool = False, max_body_bytes: int = MAX_BODY_BYTES) -> Callable[[F], F]:
        """Answer ``GET`` requests."""
        return _marked(_Mark("GET", path, auth, max_body_bytes))

    def post(self, path: str, /, *, auth: bool = False, max_body_bytes: int = MAX_BODY_BYTES) -> Callable[[F], F]:
        """Answer ``POST`` requests."""
        return _marked(_Mark("POST", path, auth, max_body_bytes))

    def put(self, path: str, /, *, auth: bool = False, max_body_bytes: int = MAX_BODY_BYTES) -> Callable[[F], F]:
        """Answer ``PUT`` requests."""
        return _marked(_Mark("PUT", path, auth, max_body_bytes))

    def patch(self, path: str, /, *, auth: bool = False, max_body_bytes: int = MAX_BODY_BYTES) -> Callable[[F], F]:
        """Answer ``PATCH`` requests."""
        return _marked(_Mark("PATCH", path, auth, max_body_bytes))

    def delete(self, path: str, /, *, auth: bool = False, max_body_bytes: int = MAX_BODY_BYTES) -> Callable[[F], F]:
        """Answer ``DELETE`` requests."""
        return _marked(_Mark("DELETE", path, auth, max_body_bytes))

    if not TYPE_CHECKING:

        def __call__(self, path: object = "/path", *_: object, **__: object) -> NoReturn:
            """Say that a route needs its method."""
            shown = path if isinstance(path, str) else "/path"
            raise TypeError(f'A route says its method: @route.get("{shown}"), or post, put, patch, delete.')

        def __getattr__(self, name: str) -> NoReturn:
            raise unknown_name(self, name)


route = RouteDecorators()
"""See ``RouteDecorators``."""


@dataclass(frozen=True, slots=True)
class Route:
    """One route of an app."""

    method: str
    path: str
    auth: bool
    max_body_bytes: int
    handler: Callable[..., Any]

    @property
    def shape(self) -> tuple[str | None, ...]:
        """The parts of the path; ``None`` where a parameter stands."""
        return tuple(None if _PARAMETER.fullmatch(part) else part for part in self.path.split("/")[1:])

    @property
    def names(self) -> list[str]:
        """The names of the parameters, from left to right."""
        return _PARAMETER.findall(self.path)


class RouteTable:
    """The routes of one app."""

    def __init__(self, routes: Collection[Route] = ()) -> None:
        self._literal: dict[str, dict[str, Route]] = {}
        self._patterns: dict[tuple[str | None, ...], dict[str, Route]] = {}
        for each in sorted(routes, key=lambda each: each.shape.count(None)):
            by_method: dict[str, Route]
            if each.names:
                by_method = self._patterns.setdefault(each.shape, {})
            else:
                by_method = self._literal.setdefault(each.path, {})
            if each.method in by_method:
                raise ConfigError(f"Two methods are routes for {each.method} {each.path}. Remove one of them.")
            by_method[each.method] = each

    @property
    def page_path(self) -> str | None:
        """The path that is most likely the page for users; ``None`` if there is none. Below ``/api`` are no pages."""
        routes = [by_method["GET"] for by_method in self._literal.values() if "GET" in by_method]
        pages = sorted(
            (each.path for each in routes if each.auth and each.path.split("/")[1] != "api"),
            key=lambda path: (len(path), path),
        )
        return PAGE if any(each.path == PAGE for each in routes) else next(iter(pages), None)

    def find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]] | list[str]:
        """Return the route for a request, with its parameters; else the methods that there are for the path."""
        others: list[str] = []
        parts = path.split("/")[1:]
        if "%" in path:
            # What is the same path must not be another route, which may have auth=False.
            parts = [unquote(part) for part in parts]
            path = path if any("/" in part for part in parts) else "/" + "/".join(parts)
        if by_method := self._literal.get(path):
            if found := by_method.get(method):
                return found, {}
            others += by_method
        if self._patterns:
            for shape, by_method in self._patterns.items():
                if _fits(shape, parts):
                    if found := by_method.get(method):
                        values = (part for part, name in zip(parts, shape, strict=True) if name is None)
                        return found, dict(zip(found.names, values, strict=True))
                    others += by_method
        return others


def routes_of(app: object, *, reserved: Collection[str]) -> RouteTable:
    """Return an app's routes.

    Args:
        reserved: Paths that are none of the app's own.

    Raises:
        ConfigError: A route cannot be one, or two are the same.
    """
    found: list[Route] = []
    for name, member in inspect.getmembers(type(app), lambda member: hasattr(member, _MARK)):
        handler = getattr(app, name)
        marks: list[_Mark] = getattr(member, _MARK)
        for mark in marks:
            _check(mark, handler, reserved)
            found.append(Route(mark.method, mark.path, mark.auth, mark.max_body_bytes, handler))
    return RouteTable(found)


def _marked(mark: _Mark) -> Callable[[F], F]:
    if callable(mark.path):  # @route.get without parentheses.
        decorator = f"@route.{mark.method.lower()}"
        raise TypeError(f'{decorator} needs the path: {decorator}("/path").')

    def decorate(function: F) -> F:
        marks: list[_Mark] = [*getattr(function, _MARK, ()), mark]
        setattr(function, _MARK, marks)
        return function

    return decorate


def _check(mark: _Mark, handler: Callable[..., Any], reserved: Collection[str]) -> None:
    where = f"The route {mark.method} {mark.path} of {handler.__qualname__}"
    if not mark.path.startswith("/") or "?" in mark.path or "#" in mark.path:
        raise ConfigError(f"{where} is no path: it begins with a slash, and has neither ? nor #.")
    for part in mark.path.split("/"):
        if ("{" in part or "}" in part) and not _PARAMETER.fullmatch(part):
            raise ConfigError(f"{where} is malformed at {part!r}: a parameter is a whole part, such as /notes/{{id}}.")
    names = _PARAMETER.findall(mark.path)
    if len(set(names)) < len(names):
        raise ConfigError(f"{where} has a parameter twice.")
    if mark.path in reserved:
        raise ConfigError(f"{where} would hide a path that MentraOS needs: {', '.join(sorted(reserved))}.")
    try:
        inspect.signature(handler).bind(object())
    except TypeError:
        raise ConfigError(f"{where} cannot be called: it must take one argument, the request.") from None


def _fits(shape: tuple[str | None, ...], parts: list[str]) -> bool:
    return len(shape) == len(parts) and all(
        (part != "") if wanted is None else part == wanted for wanted, part in zip(shape, parts, strict=True)
    )
