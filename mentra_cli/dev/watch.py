"""Which saves matter: a changed content of a file that is part of the app, or of its environment.

The rules:

* Only folders that may hold source are watched, so that an installation into a virtual environment costs nothing.
* One changed file is one change, at once. Several, or one that is empty or away, may be the beginning of more: a change
  is then complete when nothing follows for ``_REST_S``.
* Where the system does not tell of changes, the files are looked at again and again; ``why_polling`` says why.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncGenerator, Callable, Iterable
from pathlib import Path
from typing import Protocol

import watchfiles

from mentra_cli.dev.sources import Sources

# A save is noticed within two steps. Each step is a wake-up: 3 ms cost 1.4 % of one core, 1 ms 2.7 %.
_STEP_MS = 3
_BURST_MS = 400
_LOOK_EVERY_MS = 500
POLL_EVERY_MS = 300
"""How often files are looked at when the system does not tell of changes."""
_REST_S = 0.05

_NOT_REPORTED = frozenset(
    {"9p", "afpfs", "cifs", "drvfs", "fakeowner", "nfs", "nfs4", "prl_fs", "smb3", "smbfs", "vboxsf", "virtiofs"}
)
"""File systems of other machines, or of the host around this one: changes made there are not reported here."""

MatchesApp = Callable[[Path], bool]
"""Returns whether a source file is part of the app as it is now."""


class Watch(Protocol):
    """Notices what is saved."""

    def changes(self, matches_app: MatchesApp, unchanged_too: Callable[[], bool]) -> AsyncGenerator[set[Path], None]:
        """Yield the files whose content changed, one set per burst of saves, until the iteration is closed.

        Args:
            matches_app: Asked for each changed file that may be source. Those that always are, are not asked for.
            unchanged_too: Asked for each saved file whose content is the same: whether the save matters all the same.
        """
        ...


class FileWatch(Watch):
    """Watches the files of a project.

    Args:
        root: The project's folder.
        sources: Returns what may be part of the app; asked again after each change.
        polling: Whether to look at the files again and again, instead of being told by the system.
        cannot: Called with a sentence when the system cannot watch the files, and they are looked at from then on.
    """

    def __init__(
        self, root: Path, sources: Callable[[], Sources], *, polling: bool, cannot: Callable[[str], object]
    ) -> None:
        self._root = root
        self._sources = sources
        self._polling = polling
        self._cannot = cannot
        self._known: dict[Path, bytes | None] = {}
        self._sources_known: Sources | None = None

    async def changes(
        self, matches_app: MatchesApp, unchanged_too: Callable[[], bool]
    ) -> AsyncGenerator[set[Path], None]:
        """Yield the files whose content changed."""
        while True:
            try:
                async with contextlib.aclosing(self._changes_in_same_folders(matches_app, unchanged_too)) as changes:
                    async for change in changes:
                        yield change
            except FileNotFoundError:
                pass  # A folder went away between the look at it and the request to watch it.
            except OSError as error:
                if self._polling:
                    raise
                self._polling = True
                self._cannot(f"The system cannot watch these files: {error}")
            while _inode(self._root) is None:  # noqa: ASYNC110 - there is nothing to be told by.
                await asyncio.sleep(_LOOK_EVERY_MS / 1000)

    async def _changes_in_same_folders(
        self, matches_app: MatchesApp, unchanged_too: Callable[[], bool]
    ) -> AsyncGenerator[set[Path], None]:
        """Yield changes until other folders have to be watched."""
        self.learn_sources()
        begun, sources = _inode(self._root), self._sources()
        folders = [folder for folder, _ in sources.folders(self._root)]
        async with contextlib.aclosing(self._bursts(folders)) as bursts:
            await anext(bursts)  # From now on changes are noticed. Those from before:
            missed = {*self._known, *self._candidates()}
            if found := self._changed(missed, matches_app, unchanged_too=lambda: False):
                yield found
            async for burst in bursts:
                if found := self._changed(burst, matches_app, unchanged_too):
                    yield found
                same = _inode(self._root) == begun and self._sources() == sources
                if not same or self._folders_changed(burst, folders):
                    return

    async def _bursts(self, folders: list[Path]) -> AsyncGenerator[set[Path], None]:
        """Yield what was touched, and now and then nothing, so that one can look after the folder itself."""
        touched: asyncio.Queue[set[Path] | OSError] = asyncio.Queue()
        over = asyncio.Event()
        source = self._look(touched, over) if self._polling else self._listen(folders, touched, over)
        listening = asyncio.create_task(source)
        try:
            while True:
                burst = await _next(touched)
                loop = asyncio.get_running_loop()
                complete_by = loop.time() + _BURST_MS / 1000
                while self._goes_on(burst) and loop.time() < complete_by:
                    try:
                        async with asyncio.timeout(_REST_S):
                            burst |= await _next(touched)
                    except TimeoutError:
                        break
                yield burst
        finally:
            over.set()
            await asyncio.wait([listening])

    async def _listen(
        self, folders: list[Path], touched: asyncio.Queue[set[Path] | OSError], over: asyncio.Event
    ) -> None:
        try:
            events = watchfiles.awatch(  # pyright: ignore[reportUnknownMemberType] - one option is typed by trio.
                *folders,
                watch_filter=None,
                step=_STEP_MS,
                debounce=_BURST_MS,
                rust_timeout=_LOOK_EVERY_MS,
                yield_on_timeout=True,
                recursive=False,
                stop_event=over,
                force_polling=False,
            )
            asyncio.get_running_loop().call_soon(touched.put_nowait, set[Path]())  # It has begun by then.
            async for burst in events:
                touched.put_nowait({Path(name) for _, name in burst})
        except (OSError, RuntimeError) as error:  # The library has a RuntimeError of its own.
            touched.put_nowait(error if isinstance(error, OSError) else OSError(str(error)))

    async def _look(self, touched: asyncio.Queue[set[Path] | OSError], over: asyncio.Event) -> None:
        """Look at all files again and again. The library's own way compares whole seconds, and misses quick saves."""
        before = self._stamps()
        touched.put_nowait(set())
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_EVERY_MS / 1000):
                    await over.wait()
            now = self._stamps()
            touched.put_nowait({file for file in before.keys() | now.keys() if before.get(file) != now.get(file)})
            before = now

    def _stamps(self) -> dict[Path, tuple[int, int, int]]:
        """Return what changes when a file is written or replaced."""
        stamps: dict[Path, tuple[int, int, int]] = {}
        for file in self._candidates():
            with contextlib.suppress(OSError):
                status = file.stat()
                stamps[file] = (status.st_mtime_ns, status.st_size, status.st_ino)
        return stamps

    def _goes_on(self, burst: set[Path]) -> bool:
        """Return whether a burst looks like the beginning of one."""
        sources = [file for file in burst if self._may_be_source(file)]
        return len(sources) > 1 or any(_is_unfinished(file) for file in sources)

    def _changed(self, files: Iterable[Path], matches_app: MatchesApp, unchanged_too: Callable[[], bool]) -> set[Path]:
        self.learn_sources()
        found: set[Path] = set()
        for file in files:
            if not self._may_be_source(file):
                continue
            digest = _digest(file)
            if self._known.get(file) != digest or unchanged_too():
                self._known[file] = digest
                if self._sources().is_part(self._relative(file)) or matches_app(file):
                    found.add(file)
        return found

    def learn_sources(self) -> None:
        """Take note of what has become source by a setting: it has not changed by that."""
        if (sources := self._sources()) != self._sources_known:
            self._sources_known = sources
            self._known = {file: _digest(file) for file in self._candidates() if file not in self._known} | self._known

    def _candidates(self) -> list[Path]:
        return [
            folder / name
            for folder, names in self._sources().folders(self._root)
            for name in names
            if self._may_be_source(folder / name)
        ]

    def _may_be_source(self, file: Path) -> bool:
        return file.is_relative_to(self._root) and self._sources().may_be(self._relative(file))

    def _relative(self, file: Path) -> str:
        return file.relative_to(self._root).as_posix()

    def _folders_changed(self, burst: set[Path], folders: list[Path]) -> bool:
        """Return whether there is a folder that is not watched yet, or one less."""
        return any(
            (touched in folders and not touched.is_dir())
            or (touched not in folders and touched.is_dir() and self._sources().may_hold(touched, self._root))
            for touched in burst
            if touched != self._root and touched.is_relative_to(self._root)
        )


