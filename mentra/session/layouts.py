"""``session.layouts``: what the glasses show.

Plain calls that send and return at once. A call is a wish: the cloud shows at most one layout per 300 ms and user, the
newest one, and decides between apps. While the connection is lost the newest wish per view is kept and sent when it is
back; after the end of the session calls do nothing.

Source: @mentra/sdk 2.1.29 dist/app/session/layouts.js; docs/protocol.md, Layouts.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from mentra.protocol.layouts import (
    ClearView,
    DashboardCard,
    DoubleTextWall,
    Layout,
    ReferenceCard,
    TextWall,
    View,
)
from mentra.wrong_names import unknown_name

Show = Callable[[Layout, View, int | None], None]
"""Sends a layout to a view for some milliseconds."""


class Layouts:
    """Shows text on the glasses."""

    def __init__(self, show: Show) -> None:
        self._send = show

    def show_text_wall(self, text: object, *, view: View | str = View.MAIN, duration: float | None = None) -> None:
        """Show one block of text.

        Args:
            text: Anything; shown as ``str(text)``.
            view: ``"main"``, or ``"dashboard"``, which the wearer sees when looking up.
            duration: Seconds until the cloud clears it; ``None`` leaves it until something else is shown.

        Raises:
            ValueError: The duration is negative or endless, or there is no such view.
        """
        self._show(TextWall(text=_text(text)), view, duration)

    def show_double_text_wall(
        self, top: object, bottom: object, *, view: View | str = View.MAIN, duration: float | None = None
    ) -> None:
        """Show two blocks of text, one above the other. Options as in ``show_text_wall``."""
        self._show(DoubleTextWall(top_text=_text(top), bottom_text=_text(bottom)), view, duration)

    def show_reference_card(
        self, title: object, text: object, *, view: View | str = View.MAIN, duration: float | None = None
    ) -> None:
        """Show a title with text under it. Options as in ``show_text_wall``."""
        self._show(ReferenceCard(title=_text(title), text=_text(text)), view, duration)

    def show_dashboard_card(
        self, left: object, right: object, *, view: View | str = View.DASHBOARD, duration: float | None = None
    ) -> None:
        """Show two texts side by side, on the dashboard unless told otherwise. Options as in ``show_text_wall``."""
        self._show(DashboardCard(left_text=_text(left), right_text=_text(right)), view, duration)

    def clear(self, *, view: View | str = View.MAIN) -> None:
        """Show nothing.

        Raises:
            ValueError: There is no such view.
        """
        self._show(ClearView(), view, None)

    def _show(self, layout: Layout, view: View | str, duration: float | None) -> None:
        if duration is not None and not 0 <= duration < math.inf:
            raise ValueError(f"duration must be 0 or more seconds, not {duration!r}.")
        self._send(layout, View(view), None if duration is None else round(duration * 1000))

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise unknown_name(self, name, _PUBLIC, moved={"clearView": "clear()", "clear_view": "clear()"})


def _text(value: object) -> str:
    # Half a surrogate pair, as undecodable bytes become, cannot be sent: not now, and not after a lost connection.
    return str(value).encode(errors="replace").decode()


_PUBLIC = ("show_text_wall", "show_double_text_wall", "show_reference_card", "show_dashboard_card", "clear")
