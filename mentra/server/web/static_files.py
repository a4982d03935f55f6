"""Files of one folder, for browsers.

Nothing outside of the folder is ever sent: a path is resolved with all its links before it is compared with the folder.
Hidden files are not sent either, except for what stands below ``.well-known``.
"""

import asyncio
import contextlib
import mimetypes
import os
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from urllib.parse import quote, unquote

from mentra.errors import ConfigError
from mentra.transport.base import HttpReply, HttpRequest

INDEX = "index.html"
AT_ONCE_BYTES = 256 * 1024
"""A file that is no longer is read whole; of a longer one, so much at a time."""

# Not by the system's own table: a page of modules does not run if it says text/plain for them.
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
_WELL_KNOWN = ".well-known"


class StaticFiles:
    """The files below one folder.

    Raises:
        ConfigError: There is no such folder.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise ConfigError(
                f"public_dir {str(folder)!r} is no folder. Create it, or name the right one; a relative path begins at "
                f"{str(Path.cwd())!r}. From the folder of your code: public_dir=Path(__file__).parent / 'public'."
            )
        self._folder = folder.resolve()

    def reply(self, request: HttpRequest) -> HttpReply | None:
        """Return the file that a ``GET`` or ``HEAD`` request asks for; ``None`` if there is none."""
        wanted = self._file(request.path_only)
        if wanted is None:
            return None
        if wanted.is_dir():
            # Relative links on the page begin at its folder, which has a slash at its end.
            query = request.path.partition("?")[2]
            location = quote(unquote(request.path_only)) + "/" + (f"?{query}" if query else "")
            return HttpReply(301, headers={"location": location})
        try:
            return _reply(wanted, request.headers)
        except OSError:
            return None  # It is gone by now, or must not be read.

    def has(self, path: str) -> bool:
        """Return whether there is a file, or a folder with an index, at a path."""
        return self._file(path) is not None

    def _file(self, path: str) -> Path | None:
        """Return the file or folder that a path means, if it may be sent."""
        parts = unquote(path, errors="surrogateescape").split("/")[1:]
        folder_wanted = bool(parts) and parts[-1] == ""
        if folder_wanted:
            parts.pop()
        if not path.startswith("/") or any(_is_unsafe(part) for part in parts):
            return None
        try:
            found = self._folder.joinpath(*parts).resolve()
            if not found.is_relative_to(self._folder):
                return None
            if found.is_dir():
                index = (found / INDEX).resolve()
                if not index.is_file() or not index.is_relative_to(self._folder):
                    return None
                return index if folder_wanted else found
            return found if found.is_file() and not folder_wanted else None
        except (OSError, ValueError):
            return None  # Such as a name that is too long, or a zero byte in it.


def _is_unsafe(part: str) -> bool:
    if part.startswith(".") and part != _WELL_KNOWN:
        return True
    return part == "" or "\\" in part or "/" in part or ":" in part or "\0" in part


def _reply(file: Path, asked: Mapping[str, str]) -> HttpReply:
    state = file.stat()
    changed = datetime.fromtimestamp(int(state.st_mtime), UTC)
    etag = f'"{state.st_mtime_ns:x}-{state.st_size:x}"'
    headers = {
        "etag": etag,
        "last-modified": format_datetime(changed, usegmt=True),
        "cache-control": "no-cache",  # Kept by the browser, but asked for each time: files change with a deployment.
    }
    if _has_it(asked, etag, changed):
        return HttpReply(304, headers=headers)
    headers |= {"content-type": _type_of(file), "x-content-type-options": "nosniff"}
    if state.st_size <= AT_ONCE_BYTES:
        return HttpReply(200, file.read_bytes(), headers)
    # Opened now: what is told of the file must be true of what is sent.
    descriptor = os.open(file, os.O_RDONLY)
    headers["content-length"] = str(os.fstat(descriptor).st_size)
    return HttpReply(200, headers=headers, chunks=FileChunks(descriptor))


class FileChunks(AsyncIterator[bytes]):
    """An open file, piece by piece, read in threads: a disk may take its time."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor
        self._reading: asyncio.Future[bytes] | None = None

    async def __anext__(self) -> bytes:
        if self._descriptor is None:
            raise StopAsyncIteration
        loop = asyncio.get_running_loop()
        self._reading = loop.run_in_executor(None, os.read, self._descriptor, AT_ONCE_BYTES)
        # Shielded: a thread that reads cannot be stopped, and one that has yet to begin would count as stopped.
        chunk = await asyncio.shield(self._reading)
        if not chunk:
            raise StopAsyncIteration
        return chunk

    async def aclose(self) -> None:
        """Close the file, as soon as no thread reads it."""
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        if self._reading is None or self._reading.done():
            os.close(descriptor)
        else:
            # Closed now, its number could be that of somebody's connection by the time that the thread reads.
            self._reading.add_done_callback(lambda reading: _close(descriptor, reading))


def _close(descriptor: int, reading: asyncio.Future[bytes]) -> None:
    os.close(descriptor)
    if not reading.cancelled():
        reading.exception()  # Nobody else asks for it.


def _has_it(asked: Mapping[str, str], etag: str, changed: datetime) -> bool:
    """Return whether the browser has the file as it is now."""
    if (tags := asked.get("if-none-match")) is not None:
        return "*" in tags or etag in (tag.strip().removeprefix("W/") for tag in tags.split(","))
    with contextlib.suppress(ValueError, TypeError):  # TypeError: a date without a zone.
        return changed <= parsedate_to_datetime(asked.get("if-modified-since", ""))
    return False


def _type_of(file: Path) -> str:
    kind = _TYPES.get(file.suffix.lower()) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
