"""Video of one session: streams to a server of the app's choice, and managed ones, which the cloud hands on.

The rules, for either kind:

* At most one video at a time, of one kind or the other. It is current from the request to the status that ends it, to
  a failed start, or to a stop that nobody answered: there is no way to be streaming for ever.
* A start that fails, or is given up, takes its request back, so that no camera runs that nobody knows of.
* The same status may come several times under two names. Handlers get changes only.
* A status of another video, such as the end of one that this request replaced, ends nothing here.

What is known of one video: ``mentra/session/video_state.py``.

Source: @mentra/sdk 2.1.29 dist/app/session/modules/camera; docs/protocol.md, Video.
"""

import contextlib
import itertools
from abc import ABC, abstractmethod
from collections.abc import Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Self, TypeVar

import msgspec

from mentra.errors import MentraError, PermissionDenied, RequestFailed, RequestTimeout, StreamError
from mentra.protocol.app_to_cloud import (
    AppMessage,
    ManagedStreamRequest,
    ManagedStreamStop,
    RtmpStreamRequest,
    RtmpStreamStop,
    StreamStatusCheck,
)
from mentra.protocol.cloud_to_app import (
    ExistingStream,
    ManagedStreamStatus,
    RtmpStreamStatus,
    StreamOutput,
    StreamStatus,
    StreamStatusReply,
    VideoStatistics,
)
from mentra.session.core import SessionCore
from mentra.session.router import Router
from mentra.session.video_state import OVER, ManagedState, RtmpState, S, VideoState
from mentra.wrong_names import unknown_name

ALREADY_STREAMING = "ALREADY_STREAMING"
STATUSES = "stream_status"
"""The name under which handlers listen."""

_ABOUT_START = ("stream", "rtmp", "wifi")
"""Words of all refusals of video (docs/protocol.md, Refusals)."""
_ABOUT_STOP = ("stop stream",)
_IN_PASSING = ("session_id", "app_id", "timestamp")
"""Fields in which two copies of one status may differ."""

T = TypeVar("T", bound=VideoState[Any])
V = TypeVar("V", bound="_Video[Any]")


class _Video(Generic[T]):
    def __init__(self, keeper: "VideoKeeper[Any, T, Any]", state: T) -> None:
        self._keeper = keeper
        self._state = state

    @property
    def stream_id(self) -> str | None:
        """The cloud's name for it; ``None`` until the cloud has said it."""
        return self._state.stream_id

    @property
    def status(self) -> str:
        """The last one that the cloud sent; see ``StreamStatus`` and ``ManagedStreamStatus``."""
        return self._state.status

    @property
    def is_live(self) -> bool:
        """Whether it is being streamed now, as far as the cloud has said."""
        return self._state.is_live

    async def stop(self, *, timeout: float | None = 10.0) -> None:
        """End the video, and wait until it has ended. Nothing happens when it has.

        Args:
            timeout: Seconds. If the end is not confirmed in time, it counts as ended all the same.

        Raises:
            RequestTimeout: Nobody confirmed the end; the glasses may be streaming still.
            NotConnected: The connection to the cloud is lost, and did not come back in time. Nothing was sent.
            StreamError: The cloud refused. The video goes on.
        """
        if not self._state.over.is_set():
            await self._keeper.stop(self._state, timeout)

    async def wait_stopped(self) -> str:
        """Wait until the video has ended, for whatever reason, or the session has; return the last status."""
        await self._state.over.wait()
        return self._state.status

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.stop()
        except MentraError as problem:
            # It would hide what the block raised, and the end of the session is one way to leave it.
            self._keeper.logger.warning("A video may go on: %s", problem)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.stream_id} {self.status}>"

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise unknown_name(self, name, dir(type(self)), moved=_MOVED)


class VideoStream(_Video[RtmpState]):
    """A video to your own server. As a context manager it stops at the end of the block."""

    @property
    def url(self) -> str:
        """Where it goes."""
        return self._state.url

    @property
    def stats(self) -> VideoStatistics | None:
        """How it does, as the glasses last said; ``None`` while they have not."""
        return self._state.stats


