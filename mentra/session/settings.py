"""``session.settings``: the user's settings of this app, read-only, and news of their changes.

The cloud tells of one change twice, on the socket and by HTTP; handlers hear it once. What the app declares in a class
has the declared types everywhere: a value that is impossible counts as the default.

Source: @mentra/sdk 2.1.29 dist/app/session/settings.js; docs/protocol.md, Settings.
"""

import logging
import zoneinfo
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial, wraps
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, NoReturn, Self, TypeVar, overload

from mentra.protocol.settings import Setting, setting_values, timezone_name, uses_metric_units
from mentra.protocol.subscriptions import system_setting_stream
from mentra.session import moved_names
from mentra.session.declared_settings import S, Settings, fields_of, view
from mentra.session.handlers import Cancellable, check_handler
from mentra.session.listeners import Listener
from mentra.session.router import Router
from mentra.session.setting_fields import Field
from mentra.wrong_names import unknown_name

H = TypeVar("H", bound=Callable[..., object])

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_SETTING = "setting"
_SYSTEM_SETTING = "system setting"


class SettingChange(NamedTuple):
    """One setting that is different now. ``None`` stands for "not set"."""

    new: Any
    old: Any


ChangeHandler = Callable[[Any, Any], object]
"""Called with the new and the old value; ``None`` stands for "not set"."""
ChangesHandler = Callable[[Mapping[str, SettingChange]], object]
"""Called with everything that changed at once, by key."""


class SettingSubscription(Cancellable, Generic[H]):
    """One handler of changes. Cancel it to hear no more; as a context manager it cancels itself.

    Attributes:
        handler: The function that was registered.
    """

    def __init__(self, handler: H, router: Router, listener: Listener, release: Callable[[], None]) -> None:
        self.handler = handler
        self._router = router
        self._listener = listener
        self._release = release

    @property
    def active(self) -> bool:
        """Whether the handler still hears of changes."""
        return self._router.has(self._listener)

    def cancel(self) -> None:
        """Hear no more; changes that wait for the handler are dropped. Cancelling again does nothing."""
        if self.active:
            self._router.remove(self._listener)
            self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()


class SessionSettings(Mapping[str, Any]):
    """The settings by key: what the user chose, else the default of the developer console, else that of the class.

    A mapping: ``settings.get("lines", 3)``, ``settings["lines"]``, ``"lines" in settings``.

    Attributes:
        system: The settings of MentraOS itself.
    """

    def __init__(self, state: "SettingsState") -> None:
        self._state = state
        self.system = SystemSettingsView(state)

    def __getitem__(self, key: str) -> Any:
        return self._state.values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._state.values)

    def __len__(self) -> int:
        return len(self._state.values)

    def of(self, kind: type[S]) -> S:
        """Return the settings as the class that declares them, so that type checkers know each one.

        It always shows the present values: keep it for as long as the session lives.

        Args:
            kind: The ``settings`` of the app's class, or a base of it.

        Raises:
            TypeError: The app does not declare these settings.
        """
        declared = self._state.declared
        if not issubclass(declared, kind):
            raise TypeError(
                f"The app does not declare {kind.__name__}. Write in its class: settings = {kind.__name__}"
                + ("" if declared is Settings else f" (now it is {declared.__name__})")
            )
        return view(kind, self.__getitem__)

    @overload
    def on_change(self, key: str, handler: ChangeHandler, /) -> SettingSubscription[ChangeHandler]: ...
    @overload
    def on_change(self, key: str, /) -> Callable[[ChangeHandler], SettingSubscription[ChangeHandler]]: ...
    @overload
    def on_change(self, handler: ChangesHandler, /) -> SettingSubscription[ChangesHandler]: ...
    def on_change(self, key: str | ChangesHandler, handler: ChangeHandler | None = None, /) -> Any:
        """Call a handler whenever the user changes settings.

        ``on_change("lines", handler)`` and ``@settings.on_change("lines")`` are for one setting; the handler gets its
        new and its old value. ``on_change(handler)`` and ``@settings.on_change`` are for all of them; the handler gets
        a mapping from each key that changed to a ``SettingChange``.

        A handler runs after all settings have their new values, once for each change, and finishes one before the next.
        """
        if callable(key):
            return self._state.add_handler(_SETTING, None, key)
        self._state.check_key(key)
        add: Callable[[ChangeHandler], object] = partial(self._state.add_handler, _SETTING, key)
        return add if handler is None else add(handler)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise unknown_name(self, name, moved=self._state.hints() | moved_names.SETTINGS)


