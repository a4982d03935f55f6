"""What virtual glasses show: layouts as text, and the two views with what is on them.

There is no throttle and no boot screen here: every frame of a running app is shown at once.

Source: docs/protocol.md, Display.
"""

import asyncio
import base64
import binascii
import logging
from collections import deque
from collections.abc import Callable
from typing import assert_never

from mentra.bitmaps.bitmap import Bitmap
from mentra.protocol.app_to_cloud import DashboardContentUpdate, DashboardSection, DisplayEvent
from mentra.protocol.layouts import (
    BitmapAnimation,
    BitmapView,
    ClearView,
    DashboardCard,
    DashboardMode,
    DoubleTextWall,
    Layout,
    ReferenceCard,
    TextWall,
    View,
    read_layout,
)

SYSTEM_DASHBOARD = "system.augmentos.dashboard"
"""In whose name the cloud itself shows something."""
HISTORY = 1000
"""How many frames are remembered; the oldest are forgotten first."""


_logger = logging.getLogger(__name__)


def layout_text(layout: Layout | None) -> str:
    """Return what a wearer reads: one line per part, empty when there is nothing."""
    match layout:
        case TextWall():
            return layout.text
        case DoubleTextWall():
            return _lines(layout.top_text, layout.bottom_text)
        case ReferenceCard():
            return _lines(layout.title, layout.text)
        case DashboardCard():
            return _lines(layout.left_text, layout.right_text)
        case BitmapView():
            return "[bitmap]"
        case BitmapAnimation():
            return f"[animation of {len(layout.frames)} bitmaps]"
        case ClearView() | None:
            return ""
        case _:
            assert_never(layout)


def _lines(*parts: str) -> str:
    return "\n".join(part for part in parts if part)


class Screen:
    """The views of one pair of glasses."""

    def __init__(self) -> None:
        self.shown: deque[DisplayEvent] = deque(maxlen=HISTORY)
        """Everything that was shown, oldest first, with what the cloud showed to clear a view."""
        self._viewers: list[Callable[[], object]] = []
        self._views: dict[str, DisplayEvent] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._shown_at: dict[str, float] = {}
        self.dashboard_mode: str = DashboardMode.MAIN
        """Which of the apps' lines the dashboard shows: those for ``"main"`` or for ``"expanded"``."""
        self._corners: dict[str, str] = {}
        self._dashboard_lines: dict[str, dict[str, str]] = {}
        """Of each mode, by package name."""

    @property
    def layout(self) -> Layout | None:
        """What the main view shows; ``None`` when it is clear, or not a layout that we know."""
        layout = self._layout(View.MAIN)
        return None if isinstance(layout, ClearView) else layout

    @property
    def text(self) -> str:
        """The text of the main view."""
        return layout_text(self._layout(View.MAIN))

    @property
    def dashboard(self) -> str:
        """The text of the dashboard: the dashboard view, the corners, and one line of each app that wrote one."""
        return _lines(
            layout_text(self._layout(View.DASHBOARD)),
            *(self._corners.get(section, "") for section in DashboardSection),
            *self._dashboard_lines.get(self.dashboard_mode, {}).values(),
        )

    @property
    def bitmap(self) -> Bitmap | None:
        """The image that the main view shows at this moment; ``None`` when it shows none, or one that is no image."""
        match self._layout(View.MAIN):
            case BitmapView(data=data):
                return _read_bitmap(data)
            case BitmapAnimation() as animation if animation.frames:
                return _read_bitmap(animation.frames[self._frame_number(animation)])
            case _:
                return None

    def on_change(self, viewer: Callable[[], object]) -> Callable[[], None]:
        """Call ``viewer`` each time something is shown or cleared, also when it looks the same as before.

        Returns:
            What undoes it; calling that twice is fine.
        """
        self._viewers.append(viewer)

        def undo() -> None:
            if viewer in self._viewers:
                self._viewers.remove(viewer)

        return undo

    def show(self, event: DisplayEvent) -> None:
        """Show a frame as it is, whatever it holds, and clear it after its duration."""
        self._stop_timer(event.view)
        self._shown_at[event.view] = asyncio.get_running_loop().time()
        self.shown.append(event)
        self._views[event.view] = event
        if event.duration_ms is not None and event.duration_ms > 0:
            loop = asyncio.get_running_loop()
            self._timers[event.view] = loop.call_later(event.duration_ms / 1000, self.clear, event.view)
        self._changed()

    def clear(self, view: str) -> None:
        """Clear a view in the way of the cloud: with an empty text wall of its own."""
        self.show(DisplayEvent(package_name=SYSTEM_DASHBOARD, view=view, layout=TextWall(text=""), duration_ms=0))

    def set_dashboard_line(self, update: DashboardContentUpdate) -> None:
        """Set an app's line on the dashboard, for each mode that it names."""
        for mode in update.modes:
            self._dashboard_lines.setdefault(mode, {})[update.package_name] = update.content
        self._changed()

    def set_dashboard_mode(self, mode: str) -> None:
        """Show the dashboard in another mode."""
        self.dashboard_mode = mode
        self._changed()

    def set_corner(self, section: str, content: str) -> None:
        """Set the text of a corner of the dashboard."""
        self._corners[section] = content
        self._changed()

    def remove_app(self, package_name: str) -> None:
        """Take everything off the views that an app put there."""
        had_lines = [lines.pop(package_name, None) is not None for lines in self._dashboard_lines.values()]
        if any(had_lines):
            self._changed()
        for view, event in list(self._views.items()):
            if event.package_name == package_name:
                self.clear(view)

    def close(self) -> None:
        """Cancel what is still to be cleared."""
        for view in list(self._timers):
            self._stop_timer(view)

    def _layout(self, view: View) -> Layout | None:
        event = self._views.get(view)
        return read_layout(event.layout) if event else None

    def _frame_number(self, animation: BitmapAnimation) -> int:
        since_ms = (asyncio.get_running_loop().time() - self._shown_at[View.MAIN]) * 1000
        number = round(since_ms) // max(1, round(animation.interval_ms))
        # How glasses end an animation that does not repeat is unverified: here its last frame stays.
        return number % len(animation.frames) if animation.repeat else min(number, len(animation.frames) - 1)

    def _changed(self) -> None:
        for viewer in list(self._viewers):
            try:
                viewer()
            except Exception:
                # A viewer's mistake must not end the connection of the app that showed something.
                _logger.exception("A viewer of the virtual glasses failed.")

    def _stop_timer(self, view: str) -> None:
        if timer := self._timers.pop(view, None):
            timer.cancel()


def _read_bitmap(data: str) -> Bitmap | None:
    try:
        return Bitmap.from_bytes(base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError, ImportError):
        return None
