"""What virtual glasses show: layouts as text, and the two views with what is on them.

Glasses show each frame at once and for ever; when they get it is decided in ``rules.py``.

Source: docs/protocol.md, Display.
"""

import asyncio
import base64
import binascii
import logging
from collections.abc import Callable
from typing import assert_never

from mentra.bitmaps.bitmap import Bitmap
from mentra.localcloud.history import Recent
from mentra.protocol.app_to_cloud import DisplayEvent
from mentra.protocol.layouts import (
    BitmapAnimation,
    BitmapView,
    ClearView,
    DashboardCard,
    DoubleTextWall,
    Layout,
    ReferenceCard,
    TextWall,
    View,
    read_layout,
)

_VIEWS = frozenset(View)

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

    def __init__(self, shown: Recent[DisplayEvent]) -> None:
        self.shown = shown
        """Everything that reached the glasses, oldest first, with what the cloud itself showed."""
        self.view: str = View.MAIN
        """What the wearer sees: the view ``"dashboard"`` while looking up."""
        self._viewers: list[Callable[[], object]] = []
        self._views: dict[str, DisplayEvent] = {}
        self._shown_at: dict[str, float] = {}

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
        """The text of the dashboard view, without the empty lines that the cloud leaves for absent corners."""
        layout = self._layout(View.DASHBOARD)
        if isinstance(layout, DoubleTextWall):
            return _lines(layout.top_text.strip("\n"), layout.bottom_text.strip("\n"))
        return layout_text(layout)

    @property
    def bitmap(self) -> Bitmap | None:
        """The image that the main view shows at this moment; ``None`` when it shows none, or one that is no image."""
        return self._image(View.MAIN)

    @property
    def seen(self) -> Layout | Bitmap | None:
        """What the wearer sees, on the view that they look at: an image as it is at this moment, or a layout."""
        return self._image(self.view) or self._layout(self.view)

    def on_change(self, viewer: Callable[[], object]) -> Callable[[], None]:
        """Call ``viewer`` each time something is shown, also when it looks as before, and when the view changes.

        Returns:
            What undoes it; calling that twice is fine.
        """
        self._viewers.append(viewer)

        def undo() -> None:
            if viewer in self._viewers:
                self._viewers.remove(viewer)

        return undo

    def show(self, event: DisplayEvent) -> None:
        """Show a frame as it is, whatever it holds."""
        self.shown.append(event)
        if event.view is not None and event.view in _VIEWS:
            self._shown_at[event.view] = asyncio.get_running_loop().time()
            self._views[event.view] = event
        self._changed()

    def look(self, view: str) -> None:
        """Let the wearer see a view."""
        if view != self.view:
            self.view = view
            self._changed()

    def _image(self, view: str) -> Bitmap | None:
        match self._layout(view):
            case BitmapView(data=data):
                return _read_bitmap(data)
            case BitmapAnimation() as animation if animation.frames:
                return _read_bitmap(animation.frames[self._frame_number(animation, view)])
            case _:
                return None

    def _layout(self, view: str) -> Layout | None:
        event = self._views.get(view)
        return read_layout(event.layout) if event else None

    def _frame_number(self, animation: BitmapAnimation, view: str) -> int:
        since_ms = (asyncio.get_running_loop().time() - self._shown_at[view]) * 1000
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


def _read_bitmap(data: str) -> Bitmap | None:
    try:
        return Bitmap.from_bytes(base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError):
        return None
