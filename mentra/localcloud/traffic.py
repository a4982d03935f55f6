"""What passed through the cloud for one user: a bounded record of frames, for those who look at them afterwards."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from mentra.localcloud.history import Recent
from mentra.protocol import codec

MAX_KEPT_BYTES = 64 * 1024
"""Of a larger message only the size is kept: a thousand photos would be a gigabyte."""

Direction = Literal["from app", "to app", "to glasses"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedFrame:
    """One frame, or the frames of sound for one app between two messages."""

    time: datetime
    """When it passed; of several the first."""
    direction: Direction
    package_name: str
    """The app that sent it or got it, or whose layout it is; of what the cloud itself shows, the name in it."""
    text: bytes = b""
    """The JSON as it passed; empty for sound, and for what is larger than 64 KiB."""
    size_bytes: int
    """Of all of it, as JSON or as sound."""
    is_sound: bool = False
    """Whether it is binary. Of sound only the size is kept."""
    count: int = 1
    """How many frames of sound these are."""

    @property
    def message(self) -> Any:
        """The JSON, decoded each time; ``None`` where there is none, or none that can be read."""
        value = codec.decode_as(object, self.text)
        return None if isinstance(value, codec.Malformed) else value


class Traffic:
    """The newest frames of one user.

    Args:
        now: When something passes.
        frames: Where they are kept.
    """

    def __init__(self, now: Callable[[], datetime], frames: Recent[PassedFrame]) -> None:
        self._now = now
        self._frames = frames

    def __iter__(self) -> Iterator[PassedFrame]:
        return iter(self._frames)

    def note(self, direction: Direction, package_name: str, text: str | bytes) -> None:
        """Remember a message."""
        data = text.encode() if isinstance(text, str) else text
        kept = data if len(data) <= MAX_KEPT_BYTES else b""
        self._add(direction, package_name, text=kept, size_bytes=len(data))

    def note_sound(self, direction: Direction, package_name: str, size_bytes: int) -> None:
        """Remember a frame of sound, together with those of the same app since the last message."""
        for index in range(len(self._frames) - 1, -1, -1):
            frame = self._frames[index]
            if not frame.is_sound:
                break
            if (frame.direction, frame.package_name) == (direction, package_name):
                self._frames[index] = replace(frame, size_bytes=frame.size_bytes + size_bytes, count=frame.count + 1)
                return
        self._add(direction, package_name, size_bytes=size_bytes, is_sound=True)

    def _add(self, direction: Direction, package_name: str, **rest: Any) -> None:
        self._frames.append(PassedFrame(time=self._now(), direction=direction, package_name=package_name, **rest))
