"""``session.layouts``: what the glasses show.

The rules:

* A call is a wish: the cloud shows at most one layout per 300 ms and user, the newest one, and decides between apps. It
  never tells whether something was shown.
* Calls for text send and return at once. Those for images are awaited, as reading one may take a while; a large one is
  read in a thread.
* While the connection is lost the newest wish per view is kept and sent when it is back; after the end of the session
  calls do nothing.

Source: @mentra/sdk 2.1.29 dist/app/session/layouts.js; docs/protocol.md, Layouts.
"""

import asyncio
import base64
import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NoReturn, Self

from mentra.bitmaps.bitmap import THRESHOLD
from mentra.bitmaps.glasses import Padding, canvas_of, picture
from mentra.bitmaps.source import BitmapSource, is_quick, read
from mentra.errors import HardwareUnavailable
from mentra.protocol.capabilities import Capabilities
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
)
from mentra.session import moved_names
from mentra.session.durations import LIGHT_S, TEXT_S, Durations
from mentra.wrong_names import named_options, unknown_name

Show = Callable[[Layout, View, int | None, bool], None]
"""Sends a layout to a view for some milliseconds, at once or when its turn comes."""

MAX_FRAMES = 1000
"""What one message can carry: the cloud takes 16 MiB, and a frame is 13 kB of base64."""
_QUICK_FRAMES = 10

_OPTIONS = {
    "durationMs": "write 'duration', in seconds",
    "intervalMs": "write 'interval', in seconds",
    "topText": "write 'top'",
    "bottomText": "write 'bottom'",
    "leftText": "write 'left'",
    "rightText": "write 'right'",
    "forceDisplay": "write 'force'",
}


