"""What happened, once. Every view reads it.

The rules:

* An entry holds no secret: keys are replaced on the way in, wherever they stand.
* The last entries are kept: so many, and so much.
* Entries are numbered from 1 without gaps, so that a reader from outside can go on where it was.
* A reader that fails is not called again, and hurts neither the others nor what is being read about.
"""

import dataclasses
import logging
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, cast

from mentra.clock import utc_now
from mentra_cli.dev import reports
from mentra_cli.dev.reports import Failed
from mentra_cli.masking import mask_all

KEPT = 2000
"""Entries that are kept for late readers."""
ROOM_BYTES = 64 * 1024 * 1024
"""How much they may hold together: anybody may send frames of 16 MB, and requests of 50."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """Something that happened."""

    time: datetime = field(default_factory=utc_now)
    number: int = field(default=0, compare=False)
    """Its place in the journal, counted from 1; 0 until it is in one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started(_Entry):
    """``mentra dev`` listens; its code is loaded next."""

    url: str
    """The public port."""
    cloud: str
    """``"local"``, or the address of the real one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCall(_Entry):
    """A request that came to the public port, such as a webhook; of ``mentra cloud``, that it makes."""

    method: str
    path: str
    body: bytes
    app: str = ""
    """The app's package name, where it may be one of several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer(_Entry):
    """The app's answer to a request."""

    method: str
    path: str
    status: int
    body: bytes
    took_s: float
    app: str = ""
    """The app's package name, where it may be one of several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudCall(_Entry):
    """A request of the app to its cloud, such as one for stored data, with the answer."""

    method: str
    path: str
    body: bytes
    status: int
    answer: bytes
    took_s: float
    app: str = ""
    """The app's package name, where it may be one of several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame(_Entry):
    """A message on a session's socket."""

    session_id: str
    user_id: str
    from_app: bool
    text: bytes
    """The whole frame; for a binary one see ``binary_bytes``."""
    binary_bytes: int = 0
    """The size of a binary frame, which is not kept itself."""
    app: str = ""
    """The app's package name, where it may be one of several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayChange(_Entry):
    """What a pair of virtual glasses shows now."""

    user_id: str
    text: str
    """Of the main view."""
    dashboard: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech(_Entry):
    """Somebody spoke to the app through this tool."""

    user_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppOutput(_Entry):
    """A line that the app printed or logged."""

    stream: str
    """``"stdout"`` or ``"stderr"``."""
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded(_Entry):
    """The app's code was loaded and serves."""

    how: str
    took_s: float
    again: bool
    """Whether it replaced other code."""
    sessions: int
    """How many live sessions continue in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadFailed(_Entry):
    """The app's code could not be loaded."""

    failure: Failed
    still_serving: bool
    """Whether the code before it goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppError(_Entry):
    """The app's code raised an error, and goes on. Each place once, until other code serves."""

    failure: Failed
    user_id: str
    """Empty where it was for nobody in particular."""
    in_on_session: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked(_Entry):
    """The app's code kept its event loop from everything else for too long."""

    place: str
    """``"app.py:12"``: what it did most of the time."""
    function: str
    blocked_s: float
    code: list[tuple[int, str]]
    """Source lines around the place, with their numbers; empty when they cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(_Entry):
    """Anything else worth a line."""

    text: str
    fix: str = ""
    is_problem: bool = False


Entry = (
    Started
    | HttpCall
    | HttpAnswer
    | CloudCall
    | Frame
    | DisplayChange
    | Speech
    | AppOutput
    | Loaded
    | LoadFailed
    | AppError
    | Blocked
    | Note
)

Reader = Callable[[Entry], None]


class Journal:
    """Collects entries and hands each to all readers, in order.

    Args:
        room_bytes: How much the entries that are kept may hold together; the last one is kept in any case.
    """

    def __init__(self, *, room_bytes: int = ROOM_BYTES) -> None:
        self._room_bytes = room_bytes
        self._entries: deque[Entry] = deque()
        self._kept_bytes = 0
        self._readers: list[Reader] = []
        self._secrets: set[str] = set()
        self._count = 0

    @property
    def count(self) -> int:
        """The number of the last entry; 0 while there is none."""
        return self._count

    def keep_secret(self, secret: str) -> None:
        """Mask this text in everything from now on."""
        self._secrets.add(secret)

    def add(self, entry: Entry) -> None:
        """Take in an entry, without the secrets in it."""
        self._count += 1
        entry = self._masked(entry)
        self._keep(entry)
        for reader in list(self._readers):
            try:
                reader(entry)
            except Exception:
                self._readers.remove(reader)
                _logger.exception("A view of the journal failed, and is not used any more.")

    def read(self, reader: Reader) -> Callable[[], None]:
        """Call a reader with each entry from now on; return what ends that."""
        self._readers.append(reader)
        return lambda: self._readers.remove(reader) if reader in self._readers else None

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def after(self, number: int) -> list[Entry]:
        """Return the entries after a number, as far as they are kept."""
        return list(islice(self._entries, max(0, number - self._count + len(self._entries)), None))

    def _keep(self, entry: Entry) -> None:
        self._entries.append(entry)
        self._kept_bytes += _size_bytes(entry)
        while len(self._entries) > KEPT or (self._kept_bytes > self._room_bytes and len(self._entries) > 1):
            self._kept_bytes -= _size_bytes(self._entries.popleft())

    def _masked(self, entry: Entry) -> Entry:
        values = {field.name: getattr(entry, field.name) for field in dataclasses.fields(entry)}
        masked = {name: self._mask(value) for name, value in values.items()}
        return dataclasses.replace(entry, **{**masked, "number": self._count})

    def _mask(self, value: Any) -> Any:
        match value:
            case str():
                return _writable(mask_all(value, self._secrets))
            case bytes():
                text = mask_all(value.decode(errors="surrogateescape"), self._secrets)
                return text.encode(errors="surrogateescape")
            case list():
                code = cast(list[tuple[int, str]], value)
                return [(number, self._mask(line)) for number, line in code]
            case Failed():
                return reports.decode_report(self._mask(reports.encode(value)))
            case _:
                return value


def _writable(text: str) -> str:
    """Return a text without what cannot be written: headers may have bytes in them that are no UTF-8."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def _size_bytes(entry: Entry) -> int:
    """Return about how much an entry holds that others have sent."""
    match entry:
        case Frame():
            return len(entry.text)
        case HttpCall() | HttpAnswer():
            return len(entry.path) + len(entry.body)
        case CloudCall():
            return len(entry.path) + len(entry.body) + len(entry.answer)
        case _:
            return 0


_logger = logging.getLogger(__name__)
