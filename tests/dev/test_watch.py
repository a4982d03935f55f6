"""Real files, real notifications."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mentra_cli.dev.watch import changes

pytestmark = pytest.mark.processes


class Watcher:
    """Collects bursts of changes in the background."""

    def __init__(self, root: Path, files: set[Path]) -> None:
        self.bursts: list[set[Path]] = []
        self.unchanged_too = False
        self._task = asyncio.create_task(self._watch(root, files))
        self._root = root
        self._beacon = root / "beacon.py"
        self._files = files

    async def _watch(self, root: Path, files: set[Path]) -> None:
        async for burst in changes(root, lambda file: file in files, lambda: self.unchanged_too):
            self.bursts.append(burst)

    async def ready(self) -> None:
        """Wait until notifications arrive."""
        self._files.add(self._beacon)
        for number in range(200):
            self._beacon.write_text(str(number))
            await asyncio.sleep(0.05)
            if self.bursts:
                break
        await self.quiet()

    async def quiet(self) -> list[set[Path]]:
        """Wait until everything written so far has been noticed; return the bursts without the beacon's."""
        self._files.add(self._beacon)
        self._beacon.write_text(f"{self._beacon.read_text()}.")
        async with asyncio.timeout(10):
            while not any(self._beacon in burst for burst in self.bursts):
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        bursts = [burst - {self._beacon} for burst in self.bursts]
        self.bursts.clear()
        return [burst for burst in bursts if burst]

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[tuple[Path, Watcher]]:
    (tmp_path / "app.py").write_text("version = 0\n")
    (tmp_path / "unrelated.py").write_text("")
    (tmp_path / "beacon.py").write_text("")
    watcher = Watcher(tmp_path, {tmp_path / "app.py"})
    await watcher.ready()
    yield tmp_path, watcher
    await watcher.close()


async def test_a_saved_file_of_the_app_is_a_change(watched: tuple[Path, Watcher]) -> None:
    root, watcher = watched

    (root / "app.py").write_text("version = 1\n")

    assert await watcher.quiet() == [{root / "app.py"}]


async def test_an_editor_that_replaces_the_file_is_noticed(watched: tuple[Path, Watcher]) -> None:
    root, watcher = watched

    (root / "app.py.tmp").write_text("version = 1\n")
    (root / "app.py.tmp").rename(root / "app.py")

    assert await watcher.quiet() == [{root / "app.py"}]


async def test_environment_files_are_a_change(watched: tuple[Path, Watcher]) -> None:
    root, watcher = watched

    (root / ".env").write_text("A=1\n")

    assert await watcher.quiet() == [{root / ".env"}]


async def test_the_same_content_is_no_change(watched: tuple[Path, Watcher]) -> None:
    root, watcher = watched

    (root / "app.py").write_text("version = 0\n")
    (root / "app.py").touch()

    assert await watcher.quiet() == []


async def test_the_same_content_is_a_change_if_every_save_matters(watched: tuple[Path, Watcher]) -> None:
    root, watcher = watched
    watcher.unchanged_too = True

    (root / "app.py").write_text("version = 0\n")

    assert await watcher.quiet() == [{root / "app.py"}]


async def test_a_folder_that_is_replaced_is_watched_anew(watched: tuple[Path, Watcher]) -> None:
    root, watcher = watched
    beacon = (root / "beacon.py").read_text()

    root.rename(root.with_name("elsewhere"))
    root.mkdir()
    (root / "app.py").write_text("version = 1\n")
    (root / "beacon.py").write_text(beacon)
    async with asyncio.timeout(10):
        while not any(root / "app.py" in burst for burst in watcher.bursts):
            await asyncio.sleep(0.05)
    watcher.bursts.clear()
    (root / "app.py").write_text("version = 2\n")

    assert await watcher.quiet() == [{root / "app.py"}]


async def test_a_pipe_with_the_name_of_a_source_file_is_left_alone(watched: tuple[Path, Watcher]) -> None:
    root, watcher = watched
    watcher._files.add(root / "pipe.py")

    os.mkfifo(root / "pipe.py")

    assert await watcher.quiet() == []


async def test_files_that_are_not_part_of_the_app_are_no_change(watched: tuple[Path, Watcher]) -> None:
    root, watcher = watched

    (root / "unrelated.py").write_text("changed = True\n")
    (root / "notes.txt").write_text("changed\n")

    assert await watcher.quiet() == []


@pytest.mark.parametrize(
    "folder",
    [".venv", "venv", "env", ".tox", ".git", "build", "node_modules", "__pycache__", ".mentra-dev"],
)
async def test_folders_that_are_not_source_are_ignored(watched: tuple[Path, Watcher], folder: str) -> None:
    root, watcher = watched
    watcher._files.add(root / folder / "inside.py")

    (root / folder).mkdir()
    (root / folder / "inside.py").write_text("changed = True\n")

    assert await watcher.quiet() == []
