"""Who may show what on the glasses of one user, and when, as the cloud of December 2025 decides it.

The rules, with all that is odd about them:

* The standard app that was started last is the main app. It shows what it likes, but while a background app that holds
  the lock is on the display. Nobody asks whether it still runs.
* A background app shows only with the lock, which it gets when nobody else has it. It loses the lock when it stops,
  when the main app shows something, and when the cloud looks for the next display and finds that the app was silent
  for two seconds, has had the lock for ten, or shows what is over. So what has no duration keeps all others away.
* When a duration is over or an app stops, the next display is looked for: what waits for its turn, else what the main
  app showed, if its duration is not over, or without one in its first second. Else the main view is cleared, whatever
  was on it, also when another app than the one that showed it stopped.
* A duration counts from the request, though its timer starts when it is shown.
* A view is not looked at: a display for the dashboard view takes the turn of one for the main view, and only the main
  view is ever cleared.
* What is shown in the name of the system's dashboard asks nobody. But for the dashboard view it keeps the pace.

And two that only cost time, which are left out unless the cloud is ``faithful``:

* While an app starts, a card says so for 1.5 s. What apps want to show meanwhile waits, the last wish of each. Then the
  main app's is shown, else the oldest; the others stay where they are until the next card is over, and meanwhile
  nothing is cleared. What is shown then has no end.
* At most one display in 300 ms. What comes earlier waits for 300 ms from then, the last wish of each app.

With it goes one that would be a nuisance without the limit of pace: a duration of more than 24.8 days is too long for a
timer and goes off at once, so that the main app shows the same again and again.

Source: MentraOS cloud/packages/cloud/src/services/layout/DisplayManager6.1.ts (Sep 2025); docs/protocol.md, Display.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from mentra.localcloud.display.timers import LAST_MOMENT_MS, LONGEST_MS, Timer, Timers
from mentra.protocol import codec
from mentra.protocol.app_to_cloud import DisplayEvent
from mentra.protocol.base import Number
from mentra.protocol.layouts import Layout, ReferenceCard, TextWall, View

SYSTEM_DASHBOARD = "system.augmentos.dashboard"
"""In whose name the cloud itself shows something."""
BOOT_MS = 1500
THROTTLE_MS = 300
LOCK_MS = 10_000
LOCK_SILENCE_MS = 2000
LASTING_MS = 1000
"""How long a display without a duration counts as one that may be shown again."""


@dataclass(frozen=True, slots=True, eq=False)
class _Wish:
    """What an app wanted to show."""

    event: DisplayEvent
    since_ms: int
    until_ms: int | None
    """``None`` for no duration."""

    @property
    def package_name(self) -> str:
        return self.event.package_name


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What waits for its turn."""

    wish: _Wish
    since_ms: int


@dataclass(slots=True)
class _Lock:
    """The right of one background app to show something."""

    holder: str
    until_ms: int
    active_at_ms: int


def system_display(view: View, layout: Layout, *, duration_ms: int | None = None, timestamp: str) -> DisplayEvent:
    """Return what the cloud itself shows, as it is on the wire."""
    return DisplayEvent(
        package_name=SYSTEM_DASHBOARD,
        view=view,
        layout=codec.plain(layout),
        duration_ms=duration_ms,
        timestamp=timestamp,
    )


