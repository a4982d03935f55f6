"""What a session wants to have shown: while the connection is lost, the newest wish of each kind waits."""

from collections.abc import Callable, Hashable

from mentra.protocol.app_to_cloud import AppMessage

Make = Callable[[], AppMessage]
"""Makes a message as it is sent, with the time of that moment."""


class Wishes:
    """Messages of which only the newest of each kind counts.

    Args:
        send: Sends a message, and returns whether it was sent.
    """

    __slots__ = ("_send", "waiting")

    def __init__(self, send: Callable[[AppMessage], bool]) -> None:
        self._send = send
        self.waiting: dict[Hashable, Make] | None = None
        """The newest wish of each key that could not be sent yet, in their order; ``None`` if there is none."""

    def add(self, key: Hashable, message: Make) -> None:
        """Send a message; what cannot be sent waits. One with the same key that waits is given up in either case."""
        if self.waiting is not None:
            self.waiting.pop(key, None)  # Also so that they are sent in the order in which they were last wished for.
        if not self._send(message()):
            self.waiting = self.waiting or {}
            self.waiting[key] = message

    def send_waiting(self) -> None:
        """Send what waits, in the order in which it was wished for."""
        waiting, self.waiting = self.waiting or {}, None
        for key, message in waiting.items():
            self.add(key, message)
