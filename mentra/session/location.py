"""``session.location``: where the phone is.

The rules:

* While somebody listens, the cloud has ``location_update`` and the location stream with a tier on its list: the
  strongest one that a listener wants. Without the tier the phone is asked for ``reduced`` only.
* A poll subscribes to nothing. Its answer is an update like any other for those who listen.

Source: @mentra/sdk 2.1.29 dist/app/session/modules/location.d.ts; docs/protocol.md, Location.
"""

from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, NoReturn, overload

from mentra.errors import RequestTimeout
from mentra.protocol.app_to_cloud import LocationPollRequest, LocationStream
from mentra.protocol.location import LOCATION_STREAM, Accuracy, read_accuracy, strongest
from mentra.protocol.streams import Location
from mentra.session import moved_names
from mentra.session.core import SessionCore
from mentra.session.handlers import Handler
from mentra.session.requests import new_id
from mentra.session.subscription import Subscription
from mentra.wrong_names import named_options, unknown_name

POLLED_WITHIN_S = 15.0
"""How long a poll may take, unless the caller says otherwise; the official SDK's limit."""

_OPTIONS = {"rate": "write 'accuracy'", "tier": "write 'accuracy'", "timeoutMs": "write 'timeout', in seconds"}


class SessionLocation:
    """``session.location``: where the phone is."""

    def __init__(self, core: SessionCore) -> None:
        self._core = core
        self._tiers: list[Accuracy] = []
        self._held: tuple[Accuracy, Callable[[], None]] | None = None
        self._last: Location | None = None
        core.router.add_handler(Location.stream, self._seen, subscribes=False)

    @property
    def last(self) -> Location | None:
        """The last location that came, whoever asked for it; ``None`` while there was none."""
        return self._last

    @overload
    def on_update(
        self, handler: Handler[Location], /, *, accuracy: Accuracy | str = Accuracy.STANDARD
    ) -> Subscription: ...
    @overload
    def on_update(
        self, handler: None = None, /, *, accuracy: Accuracy | str = Accuracy.STANDARD
    ) -> Callable[[Handler[Location]], Subscription]: ...
    @named_options(_OPTIONS)
    def on_update(
        self, handler: Handler[Location] | None = None, /, *, accuracy: Accuracy | str = Accuracy.STANDARD
    ) -> Subscription | Callable[[Handler[Location]], Subscription]:
        """Call a handler each time the phone tells where it is. Needs the permission LOCATION.

        Use it as a call, ``on_update(handler)``, or as a decorator with or without options. The answers to
        ``get_latest`` come here, too.

        Args:
            accuracy: How exact and frequent, see ``Accuracy``. All listeners of all apps get what the strongest tier
                brings. The cloud of 2025 loses it and asks the phone for ``"reduced"``.

        Raises:
            ValueError: There is no such tier; the message lists them.

        Source: @mentra/sdk 2.1.29 dist/app/session/modules/location.d.ts, subscribeToStream; docs/protocol.md, Location
        """
        tier = read_accuracy(accuracy)
        if handler is None:
            return lambda function: self._subscribe(function, tier)
        return self._subscribe(handler, tier)

    @named_options(_OPTIONS)
    def updates(self, *, accuracy: Accuracy | str = Accuracy.STANDARD) -> AsyncGenerator[Location, None]:
        """Iterate over where the phone is: ``async for fix in session.location.updates(accuracy="high")``.

        Subscribes at the first step, unsubscribes when the loop is left, and ends when the session does.

        Args:
            accuracy: See ``on_update``.

        Raises:
            ValueError: There is no such tier; the message lists them.
        """
        return self._iterate(read_accuracy(accuracy))

    @named_options(_OPTIONS)
    async def get_latest(
        self, *, accuracy: Accuracy | str = Accuracy.STANDARD, timeout: float | None = POLLED_WITHIN_S
    ) -> Location:
        """Ask where the phone is, once, and wait for the answer. Subscribes to nothing.

        Args:
            accuracy: How old the answer may be: the cloud answers itself if its last location is younger than 15
                minutes (``"reduced"``, ``"threeKilometers"``), 5 minutes (``"kilometer"``), 60 s
                (``"hundredMeters"``), 30 s (``"tenMeters"``, ``"standard"``), 10 s (``"high"``) or 1 s
                (``"realtime"``); else it asks the phone.
            timeout: Seconds; ``None`` waits until the session ends.

        Raises:
            ValueError: There is no such tier; the message lists them.
            RequestTimeout: No answer came: the phone does not know where it is, or may not tell.
            NotConnected: The connection to the cloud is lost, and did not come back in time.

        Source: @mentra/sdk 2.1.29 dist/app/session/modules/location.d.ts, getLatestLocation; docs/protocol.md, Location
        """
        poll = LocationPollRequest(
            **self._core.envelope(), correlation_id=new_id("poll"), accuracy=read_accuracy(accuracy)
        )
        try:
            fix: Location = await self._core.ask(
                poll, poll.correlation_id, what="The location", timeout=timeout, about=("location",)
            )
        except RequestTimeout as error:
            raise RequestTimeout(
                f"{error} Does the app have the permission LOCATION, and may the MentraOS app use the phone's location?"
            ) from error
        return fix

    def _subscribe(self, handler: Handler[Location], tier: Accuracy) -> Subscription:
        subscription = _TieredSubscription(self._core, handler, lambda: self._unwant(tier))
        self._want(tier)
        return subscription

    async def _iterate(self, tier: Accuracy) -> AsyncGenerator[Location, None]:
        self._want(tier)
        fixes = self._core.router.iterate(Location.stream, call="session.location.updates")
        try:
            async for fix in fixes:
                yield fix
        finally:
            await fixes.aclose()
            self._unwant(tier)

    def _want(self, tier: Accuracy) -> None:
        self._tiers.append(tier)
        self._hold_strongest()

    def _unwant(self, tier: Accuracy) -> None:
        self._tiers.remove(tier)
        self._hold_strongest()

    def _hold_strongest(self) -> None:
        wanted = strongest(self._tiers) if self._tiers else None
        tier, undo = self._held or (None, None)
        if tier is wanted:
            return
        self._held = None
        if wanted is not None:
            stream = LocationStream(stream=LOCATION_STREAM, rate=wanted)
            self._held = (wanted, self._core.router.hold(stream))
        if undo is not None:
            undo()

    def _seen(self, fix: Location) -> None:
        self._last = fix
        if fix.correlation_id is not None:
            self._core.requests.answer(fix.correlation_id, fix)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise unknown_name(self, name, moved=moved_names.LOCATION)


class _TieredSubscription(Subscription):
    """A subscription to locations, and the tier that comes with it."""

    def __init__(self, core: SessionCore, handler: Handler[Location], let_go: Callable[[], None]) -> None:
        super().__init__(core.router, Location.stream, handler, call="session.location.on_update")
        self._let_go: Callable[[], None] | None = let_go

    def cancel(self) -> None:
        super().cancel()
        let_go, self._let_go = self._let_go, None
        if let_go is not None:
            let_go()
