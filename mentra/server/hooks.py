"""The hooks of an app, as its class writes them: a mistaken one is an error when the class is made."""

import inspect
from typing import Any

_HOOKS = {"onSession": "on_session", "onStop": "on_stop", "onToolCall": "on_tool_call"}
_NO_HOOKS = {"onSettingsUpdate", "on_settings_update"}
_HOOK_ARGUMENTS = {
    "on_session": ("session", "session_id", "user_id"),
    "on_stop": ("session_id", "user_id", "reason"),
    "on_tool_call": ("tool_name", "args", "user_id"),
}


def check_hooks(kind: type[Any]) -> None:
    """Check the hooks in the class of an app.

    Raises:
        TypeError: One would never be called, or cannot be.
    """
    for wrong, right in _HOOKS.items():
        if wrong in vars(kind):
            raise TypeError(
                f"{kind.__name__}.{wrong} would never be called. Python names are snake_case: write {right}."
            )
    for wrong in _NO_HOOKS & vars(kind).keys():
        raise TypeError(
            f"{kind.__name__}.{wrong} would never be called. Write in on_session: session.settings.on_change(handler)."
        )
    for name, arguments in _HOOK_ARGUMENTS.items():
        if name in vars(kind):
            _check_arguments(kind, name, arguments)


def _check_arguments(kind: type[Any], name: str, arguments: tuple[str, ...]) -> None:
    """Refuse a hook that could not be called, as one with the parameters of another SDK."""
    try:
        inspect.signature(vars(kind)[name]).bind(None, *arguments)
    except TypeError as error:
        wanted = ", ".join(("self", *arguments))
        raise TypeError(f"{kind.__name__}.{name} cannot be called: write it as {name}({wanted}).") from error
