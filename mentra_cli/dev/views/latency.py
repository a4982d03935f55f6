"""How long the app takes to answer: from an event of a session to what the app shows next in it."""

from datetime import datetime

from mentra_cli.dev.journal import Entry
from mentra_cli.dev.views.kinds import Kind, Role


class Latency:
    """Remembers the last event of each session that is not answered yet.

    Only the first display after an event counts: what comes later may be an answer, or a clock that ticks. What new
    code shows first, and what is shown after a lost connection, answers nothing.
    """

    def __init__(self) -> None:
        self._asked: dict[str, datetime] = {}

    def answered_s(self, entry: Entry, kind: Kind) -> float | None:
        """Take in an entry; return how long after its event it comes, in seconds, if it answers one."""
        if kind.role is Role.EVENT:
            self._asked[kind.session_id] = entry.time
        elif kind.role is Role.GREETING:
            self._asked.pop(kind.session_id, None)
        elif kind.role is Role.DISPLAY and (asked := self._asked.pop(kind.session_id, None)) is not None:
            return max(0.0, (entry.time - asked).total_seconds())
        return None
