"""For tools that import apps, or run them in their own process: what an app does differently under them."""

import contextlib
import contextvars
from collections.abc import Generator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mentra.server.app import AppServer  # It imports this module.

_fallbacks: contextvars.ContextVar[Mapping[str, str]] = contextvars.ContextVar(
    "fallbacks", default=MappingProxyType({})
)
_captured_runs: "contextvars.ContextVar[list[AppServer] | None]" = contextvars.ContextVar("captured_runs", default=None)


@contextlib.contextmanager
def fallback_environment(values: Mapping[str, str]) -> Generator[None, None, None]:
    """While active, servers that are made find these variables where the environment has none."""
    token = _fallbacks.set(values)
    try:
        yield
    finally:
        _fallbacks.reset(token)


def fallbacks() -> Mapping[str, str]:
    """Return what the environment shall have where it has nothing."""
    return _fallbacks.get()


@contextlib.contextmanager
def capture_run() -> "Generator[list[AppServer], None, None]":
    """While active, ``run()`` does not run: the server is put into the list instead. A start is an error."""
    captured: list[AppServer] = []
    token = _captured_runs.set(captured)
    try:
        yield captured
    finally:
        _captured_runs.reset(token)


def captured_runs() -> "list[AppServer] | None":
    """Return where ``run()`` puts the server; ``None`` if it is to run."""
    return _captured_runs.get()
