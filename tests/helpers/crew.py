"""Workers of one app within one process: what they pass on to each other is noted."""

from mentra.server.workers import Workers
from mentra.transport.base import HandleHttp, HttpError, HttpReply, HttpRequest


class Crew:
    """So many workers. Each takes ``workers(index)`` at its start."""

    def __init__(self, count: int = 2) -> None:
        self.count = count
        self.passed_on: list[tuple[int, int, str]] = []
        """By whom, to whom, and what: ``(0, 1, "POST /webhook")``."""
        self.handlers: dict[int, HandleHttp] = {}

    def workers(self, index: int) -> "CrewMember":
        return CrewMember(self, index)


class CrewMember(Workers):
    """What one worker has of the others."""

    def __init__(self, crew: Crew, index: int) -> None:
        self._crew = crew
        self._index = index

    @property
    def index(self) -> int:
        return self._index

    @property
    def count(self) -> int:
        return self._crew.count

    async def open(self, handle: HandleHttp) -> None:
        self._crew.handlers[self._index] = handle

    async def ask(self, worker: int, request: HttpRequest) -> HttpReply:
        self._crew.passed_on.append((self._index, worker, f"{request.method} {request.path_only}"))
        if worker not in self._crew.handlers:
            raise HttpError("It is not there.")
        return await self._crew.handlers[worker](request)

    async def close(self) -> None:
        self._crew.handlers.pop(self._index, None)