class ManagedStream(_Video[ManagedState]):
    """A video that the cloud hands on to whoever watches. As a context manager it stops at the end of the block."""

    @property
    def hls_url(self) -> str:
        """For players of HLS; empty while the video is being started."""
        return self._state.hls_url

    @property
    def dash_url(self) -> str:
        """For players of DASH; empty while the video is being started."""
        return self._state.dash_url

    @property
    def webrtc_url(self) -> str | None:
        """With the shortest delay; ``None`` unless it was asked for."""
        return self._state.webrtc_url

    @property
    def preview_url(self) -> str | None:
        """A page with a player; ``None`` while the cloud has not said."""
        return self._state.preview_url

    @property
    def thumbnail_url(self) -> str | None:
        """A picture of the video; ``None`` while the cloud has not said."""
        return self._state.thumbnail_url

    @property
    def outputs(self) -> tuple[StreamOutput, ...]:
        """How the further destinations do, as the cloud last said."""
        return self._state.outputs


class VideoKeeper(ABC, Generic[V, T, S]):
    """The current video of one kind, and who hears of it."""

    what: str
    """What messages call it."""

    def __init__(self, core: SessionCore) -> None:
        self.logger = core.logger
        self._core = core
        self._current: tuple[V, T] | None = None
        self._handlers: Router | None = None
        self._last: S | None = None
        self._before: str | None = None
        """The id of the video before."""
        self._stops = itertools.count(1)
        self._stopping: list[str] = []
        core.before_close(self._session_over)

    @property
    def current(self) -> V | None:
        """The video, from its request to its end."""
        return self._current[0] if self._current else None

    @property
    def handlers(self) -> Router:
        """Who hears of changes. Not the session's router: these come without a subscription, and once."""
        if self._handlers is None:
            self._handlers = Router(_nothing, self._core.tasks, self._core.logger, failed=self._core.failed)
            if self._core.stop_reason is not None:
                self._handlers.close()
        return self._handlers

    async def stop(self, state: T, timeout: float | None) -> None:
        """Ask for the end of a video, and wait for it."""
        key = f"stop {next(self._stops)} of {self.what}"
        what = f"The end of {self.what}"
        self._stopping.append(key)
        try:
            with stream_errors():
                await self._core.ask(self._stop_request(state), key, what=what, timeout=timeout, about=_ABOUT_STOP)
        except RequestTimeout:
            self._forget(state)
            raise
        finally:
            if key in self._stopping:
                self._stopping.remove(key)

    @abstractmethod
    def _stop_request(self, state: T) -> AppMessage:
        """Return what ends this video."""

    async def _start(self, video: V, state: T, request: AppMessage, *, timeout: float | None) -> V:
        """Ask for a video, and wait until it is there. There must be no current one."""
        self._current = video, state
        what = f"The start of {self.what}"
        try:
            with stream_errors():
                await self._core.ask(request, self._starting, what=what, timeout=timeout, about=_ABOUT_START)
        except BaseException as error:
            if self._is_current(state) and not isinstance(error, RequestFailed):
                self._take_back(state)
            self._forget(state)
            raise
        return video

    def _heard(self, status: S) -> None:
        if self._current is not None and (state := self._current[1]).is_meant(status, self._before):
            state.update(status)
            if status.status in OVER:
                self._ended(state, status)
            elif state.is_ready():
                self._core.requests.answer(self._starting, None)
        is_news = self._last is None or not _same(self._last, status)
        self._last = status
        if is_news and self._handlers is not None:
            self._handlers.deliver(STATUSES, status)

    def _ended(self, state: T, status: S) -> None:
        self._forget(state)
        details = status.error_details if isinstance(status, StreamStatus) else status.message
        message = f"{self.what[0].upper()}{self.what[1:]} did not start: {details or status.status}."
        self._core.requests.fail(self._starting, StreamError(message, code=status.status, details=details))
        for key in self._stopping:
            self._core.requests.answer(key, None)

    @property
    def _starting(self) -> str:
        return f"start of {self.what}"

    def _take_back(self, state: T) -> None:
        # Past the end of the session the core sends nothing more, but the socket may be open.
        self._core.link.send(self._stop_request(state))

    def _is_current(self, state: T) -> bool:
        return self._current is not None and self._current[1] is state

    def _forget(self, state: T) -> None:
        if self._is_current(state):
            self._current = None
            self._before = state.stream_id
        state.over.set()

    def _session_over(self) -> None:
        if self._current is not None:
            state = self._current[1]
            self._take_back(state)
            self._forget(state)
        if self._handlers is not None:
            self._handlers.close()


