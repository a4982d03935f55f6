"""Durations that look like milliseconds. They are taken as they are, seconds, and a warning asks once for each place.

Most other SDKs take milliseconds, and nothing else would tell of it: the light stays on for a quarter of an hour.
"""

import inspect
import logging
from collections.abc import Callable
from typing import Any

TEXT_S = 999.0
"""How long a layout may be shown without a doubt. Shorter ones may be meant: a menu of ten minutes."""
LIGHT_S = 120.0
"""The same for a light, and for one picture of an animation."""


class Durations:
    """Looks at the durations of one session.

    Args:
        is_news: Returns whether something was not said before; see ``Silence``.
    """

    def __init__(self, logger: logging.LoggerAdapter[Any], is_news: Callable[..., bool]) -> None:
        self._logger = logger
        self._is_news = is_news

    def doubt(self, option: str, seconds: float | None, *, above_s: float) -> None:
        """Warn if a duration is longer than anybody wants."""
        if seconds is None or seconds <= above_s:
            return
        file, line = _place()
        if self._is_news("duration", file, str(line), option):
            self._logger.warning(
                "%s, line %d: %s=%g is in seconds. If these are milliseconds, write %s=%g.",
                file,
                line,
                option,
                seconds,
                option,
                seconds / 1000,
            )


def _place() -> tuple[str, int]:
    """Return the file and line of the app that is being executed."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "mentra":
        frame = frame.f_back
    return (frame.f_code.co_filename, frame.f_lineno) if frame is not None else ("?", 0)
