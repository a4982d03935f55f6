"""What the app's own server hands out for a while, so that a phone can fetch it.

The rules:

* Each file has a path of its own that nobody can guess, and is gone when it is not needed any more.
* Without a public URL nothing is published: the phone could not reach it.
* Parts of a file are handed out, too: players on phones ask for ranges of what they play.

Source: RFC 9110, section 14.
"""

import contextlib
import re
import secrets
from collections.abc import Callable, Generator
from dataclasses import dataclass

from mentra.errors import ConfigError
from mentra.transport.base import HttpReply, HttpRequest

PREFIX = "/mentra-files/"
"""What the paths of all files begin with."""

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class Published:
    """The files that one app's server hands out now.

    Args:
        is_ours: Tells of a path whether who asks for it comes to this process.

    Attributes:
        public_url: Where the server is reached from outside, without a slash at the end; ``None`` while nobody said.
    """

    def __init__(self, public_url: str | None = None, is_ours: Callable[[str], bool] = lambda _: True) -> None:
        self._is_ours = is_ours
        self.public_url = public_url
        self._files: dict[str, _File] = {}

    @contextlib.contextmanager
    def file(self, data: bytes, mime_type: str, *, suffix: str = "") -> Generator[str, None, None]:
        """Hand out a file while the block runs; the value is its URL.

        Args:
            data: What is in it.
            mime_type: Such as ``"audio/mpeg"``.
            suffix: What the URL shall end with, such as ``".mp3"``: some players go by it.

        Raises:
            ConfigError: Nobody said where the server is reached.
        """
        if self.public_url is None:
            raise ConfigError(
                "public_url is missing, so the phone cannot fetch what this app hands out. Pass public_url=... to the "
                "AppServer, or set PUBLIC_URL, to the app's Public URL in the developer console, such as "
                "'https://myapp.example.com'."
            )
        while not self._is_ours(path := f"{PREFIX}{secrets.token_urlsafe(24)}{suffix}"):
            pass
        self._files[path] = _File(data, mime_type)
        try:
            yield self.public_url + path
        finally:
            del self._files[path]

    def reply(self, request: HttpRequest) -> HttpReply | None:
        """Answer a request for a file; ``None`` when it is for none that there is."""
        file = self._files.get(request.path_only)
        if file is None or request.method not in ("GET", "HEAD"):
            return None
        headers = {"content-type": file.mime_type, "accept-ranges": "bytes", "cache-control": "no-store"}
        asked = _RANGE.fullmatch(request.headers.get("range", ""))
        part = _part(len(file.data), *asked.groups()) if asked else None
        if part is None:
            return HttpReply(200, file.data, headers)
        if not part:
            return HttpReply(416, b"", {**headers, "content-range": f"bytes */{len(file.data)}"})
        headers["content-range"] = f"bytes {part.start}-{part.stop - 1}/{len(file.data)}"
        return HttpReply(206, file.data[part.start : part.stop], headers)


@dataclass(frozen=True, slots=True)
class _File:
    data: bytes
    mime_type: str


def _part(size: int, first: str, last: str) -> range | None:
    """Return which bytes a range means, none if it is beyond the end; ``None`` if it means nothing."""
    if not first:
        return range(max(0, size - int(last)), size) if last else None
    start, stop = int(first), min(int(last) + 1, size) if last else size
    return None if last and int(last) < start else range(start, max(start, stop))