class RtmpKeeper(VideoKeeper[VideoStream, RtmpState, StreamStatus]):
    """Videos to the developer's own server."""

    what = "the video stream"

    def __init__(self, core: SessionCore) -> None:
        super().__init__(core)
        core.hears(StreamStatus, self._heard)
        core.hears(RtmpStreamStatus, lambda status: self._heard(StreamStatus(**msgspec.structs.asdict(status))))

    async def start(self, url: str, *, timeout: float | None, **options: Any) -> VideoStream:
        """Stream to this URL, and wait until it runs. There must be no current video."""
        request = RtmpStreamRequest(**self._core.envelope(), rtmp_url=url, **options)
        state = RtmpState(url)
        return await self._start(VideoStream(self, state), state, request, timeout=timeout)

    def _stop_request(self, state: RtmpState) -> AppMessage:
        return RtmpStreamStop(**self._core.envelope(), stream_id=state.stream_id)


class ManagedKeeper(VideoKeeper[ManagedStream, ManagedState, ManagedStreamStatus]):
    """Managed videos."""

    what = "the managed stream"

    def __init__(self, core: SessionCore) -> None:
        super().__init__(core)
        core.hears(ManagedStreamStatus, self._heard)

    async def start(self, *, timeout: float | None, **options: Any) -> ManagedStream:
        """Stream through the cloud, and wait until it can be watched. There must be no current video."""
        head = self._core.envelope()
        # Without the session id, as the official SDK sends it.
        request = ManagedStreamRequest(package_name=head["package_name"], timestamp=head["timestamp"], **options)
        state = ManagedState()
        return await self._start(ManagedStream(self, state), state, request, timeout=timeout)

    def _stop_request(self, state: ManagedState) -> AppMessage:
        return managed_stop(self._core)


class StreamChecks:
    """Questions whether the glasses stream video. The answers have no ids: they come in the order of the questions."""

    def __init__(self, core: SessionCore) -> None:
        self._core = core
        self._numbers = itertools.count(1)
        self._asked: list[str] = []
        core.hears(StreamStatusReply, self._answered)

    async def ask(self, timeout: float | None) -> ExistingStream | None:
        """Ask, and wait for the answer."""
        key = f"stream check {next(self._numbers)}"
        self._asked.append(key)
        try:
            with stream_errors():
                question = StreamStatusCheck(**self._core.envelope())
                reply: StreamStatusReply = await self._core.ask(
                    question, key, what="The answer about existing streams", timeout=timeout, about=_ABOUT_START
                )
        finally:
            if key in self._asked:
                self._asked.remove(key)
        return reply.stream_info if reply.has_active_stream else None

    def _answered(self, reply: StreamStatusReply) -> None:
        if self._asked:
            self._core.requests.answer(self._asked.pop(0), reply)


def managed_stop(core: SessionCore) -> ManagedStreamStop:
    """Return what ends the managed video of this app, whoever started it."""
    head = core.envelope()
    return ManagedStreamStop(package_name=head["package_name"], timestamp=head["timestamp"])


@contextlib.contextmanager
def stream_errors() -> Generator[None]:
    """Make a ``StreamError`` of a refusal that is about no permission."""
    try:
        yield
    except (StreamError, PermissionDenied):
        raise
    except RequestFailed as error:
        raise StreamError(str(error), code=error.code) from error


_MOVED = {
    "streamUrl": "url (of a stream to your own server) or hls_url (of a managed one)",
    "viewerUrl": "hls_url, or preview_url for a page with a player",
    "rtmpUrl": "url",
    "close": "stop()",
}


def _nothing() -> None:
    """Nobody has to be told that there are other handlers."""


def _same(one: StreamStatus | ManagedStreamStatus, other: StreamStatus | ManagedStreamStatus) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in one.__struct_fields__ if name not in _IN_PASSING)