class SystemSettingsView(Mapping[str, Any]):
    """``session.settings.system``: the settings of MentraOS itself, by the cloud's own keys.

    Source: docs/protocol.md, Settings
    """

    def __init__(self, state: "SettingsState") -> None:
        self._state = state

    def __getitem__(self, key: str) -> Any:
        return self._state.system[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._state.system)

    def __len__(self) -> int:
        return len(self._state.system)

    @property
    def uses_metric_units(self) -> bool | None:
        """Whether the user wants metres and degrees Celsius; ``None`` when the cloud has not said."""
        return uses_metric_units(self._state.system)

    @property
    def timezone(self) -> zoneinfo.ZoneInfo | None:
        """The user's time zone; ``None`` when the cloud does not say, or this computer does not know it.

        The cloud of December 2025 never says. Some systems, Windows among them, know time zones only with the package
        ``tzdata``.
        """
        name = timezone_name(self._state.system)
        try:
            return None if name is None else zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            return None

    @overload
    def on_change(self, key: str, handler: ChangeHandler, /) -> SettingSubscription[ChangeHandler]: ...
    @overload
    def on_change(self, key: str, /) -> Callable[[ChangeHandler], SettingSubscription[ChangeHandler]]: ...
    def on_change(self, key: str, handler: ChangeHandler | None = None, /) -> Any:
        """Call a handler with the new and the old value whenever the user changes one setting of MentraOS.

        Use it as a call, ``on_change("metricSystemEnabled", handler)``, or as a decorator. The cloud of December 2025
        tells of ``metricSystemEnabled`` only, that of June 2026 of all.
        """
        return partial(self._watch, key) if handler is None else self._watch(key, handler)

    def _watch(self, key: str, handler: ChangeHandler) -> SettingSubscription[ChangeHandler]:
        release = self._state.router.hold(system_setting_stream(key))
        try:
            return self._state.add_handler(_SYSTEM_SETTING, key, handler, release)
        except TypeError:
            release()
            raise

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise unknown_name(self, name, moved=moved_names.SYSTEM_SETTINGS)


class SettingsState:
    """What is known of the settings of one session, and who wants to hear of changes."""

    __slots__ = ("_logger", "_warned", "declared", "router", "system", "values")

    def __init__(
        self, router: Router, logger: logging.LoggerAdapter[Any], *, declared: type[Settings] = Settings
    ) -> None:
        self.declared = declared
        self.router = router
        self.system: Mapping[str, Any] = _NOTHING
        self._warned: tuple[str, ...] = ()
        self._logger = logger
        self.values: Mapping[str, Any] = self._typed({})

    def update(self, settings: Iterable[Setting]) -> None:
        """Take over the full list that the cloud sent, and tell the handlers what is different."""
        old, self.values = self.values, self._typed(setting_values(settings))
        if self.router.is_told(_SETTING):
            self._tell(_SETTING, old, self.values)

    def update_system(self, settings: Mapping[str, Any]) -> None:
        """Take over what the cloud sent of the system's settings; keys it left out keep their value."""
        merged = {**self.system, **settings} if self.system else settings
        old, self.system = self.system, MappingProxyType(merged)
        if self.router.is_told(_SYSTEM_SETTING):
            self._tell(_SYSTEM_SETTING, old, self.system)

    def hints(self) -> dict[str, str]:
        """Return how each setting is read, for those who take it for an attribute of ``session.settings``."""
        typed = {name: f"session.settings.of({self.declared.__name__}).{name}" for name in fields_of(self.declared)}
        return {key: f'session.settings["{key}"]' for key in self.values} | typed

    def check_key(self, key: str) -> None:
        """Warn of a key that the app has not declared, though it declares its settings."""
        keys = [field.key for field in fields_of(self.declared).values()]
        if keys and key not in keys and key not in self.values:
            self._logger.warning(
                "%s declares no setting %r, so its handler may never be called. It declares: %s.",
                self.declared.__name__,
                key,
                ", ".join(keys),
            )

    def add_handler(
        self, news: str, key: str | None, handler: H, release: Callable[[], None] = lambda: None
    ) -> SettingSubscription[H]:
        """Call a handler with changes of one setting, or (``None``) of all."""
        gets = ("the mapping of changes",) if key is None else ("the new value", "the old value")
        check_handler(handler, f"The handler of a {news}", *gets)

        @wraps(handler)
        def call(changes: Mapping[str, SettingChange]) -> object:
            return handler(changes) if key is None else handler(*changes[key])

        def wanted(changes: Mapping[str, SettingChange]) -> bool:
            return key is None or key in changes

        return SettingSubscription(handler, self.router, self.router.add_teller(news, call, where=wanted), release)

    def _tell(self, news: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        """Tell of every value that is not equal to the one before."""
        changes = {
            key: SettingChange(new.get(key), old.get(key))
            for key in dict.fromkeys([*new, *old])
            if new.get(key) != old.get(key)
        }
        if changes:
            self.router.tell(news, MappingProxyType(changes))

    def _typed(self, given: dict[str, Any]) -> Mapping[str, Any]:
        if fields := fields_of(self.declared):
            return given | {field.key: self._read(field, given.get(field.key)) for field in fields.values()}
        return given or _NOTHING

    def _read(self, field: Field, value: Any) -> Any:
        if value is None:
            return field.fresh_default()
        try:
            return field.read(value)
        except ValueError:
            if field.key not in self._warned:
                self._warned += (field.key,)
                self._logger.warning(
                    "The setting %r must be %s, not %r: its default counts. Does the developer console have it as the "
                    "code declares it? See: mentra config check",
                    field.key,
                    field.expected,
                    value,
                )
            return field.fresh_default()
