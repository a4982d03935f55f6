"""Video of the virtual glasses: what apps stream with them, and what the cloud tells the apps of it.

The rules, which are those of the cloud of December 2025:

* One video to a server of an app's choice at a time, of whichever app. A new one ends the one before.
* A managed video is shared by the apps that ask for it, and ends when the last of them has stopped it. It is refused
  while there is a video of the first kind, and the other way round (the latter *unverified*).
* The cloud says "initializing" by itself; everything else is what the glasses report, in fewer words.
* Glasses that cannot stream report nothing.

An app that is stopped loses its videos here at once; whether it does so there is not known.

Source: MentraOS cloud/packages/cloud/src/services/streaming (Dec 2025); docs/protocol.md, Video.
"""

import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from mentra.localcloud.app_run import AppRun
from mentra.localcloud.refusals import refuse_if_cloud_would
from mentra.localcloud.user import User
from mentra.protocol.app_to_cloud import (
    ManagedStreamRequest,
    ManagedStreamStop,
    RtmpStreamRequest,
    RtmpStreamStop,
    StreamStatusCheck,
)
from mentra.protocol.base import iso_timestamp
from mentra.protocol.cloud_to_app import (
    ExistingStream,
    ManagedStreamStatus,
    RtmpStreamStatus,
    StreamOutput,
    StreamStatus,
    StreamStatusReply,
    VideoStatistics,
)
from mentra.protocol.connection import RefusalCode, session_id_of

_DIGITS = string.digits + string.ascii_lowercase
_MANAGED_HOST = "https://video.example.com"

# What the cloud makes of the words of the glasses; what is not here, too, is "stopped".
_TOLD_AS = {
    "initializing": "initializing",
    "connecting": "initializing",
    "reconnecting": "initializing",
    "streaming": "active",
    "reconnected": "active",
    "active": "active",
    "stopping": "stopping",
    "timeout": "timeout",
}
_OVER = ("stopped", "timeout")


@dataclass(slots=True, kw_only=True)
class StreamedVideo:
    """A video that the glasses stream."""

    package_name: str
    """The app that asked for it; of a managed one, the first."""
    stream_id: str
    url: str
    """Where it goes; of a managed one, where it can be watched with HLS."""
    is_managed: bool
    status: str
    """As the apps were told last."""
    request: RtmpStreamRequest | ManagedStreamRequest
    created_at: str
    viewers: list[AppRun] = field(default_factory=list[AppRun], repr=False)
    """The apps that hear of it."""


