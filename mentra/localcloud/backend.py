"""What the users of one local cloud share."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from mentra.localcloud.app_http import AppHttp
from mentra.localcloud.catalogue import Catalogue
from mentra.localcloud.history import History
from mentra.localcloud.phone.sound_relays import SoundRelays
from mentra.localcloud.phone.streamed_video import ManagedVideo
from mentra.localcloud.rest.web_tokens import WebTokens
from mentra.localcloud.storage import AppSettings, SimpleStorage

_logger = logging.getLogger(__name__)


class Tasks:
    """Work in the background; none of it outlives ``cancel``."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a task."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    async def cancel(self) -> None:
        """Cancel everything that still runs, and wait until it is over."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _logger.error("A task of the local cloud failed.", exc_info=error)


@dataclass(slots=True, kw_only=True)
class Backend:
    """The parts of a local cloud that do not belong to one user."""

    http: AppHttp
    now: Callable[[], datetime]
    catalogue: Catalogue = field(default_factory=Catalogue)
    app_settings: AppSettings = field(default_factory=AppSettings)
    tasks: Tasks = field(default_factory=Tasks)
    generation: Literal[2, 3] = 2
    """2 for the cloud of December 2025, 3 for that of June 2026."""
    faithful: bool = False
    """Whether it also has the waits and limits of pace that only cost time."""
    history: History = field(default_factory=History)
    """What is remembered for those who look afterwards."""
    running_apps: dict[str, dict[str, None]] = field(default_factory=dict[str, dict[str, None]])
    """The apps that each user has running, in the order of their starts: they are started again when the user comes
    back, also to a cloud that was restarted."""
    managed_videos: dict[str, ManagedVideo] = field(default_factory=dict[str, ManagedVideo])
    """Those that are streamed now, by the id of the stream."""
    sound_relays: SoundRelays = field(default_factory=SoundRelays)
    websocket_url: str = ""
    """Where apps connect; known once the cloud is open."""
    storage: SimpleStorage = field(init=False)
    web_tokens: WebTokens = field(init=False)

    def __post_init__(self) -> None:
        """Make what depends on other parts."""
        self.storage = SimpleStorage(limited=self.generation == 3)
        self.web_tokens = WebTokens(self.catalogue, self.now, generation=self.generation)
