"""Sound that apps send while they make it, and that the phone fetches meanwhile. Clouds of 2026 only.

The rules:

* An app opens a relay under an id of its own, sends frames that begin with that id, and ends it.
* The phone fetches the address of the relay, as often as it wants: a new reader ends the one before.
* What comes while nobody reads is kept, 2 MiB at most; the oldest is forgotten first.
* A relay that nobody fetched within 15 seconds is gone, and so is one that got nothing for a minute.
* What is sent to an id that there is not is lost without a word.

Source: MentraOS (2026) cloud/packages/cloud/src/services/session/AppAudioStreamManager.ts; docs/protocol.md, Sound.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from urllib.parse import quote

ID_BYTES = 36
"""Of the id at the beginning of each frame."""
PATH = "/api/audio/stream"
"""Where relays are fetched, followed by the user and the id."""
CLAIM_WITHIN_S = 15.0
ABANDONED_AFTER_S = 60.0
MOST_BYTES = 2 * 1024 * 1024


class SoundRelays:
    """The relays of all users."""

    def __init__(self) -> None:
        self._relays: dict[tuple[str, str], SoundRelay] = {}

    def open(self, user_id: str, stream_id: str, content_type: str) -> bool:
        """Open a relay; return False if there is one of that id."""
        key = user_id, stream_id
        if key in self._relays:
            return False
        self._relays[key] = SoundRelay(content_type, lambda: self._relays.pop(key, None))
        return True

    def find(self, user_id: str, stream_id: str) -> "SoundRelay | None":
        """Return a relay, or ``None``."""
        return self._relays.get((user_id, stream_id))

    def take(self, user_id: str, frame: bytes) -> None:
        """Pass on a frame of an app."""
        stream_id = frame[:ID_BYTES].decode("ascii", "replace")
        if relay := self.find(user_id, stream_id):
            relay.write(frame[ID_BYTES:])

    def close_all(self, user_id: str) -> None:
        """End the relays of a user."""
        for owner, stream_id in list(self._relays):
            if owner == user_id:
                self._relays[owner, stream_id].break_off()


class SoundRelay:
    """One relay.

    Args:
        content_type: Of the sound, in the app's words.
        when_gone: Called once, when it is over for good.
    """

    def __init__(self, content_type: str, when_gone: Callable[[], object]) -> None:
        self.content_type = content_type
        self._when_gone = when_gone
        self._chunks: deque[bytes] = deque()
        self._reader: asyncio.Event | None = None
        self._ended = self._is_gone = False
        self._timer = asyncio.get_running_loop().call_later(CLAIM_WITHIN_S, self.break_off)

    def write(self, chunk: bytes) -> None:
        """Take a piece of sound."""
        if self._ended:
            return
        self._chunks.append(chunk)
        if self._reader is not None:
            self._wait_for_more()
            self._reader.set()
        while sum(map(len, self._chunks)) > MOST_BYTES:
            self._chunks.popleft()

    def end(self) -> None:
        """Take nothing more; what is there can still be read."""
        self._ended = True
        if self._reader is not None:
            self._reader.set()
        elif not self._chunks:
            self.break_off()

    def break_off(self) -> None:
        """Be gone, with what was not read."""
        if self._is_gone:
            return  # Another relay may have its place by now.
        self._ended = self._is_gone = True
        self._chunks.clear()
        self._timer.cancel()
        if self._reader is not None:
            self._reader.set()
        self._when_gone()

    def claim(self) -> AsyncGenerator[bytes, None]:
        """Return what comes from now on, and what was not read so far, until it is over."""
        before, self._reader = self._reader, asyncio.Event()
        if before is not None:
            before.set()
        self._wait_for_more()
        if self._chunks or self._ended:
            self._reader.set()
        return self._read(self._reader)

    async def _read(self, reader: asyncio.Event) -> AsyncGenerator[bytes, None]:
        try:
            while self._reader is reader:
                while self._chunks:
                    yield self._chunks.popleft()
                if self._ended:
                    self.break_off()
                    return
                reader.clear()
                await reader.wait()
        finally:
            if self._reader is reader:
                self._reader = None

    def _wait_for_more(self) -> None:
        self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(ABANDONED_AFTER_S, self.break_off)


def relay_path(user_id: str, stream_id: str) -> str:
    """Return where a relay is fetched."""
    return f"{PATH}/{quote(user_id, safe='')}/{stream_id}"
