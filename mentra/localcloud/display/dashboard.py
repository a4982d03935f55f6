"""The dashboard of one user, as the cloud of December 2025 puts it together.

The rules:

* Each app has one text per mode. The mode ``main`` shows one app's text at a time, with the corners around it; the
  next one, from the newest to the oldest, when the wearer looks up. The mode ``expanded`` shows the newest text, under
  a line with the upper corners. In the mode ``none`` nothing new is shown.
* The whole is drawn anew with each text for the present mode, each corner, each change of mode and each app that stops.
* Mode and corners are for the system's dashboard app; the wish of another is ignored, with a warning in the log.
* Who wrote something is what the message says, whether that app runs or not.
* Nothing is drawn while it is the turn of ``null`` in the mode ``main``.
* Every running app hears of each change of mode, without a subscription.

Which view the wearer sees is up to the glasses: looking up opens the dashboard, unless the setting
``contextualDashboard`` is off.

Source: MentraOS cloud/packages/cloud/src/services/dashboard/DashboardManager.ts (Nov 2025); docs/protocol.md,
Dashboard.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mentra.localcloud.app_run import AppRun
from mentra.localcloud.display.loose_layouts import is_something, text_of, written
from mentra.localcloud.display.rules import system_display
from mentra.localcloud.display.timers import LAST_MOMENT_MS
from mentra.localcloud.user import User
from mentra.protocol.app_to_cloud import (
    DashboardContentUpdate,
    DashboardModeChange,
    DashboardSection,
    DashboardSystemUpdate,
)
from mentra.protocol.base import Timestamp, wire_name
from mentra.protocol.cloud_to_app import DashboardModeChanged
from mentra.protocol.connection import session_id_of
from mentra.protocol.layouts import (
    DashboardMode,
    DoubleTextWall,
    Layout,
    TextWall,
    View,
)
from mentra.protocol.package_names import SYSTEM_DASHBOARDS
from mentra.protocol.settings import SystemSettings

NOTHING_EXPANDED = "No expanded content available"
_OPENS = wire_name(SystemSettings, "contextual_dashboard")

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Entry:
    """What an app wrote for one mode."""

    content: Any
    time_ms: float


class Dashboard:
    """Keeps what apps and the system wrote, and draws it."""

    def __init__(self, user: User) -> None:
        self.mode: str = DashboardMode.MAIN
        """``"main"``, ``"expanded"`` or ``"none"``."""
        self._user = user
        self._corners: dict[str, str] = {}
        self._entries: dict[str, dict[str, _Entry]] = {mode: {} for mode in DashboardMode}
        """Of each mode, by package name."""
        self._turn = 0
        """Whose text the main mode shows."""
        user.answers(DashboardContentUpdate, self._write)
        user.answers(DashboardModeChange, self._change_mode)
        user.answers(DashboardSystemUpdate, self._set_corner)
        user.when_stopped(self._forget)
        user.when_over(self._begin_anew)

    def show_mode(self, mode: str) -> None:
        """Show the dashboard in another mode, and tell every running app."""
        self.mode = mode
        for run in self._user.reachable:
            run.send(
                DashboardModeChanged(
                    mode=mode,
                    session_id=session_id_of(self._user.user_id, run.package_name),
                    timestamp=self._user.timestamp(),
                )
            )
        self._draw()

    def head_moved(self, position: object) -> None:
        """Learn that the wearer looks ``"up"`` or ``"down"``. It is before apps hear of it."""
        is_up = position == "up"
        entries = self._entries[DashboardMode.MAIN]
        if is_up and self._user.phone_online and self.mode == DashboardMode.MAIN and len(entries) > 1:
            self._turn = (self._turn + 1) % len(entries)
            self._draw()
        opens = is_up and self._user.system_settings.get(_OPENS, True) is not False
        self._user.screen.look(View.DASHBOARD if opens else View.MAIN)

    def _write(self, _: AppRun, update: DashboardContentUpdate) -> None:
        time_ms = _time_ms(update.timestamp)
        if time_ms is None:
            _logger.warning("%s wrote on the dashboard at no time: %r", update.package_name, update.timestamp)
            return
        for mode in update.modes:
            if mode in self._entries:
                self._entries[mode][update.package_name] = _Entry(update.content, time_ms)
        if self.mode in update.modes:
            self._draw()

    def _change_mode(self, _: AppRun, request: DashboardModeChange) -> None:
        if _may(request.package_name):
            self.show_mode(request.mode)

    def _set_corner(self, _: AppRun, request: DashboardSystemUpdate) -> None:
        if _may(request.package_name):
            self._corners[request.section] = request.content
            self._draw()

    def _forget(self, run: AppRun) -> None:
        for entries in self._entries.values():
            entries.pop(run.package_name, None)
        if self._turn >= len(self._entries[DashboardMode.MAIN]):
            self._turn = 0
        self._draw()

    def _begin_anew(self) -> None:
        self.mode = DashboardMode.MAIN
        self._corners.clear()
        for entries in self._entries.values():
            entries.clear()
        self._turn = 0

    def _draw(self) -> None:
        match self.mode:
            case DashboardMode.MAIN:
                layout: Layout | None = self._main()
            case DashboardMode.EXPANDED:
                layout = self._expanded()
            case _:
                return
        if layout is not None:
            self._user.show(system_display(View.DASHBOARD, layout, timestamp=self._user.timestamp()))

    def _main(self) -> DoubleTextWall | None:
        left, below_left = self._corner(DashboardSection.TOP_LEFT), self._corner(DashboardSection.BOTTOM_LEFT)
        right, below_right = self._corner(DashboardSection.TOP_RIGHT), self._corner(DashboardSection.BOTTOM_RIGHT)
        entries = self._newest_first(DashboardMode.MAIN)
        content = entries[self._turn % len(entries)].content if entries else ""
        if content is None:
            return None
        text = text_of(content)
        if below_left:
            left = f"{left}\n{below_left}"
        if below_right:
            text = f"{below_right}\n\n{text}" if text else below_right
        return DoubleTextWall(top_text=left, bottom_text=f"{right}\n{text}")

    def _expanded(self) -> TextWall:
        corners = f"{self._corner(DashboardSection.TOP_LEFT)} | {self._corner(DashboardSection.TOP_RIGHT)}"
        entries = self._newest_first(DashboardMode.EXPANDED)
        content = entries[0].content if entries else None
        # Here the cloud takes everything for text.
        return TextWall(text=f"{corners}\n{written(content) if is_something(content) else NOTHING_EXPANDED}")

    def _corner(self, section: DashboardSection) -> str:
        return self._corners.get(section, "")

    def _newest_first(self, mode: DashboardMode) -> list[_Entry]:
        return sorted(self._entries[mode].values(), key=lambda entry: entry.time_ms, reverse=True)


def _may(package_name: str) -> bool:
    if package_name in SYSTEM_DASHBOARDS:
        return True
    _logger.warning("%s is not the system's dashboard app; its wish for the dashboard is ignored.", package_name)
    return False


def _time_ms(timestamp: Timestamp) -> float | None:
    if not isinstance(timestamp, str):
        return timestamp if abs(timestamp) <= LAST_MOMENT_MS else None
    try:
        moment = datetime.fromisoformat(timestamp)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000