class Layouts:
    """Shows text and images on the glasses."""

    # As a dict, the values would be elsewhere. There may be one for whoever replaces a method in a test.
    __slots__ = (
        "__dict__",
        "__weakref__",
        "_capabilities",
        "_durations",
        "_last",
        "_last_text",
        "_send",
        "_send_text",
    )

    def __init__(
        self,
        show: Show,
        show_text: Callable[[str], None],
        capabilities: Callable[[], Capabilities | None],
        *,
        durations: Durations | None = None,
    ) -> None:
        self._send = show
        self._send_text = show_text
        self._capabilities = capabilities
        self._durations = durations
        self._last: dict[View, Layout] = {}
        self._last_text: str | None = None
        """The text in the main view, if what was shown there last was that alone."""

    def _show_text(self, text: object) -> None:
        # Nearly always it is text that can be sent as it is, for which _text would take 0.1 us.
        shown = text if type(text) is str and text.isascii() else _text(text)
        self._send_text(shown)
        self._last_text = shown
        if self._last:
            self._last.pop(View.MAIN, None)  # It may be an animation, of megabytes.

    @named_options(_OPTIONS, usual=_show_text)
    def show_text_wall(
        self, text: object, *, view: View | str = View.MAIN, duration: float | None = None, force: bool = False
    ) -> None:
        """Show one block of text.

        Args:
            text: Anything; shown as ``str(text)``.
            view: ``"main"``, or ``"dashboard"``, which the wearer sees when looking up.
            duration: Seconds until the cloud clears it; ``None`` leaves it until something else is shown.
            force: Show it at once, past the limit of one layout per 300 ms.

        Raises:
            ValueError: The duration is negative or endless, or there is no such view.
        """
        self._show(TextWall(text=_text(text)), view, duration, force)

    @named_options(_OPTIONS)
    def show_double_text_wall(
        self,
        top: object,
        bottom: object,
        *,
        view: View | str = View.MAIN,
        duration: float | None = None,
        force: bool = False,
    ) -> None:
        """Show two blocks of text, one above the other. Options as in ``show_text_wall``."""
        self._show(DoubleTextWall(top_text=_text(top), bottom_text=_text(bottom)), view, duration, force)

    @named_options(_OPTIONS)
    def show_reference_card(
        self,
        title: object,
        text: object,
        *,
        view: View | str = View.MAIN,
        duration: float | None = None,
        force: bool = False,
    ) -> None:
        """Show a title with text under it. Options as in ``show_text_wall``."""
        self._show(ReferenceCard(title=_text(title), text=_text(text)), view, duration, force)

    @named_options(_OPTIONS)
    def show_dashboard_card(
        self,
        left: object,
        right: object,
        *,
        view: View | str = View.DASHBOARD,
        duration: float | None = None,
        force: bool = False,
    ) -> None:
        """Show two texts side by side, on the dashboard unless told otherwise. Options as in ``show_text_wall``."""
        self._show(DashboardCard(left_text=_text(left), right_text=_text(right)), view, duration, force)

    @named_options(_OPTIONS)
    async def show_bitmap(
        self,
        image: BitmapSource,
        *,
        view: View | str = View.MAIN,
        duration: float | None = None,
        force: bool = False,
        padding: Padding | None = None,
        dither: bool = False,
        threshold: int = THRESHOLD,
    ) -> None:
        """Show an image, as the connected glasses can: lit and dark pixels, 576 x 135 on the Even Realities G1.

        Args:
            image: A path, the contents of an image file as bytes, an image of Pillow or a ``Bitmap``; also a BMP in
                base64. One that is too large is scaled down.
            padding: Dark columns at the left and rows at the top, in pixels. ``None`` puts an image at (50, 35), as
                the official SDK does, unless it has the full size.
            dither: Mix lit and dark pixels where the image is grey. For photos.
            threshold: A pixel is lit if the brightest part of its colour is above this; 0 to 254.

        Other options as in ``show_text_wall``.

        Raises:
            HardwareUnavailable: The connected glasses show no bitmaps. Nothing was sent.
            ValueError: It is no image that can be read, or an option is impossible; the message says which.
            OSError: There is no such file, or it cannot be read.

        Source: @mentra/sdk 2.1.29 dist/app/session/layouts.js, showBitmapView; docs/protocol.md, Layouts
        """
        _checked(view, duration)  # At once, and not after the work.
        draw = self._drawing(padding, dither=dither, threshold=threshold)
        if is_quick(image) and not dither:
            data = draw(image)
        else:
            data = await asyncio.to_thread(draw, image)
        self._show(BitmapView(data=data), view, duration, force)

    @named_options(_OPTIONS)
    async def show_animation(
        self,
        frames: Iterable[BitmapSource],
        *,
        interval: float = 1.65,
        repeat: bool = False,
        view: View | str = View.MAIN,
        padding: Padding | None = None,
        dither: bool = False,
        threshold: int = THRESHOLD,
    ) -> "Animation":
        """Show images one after the other. All are sent in one message, and the phone keeps the time.

        Args:
            frames: At most 1 000 images, each as in ``show_bitmap``.
            interval: Seconds from one to the next.
            repeat: Begin again after the last one.

        Other options as in ``show_bitmap``.

        Returns:
            What stops it: ``animation.stop()``, or ``with await session.layouts.show_animation(frames):``.

        Raises:
            HardwareUnavailable: The connected glasses show no bitmaps. Nothing was sent.
            ValueError: There are no frames, or too many; one cannot be read; or an option is impossible.
            OSError: A file is missing, or cannot be read.

        Source: @mentra/sdk 2.1.29 dist/app/session/layouts.js, showBitmapAnimation; docs/protocol.md, Layouts
        """
        images = list(frames)
        if not 1 <= len(images) <= MAX_FRAMES:
            raise ValueError(f"frames must be 1 to {MAX_FRAMES} images, not {len(images)}.")
        if not 0 < interval < math.inf:
            raise ValueError(f"interval must be more than 0 seconds, not {interval!r}.")
        target, _ = _checked(view, None)
        self._doubt("interval", interval, above_s=LIGHT_S)
        draw = self._drawing(padding, dither=dither, threshold=threshold)
        if len(images) <= _QUICK_FRAMES and not dither and all(is_quick(image) for image in images):
            pictures = [draw(image) for image in images]
        else:
            pictures = await asyncio.to_thread(lambda: [draw(image) for image in images])
        layout = BitmapAnimation(frames=pictures, interval_ms=round(interval * 1000), repeat=repeat)
        self._show(layout, target, None, False)
        return Animation(self, layout, target)

    @named_options(_OPTIONS)
    def clear(self, *, view: View | str = View.MAIN, force: bool = False) -> None:
        """Show nothing.

        Args:
            force: As in ``show_text_wall``.

        Raises:
            ValueError: There is no such view.
        """
        self._show(ClearView(), view, None, force)

    def last(self, *, view: View | str = View.MAIN) -> Layout | None:
        """Return what this session last asked to show in a view, for a web page that mirrors the glasses.

        Returns:
            ``None`` before the first call, and after ``clear``. A layout stays here when its duration is over.
        """
        target = _view(view)
        if target is View.MAIN and self._last_text is not None:
            return TextWall(text=self._last_text)
        layout = self._last.get(target)
        return None if isinstance(layout, ClearView) else layout

    def _show(self, layout: Layout, view: View | str, duration: float | None, force: bool) -> None:
        if duration is None:
            target, duration_ms = _view(view), None
        else:
            target, duration_ms = _checked(view, duration)
            self._doubt("duration", duration, above_s=TEXT_S)
        self._send(layout, target, duration_ms, force)
        self._last[target] = layout
        if target is View.MAIN:
            self._last_text = None

    def _doubt(self, option: str, seconds: float | None, *, above_s: float) -> None:
        if self._durations is not None:
            self._durations.doubt(option, seconds, above_s=above_s)

    def _drawing(self, padding: Padding | None, *, dither: bool, threshold: int) -> Callable[[BitmapSource], str]:
        """Return what makes the picture of any image for the glasses that are connected now."""
        capabilities = self._capabilities()
        model_name = capabilities.model_name if capabilities else None
        if capabilities is not None and not _shows_bitmaps(capabilities):
            lacks = "no bitmaps" if capabilities.has_display else "nothing: they have no display"
            raise HardwareUnavailable(f"The {model_name} show {lacks}.", feature="display", model_name=model_name)
        canvas = canvas_of(model_name)

        def draw(image: BitmapSource) -> str:
            return base64.b64encode(
                picture(read(image), canvas, padding=padding, dither=dither, threshold=threshold)
            ).decode()

        return draw

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise unknown_name(self, name, moved=moved_names.LAYOUTS)


