"""How other commands find the ``mentra dev`` of a project: a file in the project, readable by its owner only.

The folder ignores itself with a ``.gitignore`` of its own. It is not ``.mentra``, which the official tools use.
"""

import contextlib
import os
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from mentra.transport.base import is_loopback

FOLDER = ".mentra-dev"
NAME = "dev.json"


class DevState(msgspec.Struct, frozen=True, kw_only=True):
    """What a running ``mentra dev`` or ``mentra cloud`` tells others on this machine."""

    version: int = 1
    command: str = "mentra dev"
    """What runs: ``"mentra dev"`` or ``"mentra cloud"``."""
    pid: int
    port: int
    """The public port; of ``mentra cloud`` that of the cloud."""
    control_url: str
    cloud_url: str
    """Where the cloud's REST interface is reached from this machine."""
    token: str
    """Proves to the control interface that the caller could read this file."""


def write(root: Path, state: DevState) -> None:
    """Leave the file for others to find."""
    folder = root / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    # Never through a link that somebody has laid there: in a folder that all may write to, it could point anywhere.
    with contextlib.suppress(FileExistsError), (folder / ".gitignore").open("x", encoding="utf-8") as ignoring:
        ignoring.write("*\n")
    file = folder / NAME
    with contextlib.suppress(FileNotFoundError):
        file.unlink()
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(msgspec.json.encode(state))


def remove(root: Path) -> None:
    """Take the file away again, if it is this process's."""
    state = read(root)
    if state is not None and state.pid == os.getpid():
        with contextlib.suppress(FileNotFoundError):
            (root / FOLDER / NAME).unlink()


def read(root: Path) -> DevState | None:
    """Return what the ``mentra dev`` of a project left; ``None`` when there is none that can be read and believed."""
    try:
        with (root / FOLDER / NAME).open("rb") as file:
            owner = os.fstat(file.fileno()).st_uid
            state = msgspec.json.decode(file.read(), type=DevState)
    except (OSError, msgspec.DecodeError):
        return None
    # Somebody else's file, in a folder above ours that all may write to, could name any address.
    ours = not hasattr(os, "getuid") or owner == os.getuid()
    return state if ours and is_loopback(urlsplit(state.control_url).hostname) else None


def find(folder: Path) -> DevState | None:
    """Return the nearest one, in a folder or above it."""
    for candidate in (folder, *folder.parents):
        if (state := read(candidate)) is not None:
            return state
    return None
