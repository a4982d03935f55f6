"""What the cloud does with the whole dashboard: its mode, and its corners.

The rules:

* Mode and corners are for the system's dashboard app; the wish of another is ignored, with a warning in the log.
* Every running app hears of a new mode, without a subscription.
* Nothing opens by itself here when the wearer looks up: ``VirtualGlasses.dashboard`` is what they would see.

Source: docs/protocol.md, Dashboard.
"""

import logging

from mentra.localcloud.app_run import AppRun
from mentra.localcloud.user import User
from mentra.protocol.app_to_cloud import DashboardModeChange, DashboardSystemUpdate
from mentra.protocol.cloud_to_app import DashboardModeChanged
from mentra.protocol.connection import session_id_of
from mentra.protocol.package_names import SYSTEM_DASHBOARDS

_logger = logging.getLogger(__name__)


class DashboardControl:
    """Obeys the system's dashboard app."""

    def __init__(self, user: User) -> None:
        self._user = user
        user.answers(DashboardModeChange, self._change_mode)
        user.answers(DashboardSystemUpdate, self._set_corner)

    def show_mode(self, mode: str) -> None:
        """Show the dashboard in another mode, and tell every running app."""
        screen = self._user.screen
        if mode == screen.dashboard_mode:
            return
        screen.set_dashboard_mode(mode)
        for run in self._user.running:
            run.send(
                DashboardModeChanged(
                    mode=mode,
                    session_id=session_id_of(self._user.user_id, run.package_name),
                    timestamp=self._user.timestamp(),
                )
            )

    def _change_mode(self, run: AppRun, request: DashboardModeChange) -> None:
        if _may(run):
            self.show_mode(request.mode)

    def _set_corner(self, run: AppRun, request: DashboardSystemUpdate) -> None:
        if _may(run):
            self._user.screen.set_corner(request.section, request.content)


def _may(run: AppRun) -> bool:
    if run.package_name in SYSTEM_DASHBOARDS:
        return True
    _logger.warning("%s is not the system's dashboard app; its wish for the dashboard is ignored.", run.package_name)
    return False
