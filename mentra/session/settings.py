"""``session.settings``: the user's settings of this app, read-only, and news of their changes.

The cloud tells of one change twice, on the socket and by HTTP; handlers hear it once.

Source: @mentra/sdk 2.1.29 dist/app/session/settings.js; docs/protocol.md, Settings.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn, overload

from mentra.protocol.settings import Setting, setting_values
from mentra.session.handlers import call_handler
from mentra.session.tasks import SessionTasks
from mentra.wrong_names import unknown_name

ChangeHandler = Callable[[Any, Any], object]
"""Called with the new and the old value; ``None`` stands for "not set"."""


class SessionSettings(Mapping[str, Any]):
    """The settings by key: what the user chose, else the default of the developer console.

    A mapping: ``settings.get("lines", 3)``, ``settings["lines"]``, ``"lines" in settings``.
    """

    def __init__(self, state: "SettingsState") -> None:
        self._state = state

    def __getitem__(self, key: str) -> Any:
        return self._state.values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._state.values)

    def __len__(self) -> int:
        return len(self._state.values)

    @property
    def system(self) -> Mapping[str, Any]:
        """The settings of MentraOS itself, by the cloud's own keys, such as ``metricSystemEnabled``."""
        return MappingProxyType(self._state.system)

    @overload
    def on_change(self, key: str, handler: ChangeHandler, /) -> ChangeHandler: ...
    @overload
    def on_change(self, key: str, /) -> Callable[[ChangeHandler], ChangeHandler]: ...
    def on_change(
        self, key: str, handler: ChangeHandler | None = None, /
    ) -> ChangeHandler | Callable[[ChangeHandler], ChangeHandler]:
        """Call a handler with the new and the old value whenever the user changes one setting.

        Use it as a call, ``on_change("lines", handler)``, or as a decorator, ``@settings.on_change("lines")``. The
        handler runs after all settings have their new values. It lives as long as the session.
        """
        if handler is None:
            return lambda function: self.on_change(key, function)
        self._state.handlers.append((key, handler))
        return handler

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise unknown_name(self, name, _PUBLIC, moved={"onValueChange": 'on_change("key", handler)'})


class SettingsState:
    """What is known of the settings of one session, and who wants to hear of changes."""

    def __init__(self, tasks: SessionTasks, logger: logging.LoggerAdapter[Any]) -> None:
        self.values: dict[str, Any] = {}
        self.system: dict[str, Any] = {}
        self.handlers: list[tuple[str, ChangeHandler]] = []
        self._tasks = tasks
        self._logger = logger

    def update(self, settings: Iterable[Setting]) -> None:
        """Take over the full list that the cloud sent, and tell the handlers what is different."""
        old, self.values = self.values, setting_values(settings)
        for key, handler in self.handlers:
            before, now = old.get(key), self.values.get(key)
            if before != now:
                work = call_handler(handler, now, before, logger=self._logger)
                self._tasks.start(work, name=f"handler of setting {key}")

    def update_system(self, settings: Mapping[str, Any]) -> None:
        """Take over what the cloud sent of the system's settings; keys it left out keep their value."""
        self.system |= settings


_PUBLIC = ("get", "keys", "values", "items", "on_change", "system")
