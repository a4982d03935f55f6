"""One app in several processes, its workers: who owns what, and how they speak to each other.

The rules:

* The owner of a user follows from the user's id and the number of workers. So there is no map to be kept, and whoever
  replaces a worker that died owns the same users.
* Ids that a worker makes for others to bring back, of photos and of files, are chosen so that the same function leads
  back to it.
"""

import zlib
from collections.abc import Callable
from typing import Protocol

from mentra.transport.base import HandleHttp, HttpReply, HttpRequest


def owner_of(key: str, count: int) -> int:
    """Return which of so many workers owns a user, or what is known by an id. Upper and lower case do not matter."""
    # Not hash(), which differs from process to process.
    return zlib.crc32(key.lower().encode(errors="surrogatepass")) % count


class Workers(Protocol):
    """All workers of an app, as one of them sees them."""

    @property
    def index(self) -> int:
        """Which one this is, from 0."""
        ...

    @property
    def count(self) -> int:
        """How many there are."""
        ...

    async def open(self, handle: HandleHttp) -> None:
        """Begin to answer what the others ask."""

    async def ask(self, worker: int, request: HttpRequest) -> HttpReply:
        """Have another worker answer a request. The answer may be streamed.

        Raises:
            HttpError: There was no answer: it is being started again, or ended meanwhile.
        """
        ...

    async def close(self) -> None:
        """Neither ask nor answer any more."""


def ownership(workers: Workers | None) -> Callable[[str], bool]:
    """Return a function that tells whether this process owns a key. Alone it owns all."""
    if workers is None:
        return lambda _: True
    return lambda key: owner_of(key, workers.count) == workers.index