async def _next(touched: asyncio.Queue[set[Path] | OSError]) -> set[Path]:
    burst = await touched.get()
    if isinstance(burst, OSError):
        raise burst
    return burst


def why_polling(folder: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str:
    """Return why changes in a folder are not reported by the system; empty when they are, or when nobody knows.

    Args:
        mounts: What is mounted where, as Linux tells it (proc(5)).
    """
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    best, kind = -1, ""
    for line in lines:
        fields, _, rest = line.partition(" - ")
        place = Path(fields.split()[4].encode().decode("unicode_escape"))
        if folder.is_relative_to(place) and len(place.parts) > best:
            best, kind = len(place.parts), rest.split()[0]
    unreported = kind in _NOT_REPORTED or (kind.startswith("fuse.") and kind != "fuse.fuse-overlayfs")
    return f"{folder} is on a file system ({kind}) that does not tell of all changes" if unreported else ""


def _digest(file: Path) -> bytes | None:
    """Return what identifies a content; ``None`` for what is no file, or not there. A pipe would never end."""
    try:
        return hashlib.blake2b(file.read_bytes(), digest_size=16).digest() if file.is_file() else None
    except OSError:
        return None


def _is_unfinished(file: Path) -> bool:
    """Return whether a file is empty or away: many a program saves in these steps."""
    try:
        return file.stat().st_size == 0
    except OSError:
        return True


def _inode(folder: Path) -> int | None:
    try:
        return folder.stat().st_ino
    except OSError:
        return None
