"""Real files, real notifications."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import watchfiles

from mentra_cli.dev.sources import PYTHON, Sources
from mentra_cli.dev.watch import FileWatch, why_polling

pytestmark = pytest.mark.processes


class Watcher:
    """Collects bursts of changes in the background."""

    def __init__(self, root: Path, files: set[Path], *, polling: bool = False) -> None:
        self.bursts: list[set[Path]] = []
        self.unchanged_too = False
        self.sources = PYTHON
        self.cannot: list[str] = []
        self._polling = polling
        self._task = asyncio.create_task(self._watch(root, files))
        self._root = root
        self._beacon = root / "beacon.py"
        self._files = files

    async def _watch(self, root: Path, files: set[Path]) -> None:
        watch = FileWatch(root, self._sources, polling=self._polling, cannot=self.cannot.append)
        async for burst in watch.changes(lambda file: file in files, lambda: self.unchanged_too):
            self.bursts.append(burst)

    def _sources(self) -> Sources:
        return self.sources

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


@pytest.fixture(params=["told", "polling"])
async def watched(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[tuple[Path, Watcher]]:
    (tmp_path / "app.py").write_text("version = 0\n")
    (tmp_path / "unrelated.py").write_text("")
    (tmp_path / "beacon.py").write_text("")
    watcher = Watcher(tmp_path, {tmp_path / "app.py"}, polling=request.param == "polling")
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


@pytest.mark.parametrize("name", [".env", "app_config.json"])
async def test_files_of_the_environment_and_of_the_console_are_a_change(
    watched: tuple[Path, Watcher], name: str
) -> None:
    root, watcher = watched

    (root / name).write_text("A=1\n")

    assert await watcher.quiet() == [{root / name}]


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

    root.rename(root.with_name(f"{root.name}-elsewhere"))
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


async def test_a_virtual_environment_of_any_name_is_ignored(watched: tuple[Path, Watcher]) -> None:
    root, watcher = watched
    watcher._files.add(root / "mine" / "lib" / "inside.py")

    (root / "mine" / "lib").mkdir(parents=True)
    (root / "mine" / "pyvenv.cfg").touch()
    await watcher.quiet()
    (root / "mine" / "lib" / "inside.py").write_text("changed = True\n")

    assert await watcher.quiet() == []


async def test_twenty_files_at_once_are_one_change(watched: tuple[Path, Watcher]) -> None:
    root, watcher = watched
    files = {root / f"part_{number}.py" for number in range(20)}
    watcher._files |= files

    for file in files:
        file.write_text("changed = True\n")

    assert await watcher.quiet() == [files]


async def test_a_file_in_a_new_folder_is_noticed(watched: tuple[Path, Watcher]) -> None:
    root, watcher = watched
    watcher._files |= {root / "parts" / "one.py", root / "parts" / "deep" / "two.py"}

    (root / "parts" / "deep").mkdir(parents=True)
    (root / "parts" / "one.py").write_text("new = True\n")
    await watcher.quiet()
    (root / "parts" / "deep" / "two.py").write_text("new = True\n")

    assert await watcher.quiet() == [{root / "parts" / "deep" / "two.py"}]


async def test_an_empty_file_waits_for_its_content(watched: tuple[Path, Watcher]) -> None:
    root, watcher = watched

    with (root / "app.py").open("w") as file:
        await asyncio.sleep(0.02)
        file.write("version = 1\n")

    assert await watcher.quiet() == [{root / "app.py"}]


async def test_declared_extras_are_part_of_the_app(watched: tuple[Path, Watcher]) -> None:
    root, watcher = watched
    (root / "prompts").mkdir()
    (root / "build").mkdir()
    (root / "prompts" / "old.txt").write_text("was there before it was declared")
    watcher.sources = Sources(PYTHON.suffixes, PYTHON.always, extras=("prompts", "build/*.json"))
    assert [*await watcher.quiet(), *await watcher.quiet()] == []

    (root / "prompts" / "hello.txt").write_text("Hello!")
    (root / "build" / "words.json").write_text("[]")
    (root / "build" / "other.txt").write_text("")

    assert await watcher.quiet() == [{root / "prompts" / "hello.txt", root / "build" / "words.json"}]


async def test_what_the_system_cannot_watch_is_looked_at_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app.py").write_text("version = 0\n")
    (tmp_path / "beacon.py").write_text("")

    def awatch(*_: Path, **__: Any) -> None:
        raise OSError("OS file watch limit reached.")

    monkeypatch.setattr(watchfiles, "awatch", awatch)
    watcher = Watcher(tmp_path, {tmp_path / "app.py"})
    await watcher.ready()
    (tmp_path / "app.py").write_text("version = 1\n")

    assert await watcher.quiet() == [{tmp_path / "app.py"}]
    assert watcher.cannot == ["The system cannot watch these files: OS file watch limit reached."]
    await watcher.close()


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/opt/app", ""),
        ("/mnt/c/work", "9p"),
        ("/mnt/c", "9p"),
        ("/mnt/cd", ""),
        ("/srv/my app", "nfs4"),
        ("/remote/x", "fuse.sshfs"),
    ],
)
def test_file_systems_that_do_not_tell_of_changes_are_known(tmp_path: Path, folder: str, kind: str) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
        "40 22 0:35 / /mnt/c rw,noatime - 9p C:\\134 rw,dirsync\n"
        "41 22 0:36 / /srv/my\\040app rw shared:2 - nfs4 server:/app rw\n"
        "42 22 0:37 / /remote rw - fuse.sshfs me@there: rw\n"
    )

    reason = why_polling(Path(folder), mounts)

    assert (f"({kind})" in reason) if kind else reason == ""


def test_without_a_list_of_mounts_the_system_is_believed(tmp_path: Path) -> None:
    assert why_polling(tmp_path, tmp_path / "missing") == ""