class DisplayRules:
    """Decides on every wish to show something.

    Args:
        send: Shows something on the glasses; returns False when nothing reaches them.
        is_running: Whether the app of this package name runs.
        timestamp: The present moment, as the wire writes it.
        faithful: Have the card of starting apps and the limit of pace.
    """

    def __init__(
        self,
        send: Callable[[DisplayEvent], bool],
        *,
        is_running: Callable[[str], bool],
        timestamp: Callable[[], str],
        faithful: bool,
    ) -> None:
        self._send = send
        self._is_running = is_running
        self._timestamp = timestamp
        self._faithful = faithful
        self._timers = Timers()
        self._forget()

    def _forget(self) -> None:
        self._main_app = ""
        self._current: _Wish | None = None
        self._of_main_app: _Wish | None = None
        self._lock: _Lock | None = None
        self._booting: dict[str, str] = {}
        """The names of the apps that are being started, by package name."""
        self._before_boot: _Wish | None = None
        self._queued: dict[str, _Wish] = {}
        """What waits for the end of the card, by package name."""
        self._waiting: dict[str, _Waiting] = {}
        """What waits for its turn, by package name. A newer wish of an app takes the place of the older."""
        self._ends: dict[Timer, _Wish] = {}
        """The ends of durations that may still matter. What is shown twice has two."""
        self._last_shown_at_ms = -math.inf

    def app_started(self, package_name: str, *, name: str, is_standard: bool) -> None:
        """Learn that an app gets its start webhook."""
        if is_standard:
            self._main_app = package_name
        if package_name == SYSTEM_DASHBOARD or not self._faithful:
            return
        current = self._current
        if current is not None and current.package_name != SYSTEM_DASHBOARD and self._may_come_back(current):
            self._before_boot = current
        self._booting[package_name] = name
        self._show_boot_card()
        self._timers.set(BOOT_MS, lambda: self._boot_is_over(package_name))

    def app_stopped(self, package_name: str) -> None:
        """Learn that an app was stopped, or that its start failed."""
        was_booting = self._booting.pop(package_name, None) is not None
        if package_name == self._main_app:
            self._queued.pop(package_name, None)
        self._waiting.pop(package_name, None)
        if was_booting and not self._booting:
            if self._is_on_display(SYSTEM_DASHBOARD):
                self._clear()
            self._show_what_waited()
        if self._lock is not None and self._lock.holder == package_name:
            self._lock = None
        was_shown = self._is_on_display(package_name)
        if was_shown:
            self._current = None
        if self._before_boot is not None and self._before_boot.package_name == package_name:
            self._before_boot = None
        if package_name == self._main_app:
            self._main_app, self._of_main_app = "", None
            if was_shown:
                self._clear()
        self._show_next(stopped=True)

    def request(self, event: DisplayEvent) -> bool:
        """Show something for an app, now or when it is its turn; returns False when it is not to be shown."""
        if event.package_name == SYSTEM_DASHBOARD:
            return self._show_for_system(event)
        if self._booting:
            self._queued[event.package_name] = self._wish(event)
            return True
        if event.package_name == self._main_app:
            self._of_main_app = self._wish(event)
            return not self._is_covered() and self._show(self._of_main_app)
        return self._may_show(event.package_name) and self._show(self._wish(event))

    def close(self) -> None:
        """Forget everything: the session of the user is over."""
        self._timers.clear()
        self._forget()

    # The card of starting apps.

    def _show_boot_card(self) -> None:
        title = f"// MentraOS - Starting App{'s' if len(self._booting) > 1 else ''}"
        self._show_own(ReferenceCard(title=title, text=", ".join(self._booting.values())))

    def _boot_is_over(self, package_name: str) -> None:
        # Also when that app was stopped meanwhile, or was started once more.
        self._booting.pop(package_name, None)
        if not self._booting:
            self._clear()
            self._show_what_waited()

    def _show_what_waited(self) -> None:
        if self._show_queued() or self._show_what_was_before():
            return
        if self._current is not None and not self._lasts(self._current):
            self._current = None
        self._show_next()

    def _show_queued(self) -> bool:
        of_main_app = self._queued.get(self._main_app)
        if of_main_app is not None and self._send(of_main_app.event):
            first = of_main_app
        elif self._queued:
            first = next(iter(self._queued.values()))
            self._send(first.event)
        else:
            return False
        del self._queued[first.package_name]
        self._is_shown(first)
        return True

    def _show_what_was_before(self) -> bool:
        before, self._before_boot = self._before_boot, None
        if before is None or not self._may_come_back(before) or not self._send(before.event):
            return False
        self._is_shown(before)
        return True

    def _may_come_back(self, wish: _Wish) -> bool:
        return self._is_running(wish.package_name) and self._lasts(wish)

    # Whose turn it is.

    def _is_covered(self) -> bool:
        """Return whether a background app keeps the main app from the display."""
        lock = self._lock
        return lock is not None and lock.holder != self._main_app and self._is_on_display(lock.holder)

    def _may_show(self, package_name: str) -> bool:
        """Return whether a background app has the lock, after it was given it if that is possible."""
        if not self._is_running(package_name):
            return False
        lock = self._lock
        if lock is not None and lock.holder == package_name:
            return True
        if lock is not None and lock.holder != self._main_app and self._is_running(lock.holder):
            return False
        now_ms = self._timers.now_ms
        self._lock = _Lock(package_name, until_ms=now_ms + LOCK_MS, active_at_ms=now_ms)
        return True

    def _show_next(self, *, stopped: bool = False) -> None:
        if self._booting:
            self._show_boot_card()
            return
        waiting = [each for package_name, each in self._waiting.items() if self._is_running(package_name)]
        if waiting:
            self._show_in_turn(min(waiting, key=lambda each: each.since_ms).wish)
            return
        if self._keeps_lock(stopped=stopped):
            return
        if self._of_main_app is not None and self._lasts(self._of_main_app):
            self._show(self._of_main_app)
        else:
            self._clear()

    def _keeps_lock(self, *, stopped: bool) -> bool:
        """Look after the lock; return whether its holder stays on the display."""
        lock, now_ms = self._lock, self._timers.now_ms
        if lock is None:
            return False
        is_over = now_ms - lock.active_at_ms > LOCK_SILENCE_MS or lock.until_ms <= now_ms
        if is_over or not self._is_running(lock.holder):
            self._lock = None
        elif self._is_on_display(lock.holder):
            if not stopped and self._current is not None and self._lasts(self._current):
                return True
            self._lock = None
        return False

    def _is_on_display(self, package_name: str) -> bool:
        return self._current is not None and self._current.package_name == package_name

    # Showing.

    def _show(self, wish: _Wish) -> bool:
        if self._is_too_early() and not wish.event.force_display:
            self._let_wait(wish)
            return True
        if not self._send(wish.event):
            return False
        self._is_shown(wish)
        lock = self._lock
        if lock is not None and lock.holder == wish.package_name:
            lock.active_at_ms = self._timers.now_ms
        elif lock is not None and wish.package_name == self._main_app:
            self._lock = None
        self._watch_duration(wish)
        return True

    def _show_in_turn(self, wish: _Wish) -> None:
        # Whether it reached the glasses is not asked here.
        del self._waiting[wish.package_name]
        self._send(wish.event)
        self._is_shown(wish)
        self._watch_duration(wish)

    def _show_for_system(self, event: DisplayEvent) -> bool:
        keeps_pace = event.view != View.DASHBOARD and not self._booting
        if keeps_pace and self._is_too_early():
            self._let_wait(self._wish(event))
            return True
        was_sent = self._send(event)
        if was_sent and keeps_pace:
            self._last_shown_at_ms = self._timers.now_ms
        return was_sent

    def _show_own(self, layout: Layout, *, duration_ms: int | None = None) -> None:
        now = self._timestamp()
        self._show_for_system(system_display(View.MAIN, layout, duration_ms=duration_ms, timestamp=now))

    def _clear(self) -> None:
        if not self._queued:
            self._show_own(TextWall(text=""), duration_ms=0)

    def _is_shown(self, wish: _Wish) -> None:
        self._current = wish
        self._last_shown_at_ms = self._timers.now_ms
        waiting = (each.wish for each in self._waiting.values())
        may_be_shown = {self._current, self._of_main_app, self._before_boot, *waiting}
        for timer in [timer for timer, wish in self._ends.items() if wish not in may_be_shown]:
            self._timers.cancel(timer)
            del self._ends[timer]

    def _is_too_early(self) -> bool:
        return self._faithful and self._timers.now_ms - self._last_shown_at_ms < THROTTLE_MS

    def _let_wait(self, wish: _Wish) -> None:
        self._waiting[wish.package_name] = _Waiting(wish, self._timers.now_ms)
        self._timers.set(THROTTLE_MS, lambda: self._turn_has_come(wish))

    def _turn_has_come(self, wish: _Wish) -> None:
        waiting = self._waiting.get(wish.package_name)
        if waiting is not None and waiting.wish is wish:
            self._show_in_turn(wish)

    def _watch_duration(self, wish: _Wish) -> None:
        if wish.until_ms is not None:

            def end() -> None:
                del self._ends[timer]
                self._duration_is_over(wish)

            left_ms = wish.until_ms - self._timers.now_ms
            timer = self._timers.set(left_ms if self._faithful else min(left_ms, LONGEST_MS), end)
            self._ends[timer] = wish

    def _duration_is_over(self, wish: _Wish) -> None:
        if self._current is wish:
            self._show_next()

    def _wish(self, event: DisplayEvent) -> _Wish:
        now_ms = self._timers.now_ms
        return _Wish(event, since_ms=now_ms, until_ms=_end_ms(now_ms, event.duration_ms))

    def _lasts(self, wish: _Wish) -> bool:
        """Return whether a display may be shown again, or kept."""
        now_ms = self._timers.now_ms
        if wish.until_ms is not None:
            return wish.until_ms > now_ms
        return wish.event.duration_ms != 0 and now_ms - wish.since_ms <= LASTING_MS


def _end_ms(now_ms: int, duration_ms: Number | None) -> int | None:
    if not duration_ms:
        return None
    end_ms = now_ms + duration_ms
    # What is no moment for JavaScript is over at once.
    return math.floor(end_ms) if abs(end_ms) <= LAST_MOMENT_MS else now_ms