class Animation:
    """An animation on the glasses. As a context manager it stops itself."""

    def __init__(self, layouts: Layouts, layout: Layout, view: View) -> None:
        self._layouts = layouts
        self._layout = layout
        self._view = view

    def stop(self) -> None:
        """Clear the view, unless something else was shown there since. Stopping again does nothing."""
        if self._layouts.last(view=self._view) is self._layout:
            self._layouts.clear(view=self._view)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _text(value: object) -> str:
    # Half a surrogate pair, as undecodable bytes become, cannot be sent: not now, and not after a lost connection.
    return str(value).encode(errors="replace").decode()


def _checked(view: View | str, duration: float | None) -> tuple[View, int | None]:
    if duration is not None and not 0 <= duration < math.inf:
        raise ValueError(f"duration must be 0 or more seconds, not {duration!r}.")
    return _view(view), None if duration is None else round(duration * 1000)


def _view(view: View | str) -> View:
    try:
        return View(view)
    except ValueError:
        raise ValueError(f"There is no view {view!r}. The views are: {', '.join(View)}.") from None


def _shows_bitmaps(capabilities: Capabilities) -> bool:
    # A display that does not say whether it can is given the chance.
    display = capabilities.display
    return capabilities.has_display and (display is None or display.can_display_bitmap is not False)
