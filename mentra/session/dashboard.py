"""``session.dashboard``: the line of this app on the screen that the wearer sees when looking up.

Plain calls that send and return at once. The newest text of each mode waits while the connection is lost; after the end
of the session calls do nothing, and the cloud takes the text away.

Source: @mentra/sdk 2.1.29 dist/app/session/dashboard.js; docs/protocol.md, Dashboard.
"""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, NoReturn

from mentra.errors import PermissionDenied
from mentra.protocol.app_to_cloud import (
    AppMessage,
    DashboardContentUpdate,
    DashboardModeChange,
    DashboardSection,
    DashboardSystemUpdate,
)
from mentra.protocol.cloud_to_app import DashboardModeChanged
from mentra.protocol.layouts import DashboardMode
from mentra.protocol.package_names import SYSTEM_DASHBOARDS
from mentra.session import moved_names
from mentra.session.core import SessionCore
from mentra.session.handlers import Handler
from mentra.session.subscription import Subscription
from mentra.wrong_names import named_options, unknown_name

_MODE = "dashboard mode"
_AS_MODES = 'write modes=("main",)'
_OPTIONS = {"targets": _AS_MODES, "target": _AS_MODES, "mode": _AS_MODES, "view": _AS_MODES}


class Dashboard:
    """Writes on the dashboard, and tells how it is shown."""

    def __init__(self, core: SessionCore) -> None:
        self._core = core
        self._mode: str | None = None
        core.hears(DashboardModeChanged, self._mode_changed)

    @named_options(_OPTIONS)
    def write(self, text: object, *, modes: Collection[DashboardMode | str] = (DashboardMode.MAIN,)) -> None:
        """Show a text on the dashboard, in place of the one before.

        Args:
            text: Anything; shown as ``str(text)``. There is room for about 60 characters. In the main mode what
                follows the first newline is put below.
            modes: ``"main"``, or also ``"expanded"``, of which the clouds of 2026 know nothing.

        Raises:
            ValueError: There is no such mode, or none is given.
        """
        if isinstance(modes, str):
            raise TypeError(f"modes must be a tuple or a list of modes, such as ({modes!r},).")
        names = [_mode(mode) for mode in modes]
        if not names:
            raise ValueError(f"modes must name at least one of {', '.join(DashboardMode)}.")
        content = str(text).encode(errors="replace").decode()  # As in layouts: half a surrogate pair cannot be sent.

        def message() -> AppMessage:
            return DashboardContentUpdate(**self._core.envelope(), content=content, modes=names)

        self._core.wish(("dashboard", *names), message)

    def clear(self) -> None:
        """Take this app's texts off the dashboard, of all modes."""
        for mode in DashboardMode:
            self.write("", modes=(mode,))

    @property
    def mode(self) -> str | None:
        """How the dashboard is shown now: ``"main"``, ``"expanded"``, or ``"none"`` when it is not.

        ``None`` until the cloud told of a first change; the clouds of 2026 never do.
        """
        return self._mode

    def on_mode_change(self, handler: Handler[str], /) -> Subscription:
        """Call a handler with the new mode each time it is another one. Also a decorator: ``@...on_mode_change``."""
        router = self._core.router
        listener = router.add_teller(_MODE, handler, call="session.dashboard.on_mode_change")
        return Subscription(router, _MODE, handler, listener=listener)

    @property
    def system(self) -> "SystemDashboard":
        """The corners and the mode of the whole dashboard, for the system's own dashboard app.

        Raises:
            PermissionDenied: This is another app; the cloud would ignore it.
        """
        if self._core.package_name not in SYSTEM_DASHBOARDS:
            raise PermissionDenied(
                f"Only the system's own dashboard app ({', '.join(SYSTEM_DASHBOARDS)}) may change the whole dashboard. "
                "Any app may write its line: session.dashboard.write(text)."
            )
        return SystemDashboard(self._core)

    def _mode_changed(self, message: DashboardModeChanged) -> None:
        if message.mode != self._mode:
            self._mode = message.mode
            self._core.router.tell(_MODE, message.mode)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise unknown_name(self, name, moved=moved_names.DASHBOARD)


class SystemDashboard:
    """The whole dashboard, for the one app that owns it."""

    def __init__(self, core: SessionCore) -> None:
        self._core = core

    def set_corners(
        self,
        *,
        top_left: object = None,
        top_right: object = None,
        bottom_left: object = None,
        bottom_right: object = None,
    ) -> None:
        """Show a text in each corner that is given; the others stay as they are, and ``""`` empties one."""
        for section, text in {
            DashboardSection.TOP_LEFT: top_left,
            DashboardSection.TOP_RIGHT: top_right,
            DashboardSection.BOTTOM_LEFT: bottom_left,
            DashboardSection.BOTTOM_RIGHT: bottom_right,
        }.items():
            if text is not None:
                self._core.wish(("dashboard corner", section), self._corner(section, str(text)))

    def set_mode(self, mode: DashboardMode | str) -> None:
        """Show the dashboard in a mode.

        Raises:
            ValueError: There is no such mode.
        """
        name = _mode(mode)
        self._core.wish("dashboard mode", lambda: DashboardModeChange(**self._core.envelope(), mode=name))

    def _corner(self, section: DashboardSection, text: str) -> Callable[[], AppMessage]:
        content = text.encode(errors="replace").decode()
        return lambda: DashboardSystemUpdate(**self._core.envelope(), section=section.value, content=content)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise unknown_name(self, name, moved=moved_names.SYSTEM_DASHBOARD)


def _mode(mode: DashboardMode | str) -> str:
    try:
        return DashboardMode(mode).value
    except ValueError:
        raise ValueError(f"There is no mode {mode!r}. The modes are: {', '.join(DashboardMode)}.") from None
