"""``Subscription``: what one gets for a handler."""

from collections.abc import Callable
from typing import Any, Self

from mentra.session.handlers import Cancellable, Handler
from mentra.session.listeners import Listener, Where
from mentra.session.router import Router


class Subscription(Cancellable):
    """One handler on one stream. Cancel it to stop listening; as a context manager it cancels itself.

    Args:
        listener: The handler as the router knows it already; by default it is registered here.
        release: Called when it is cancelled, to undo what was done for it besides.
    """

    def __init__(
        self,
        router: Router,
        stream: str,
        handler: Handler[Any],
        *,
        call: str | None = None,
        where: Where | None = None,
        listener: Listener | None = None,
        release: Callable[[], None] | None = None,
    ) -> None:
        self.stream = stream
        """As subscribed: ``"transcription:en-US"``; of news of the session itself their name, ``"disconnected"``."""
        self.handler = handler
        self._router = router
        self._release = release
        self._listener = listener or router.add_handler(stream, handler, call=call, where=where)

    @property
    def active(self) -> bool:
        """Whether the handler still gets events."""
        return self._router.has(self._listener)

    @property
    def dropped(self) -> int:
        """Events that the handler never got, as newer ones came while it was busy. See ``Events``."""
        return self._listener.dropped

    def cancel(self) -> None:
        """Stop listening. Events that wait for the handler are dropped. Cancelling again does nothing."""
        release, self._release = self._release, None
        self._router.remove(self._listener)
        if release is not None:
            release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()
