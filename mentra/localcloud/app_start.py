"""A start of an app: how it ends, for everybody who waits for it."""

import asyncio
from dataclasses import dataclass, field
from typing import Literal

from mentra.errors import MentraError

Stage = Literal["WEBHOOK", "CONNECTION", "AUTHENTICATION", "TIMEOUT", "HARDWARE_CHECK"]


class StartFailed(MentraError):
    """An app did not start. It is not running, and nothing more is tried.

    Attributes:
        stage: Where it failed: ``"HARDWARE_CHECK"`` (the glasses lack what it requires; its server heard nothing),
            ``"WEBHOOK"`` (its server did not agree), ``"AUTHENTICATION"`` (it connected with a wrong key),
            ``"TIMEOUT"`` (it did not connect within five seconds) or ``"CONNECTION"`` (it was stopped before it
            connected).
    """

    def __init__(self, stage: Stage, message: str) -> None:
        super().__init__(message)
        self.stage: Stage = stage


@dataclass(slots=True, eq=False)
class Start:
    """A start under way."""

    timer: asyncio.TimerHandle | None = None
    outcome: asyncio.Future[StartFailed | None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def resolve(self, outcome: StartFailed | None) -> None:
        """Tell who waits how it ended; only the first ending counts."""
        if not self.outcome.done():
            self.outcome.set_result(outcome)

    def stop_clock(self) -> None:
        """Let it take as long as it wants."""
        if self.timer is not None:
            self.timer.cancel()