class VirtualVideo:
    """Streams what the glasses see.

    Attributes:
        current: The video that is streamed now; ``None`` if there is none.
        reports: Whether the glasses say by themselves that a video begins and ends. Without it, see ``report``.
    """

    def __init__(self, user: User, now: Callable[[], datetime]) -> None:
        self.current: StreamedVideo | None = None
        self.reports = True
        self._user = user
        self._now = now
        user.answers(RtmpStreamRequest, self._start)
        user.answers(RtmpStreamStop, self._stop)
        user.answers(ManagedStreamRequest, self._start_managed)
        user.answers(ManagedStreamStop, self._stop_managed)
        user.answers(StreamStatusCheck, self._check)
        user.when_stopped(self._app_stopped)

    def report(self, status: str, *, error_details: str | None = None, stats: VideoStatistics | None = None) -> None:
        """Let the glasses report how the current video does; nothing happens without one.

        Args:
            status: In the words of the glasses: ``"streaming"``, ``"reconnecting"``, ``"error"``, ``"timeout"``, ...
            error_details: For people; managed videos have it as ``message``.
            stats: Statistics. Managed videos have none.
        """
        video = self.current
        if video is None:
            return
        told = _TOLD_AS.get(status, "stopped")
        if told in _OVER:
            self.current = None
        if isinstance(video.request, RtmpStreamRequest):
            self._tell(video, told, error_details=error_details, stats=stats)
        else:
            self._tell_managed(video, "stopped" if told == "timeout" else told, error_details)

    def _start(self, run: AppRun, request: RtmpStreamRequest) -> None:
        if refuse_if_cloud_would(self._user, run, asked="stream", to="start video streams", needs_wifi=True):
            return
        if urlsplit(request.rtmp_url).scheme not in ("rtmp", "rtmps"):
            run.refuse(RefusalCode.INTERNAL_ERROR, "Invalid RTMP URL")
            return
        if self.current is not None and self.current.is_managed:
            run.refuse(RefusalCode.INTERNAL_ERROR, "Cannot start unmanaged stream - managed stream already active")
            return
        self.report("stopped")  # The one before, if there is one.
        video = self.current = self._new(run, request, request.rtmp_url)
        self._tell(video, "initializing")
        if self._streams_by_itself():
            self.report("initializing")
            self.report("streaming")

    def _stop(self, run: AppRun, request: RtmpStreamStop) -> None:
        video = self.current
        if video is None or video.is_managed or run not in video.viewers:
            return
        if request.stream_id in (None, video.stream_id) and self.reports:
            self.report("stopped")

    def _start_managed(self, run: AppRun, request: ManagedStreamRequest) -> None:
        if refuse_if_cloud_would(self._user, run, asked="stream", to="start managed streams", needs_wifi=True):
            return
        if self.current is not None and not self.current.is_managed:
            run.refuse(RefusalCode.INTERNAL_ERROR, "Cannot start managed stream - unmanaged stream already active")
            return
        if self.current is not None:
            if run not in self.current.viewers:
                self.current.viewers.append(run)
            self._tell_managed(self.current, self.current.status, only=run)
            return
        video = self.current = self._new(run, request, "")
        video.url = f"{_MANAGED_HOST}/{video.stream_id}/manifest/video.m3u8"
        self._tell_managed(video, "initializing", "Waiting for stream to start...")
        if self._streams_by_itself():
            self.report("streaming", error_details="Stream is now live")

    def _stop_managed(self, run: AppRun, _: ManagedStreamStop) -> None:
        video = self.current
        if video is None or not video.is_managed or run not in video.viewers or not self.reports:
            return
        if video.viewers == [run]:
            self.report("stopped")
        else:
            self._tell_managed(video, "stopped", only=run)
            video.viewers.remove(run)

    def _check(self, run: AppRun, _: StreamStatusCheck) -> None:
        video = self.current
        if video is None:
            run.send(StreamStatusReply(has_active_stream=False))
            return
        common = ExistingStream(
            type="managed" if video.is_managed else "unmanaged",
            stream_id=video.stream_id,
            status="active" if video.is_managed else video.status,
            created_at=video.created_at,
        )
        if isinstance(video.request, ManagedStreamRequest):
            urls = _managed_urls(video, video.request)
            info = msgspec.structs.replace(common, **urls, active_viewers=len(video.viewers))
        else:
            info = msgspec.structs.replace(common, rtmp_url=video.url, requesting_app_id=video.package_name)
        run.send(StreamStatusReply(has_active_stream=True, stream_info=info))

    def _app_stopped(self, run: AppRun) -> None:
        video = self.current
        if video is not None and run in video.viewers:
            video.viewers.remove(run)
            if not video.viewers:
                self.current = None

    def _new(self, run: AppRun, request: RtmpStreamRequest | ManagedStreamRequest, url: str) -> StreamedVideo:
        now = self._now()
        return StreamedVideo(
            package_name=run.package_name,
            stream_id=_stream_id(now),
            url=url,
            is_managed=isinstance(request, ManagedStreamRequest),
            status="initializing",
            request=request,
            created_at=iso_timestamp(now),
            viewers=[run],
        )

    def _streams_by_itself(self) -> bool:
        capabilities = self._user.capabilities
        if capabilities is None:
            return self.reports
        video = capabilities.camera.video if capabilities.camera else None
        return self.reports and video is not None and video.can_stream

    def _tell(
        self,
        video: StreamedVideo,
        status: str,
        *,
        error_details: str | None = None,
        stats: VideoStatistics | None = None,
    ) -> None:
        video.status = status
        run = video.viewers[0]
        told = RtmpStreamStatus(
            session_id=session_id_of(self._user.user_id, run.package_name),
            stream_id=video.stream_id,
            status=status,
            error_details=error_details,
            stats=stats,
            app_id=run.package_name,
            timestamp=self._user.timestamp(),
        )
        copies: list[RtmpStreamStatus | StreamStatus] = [told]
        if self._user.generation == 3:
            copies.insert(0, StreamStatus(**msgspec.structs.asdict(told)))
        for copy in copies:
            run.send(copy)
        for copy in copies:  # To those who subscribed to it, as an event.
            self._user.deliver(str(copy.__struct_config__.tag), msgspec.to_builtins(copy))

    def _tell_managed(
        self, video: StreamedVideo, status: str, message: str | None = None, *, only: AppRun | None = None
    ) -> None:
        assert isinstance(video.request, ManagedStreamRequest), "only managed videos are told of here"  # noqa: S101
        urls = _managed_urls(video, video.request)
        if status != "active":
            urls = {name: url for name, url in urls.items() if name not in ("preview_url", "thumbnail_url")}
        destinations = video.request.restream_destinations
        outputs = [StreamOutput(url=each.url, name=each.name, status=status) for each in destinations or []]
        told = ManagedStreamStatus(
            status=status,
            stream_id=video.stream_id,
            message=message,
            outputs=outputs if destinations and status in ("active", "stopped") else None,
            **urls,
        )
        if only is None:
            video.status = status
        for run in [only] if only else list(video.viewers):
            run.send(told)


def _managed_urls(video: StreamedVideo, request: ManagedStreamRequest) -> dict[str, Any]:
    base = f"{_MANAGED_HOST}/{video.stream_id}"
    urls = {
        "hls_url": f"{base}/manifest/video.m3u8",
        "dash_url": f"{base}/manifest/video.mpd",
        "preview_url": f"{base}/iframe?autoplay=true&muted=true&controls=true",
        "thumbnail_url": f"{base}/thumbnails/thumbnail.jpg",
    }
    return {**urls, "webrtc_url": f"{base}/webRTC/play"} if request.enable_webrtc else urls


def _stream_id(now: datetime) -> str:
    """Return an id as the cloud makes it: the end of the clock, and four more digits, all in base 36."""
    clock = int(now.timestamp() * 1000)
    digits = ""
    for _ in range(6):
        clock, digit = divmod(clock, 36)
        digits = _DIGITS[digit] + digits
    return f"s{digits}" + "".join(secrets.choice(_DIGITS) for _ in range(4))
