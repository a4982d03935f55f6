"""Video of the virtual glasses: what apps stream with them, and what the cloud tells the apps of it.

The rules, which are those of the cloud of December 2025:

* One video to a server of an app's choice at a time, of whichever app. A new one ends the one before, a managed one as
  well.
* A managed video is shared by the apps that ask for it, and ends when the last of them has stopped it. It is refused
  while there is a video of the first kind.
* The cloud says "initializing" by itself, and "stopped" when an app asks for it; everything else is what the glasses
  report, in fewer words. Glasses that cannot stream report nothing.
* That a managed video can be watched the cloud finds out by asking every two seconds, for a minute.
* Glasses that do not answer three questions of the cloud in a row have stopped. Of a video of the first kind it asks
  only while it is active.
* An app that is stopped keeps its videos.

Source: MentraOS cloud/packages/cloud/src/services/session/UnmanagedStreamingExtension.ts,
services/streaming/ManagedStreamingExtension.ts (Dec 2025); docs/protocol.md, Video.
"""

import asyncio
import secrets
import string
from collections.abc import Callable
from datetime import datetime

import msgspec

from mentra.localcloud.app_run import AppRun
from mentra.localcloud.phone.keep_alive import KeepAlive
from mentra.localcloud.phone.streamed_video import ManagedVideo, StreamedVideo, watch_url
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
    RtmpStreamStatus,
    StreamStatus,
    StreamStatusReply,
    VideoStatistics,
)
from mentra.protocol.connection import RefusalCode, session_id_of

_DIGITS = string.digits + string.ascii_lowercase

LOOKS_S = 2.0
"""How often the cloud looks whether a managed video can be watched,"""
LOOKS_FOR_S = 60.0
"""and for how long."""

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

# The same for a managed video, where everything else is "active".
_TOLD_OF_MANAGED_AS = {
    "initializing": "initializing",
    "connecting": "initializing",
    "stopping": "stopping",
    "stopped": "stopped",
    "error": "error",
}
_MANAGED_OVER = ("stopped", "error")


class VirtualVideo:
    """Streams what the glasses see.

    Attributes:
        current: The video that is streamed now; ``None`` if there is none.
        reports: Whether the glasses say by themselves that a video begins. Without it, see ``report``.
        answers: Whether the glasses answer when the cloud asks if they still stream. They never do while they are not
            connected to the phone.
    """

    def __init__(self, user: User, now: Callable[[], datetime]) -> None:
        self.current: StreamedVideo | None = None
        self.reports = True
        self.answers = True
        self._user = user
        self._now = now
        self._keep_alive = KeepAlive(
            may_ask=lambda: self._user.phone_online,
            is_answered=lambda: self.answers and self._user.device_state.connected is not False,
            when_gone=self._gone,
        )
        user.answers(RtmpStreamRequest, self._start)
        user.answers(RtmpStreamStop, self._stop)
        user.answers(ManagedStreamRequest, self._start_managed)
        user.answers(ManagedStreamStop, self._stop_managed)
        user.answers(StreamStatusCheck, self._check)
        user.when_over(self._forget)

    def report(self, status: str, *, error_details: str | None = None, stats: VideoStatistics | None = None) -> None:
        """Let the glasses report how the current video does; nothing happens without one, or without the phone.

        Args:
            status: In the words of the glasses: ``"streaming"``, ``"reconnecting"``, ``"error"``, ``"timeout"``, ...
            error_details: For people. The cloud passes it on with the error of a managed video only, as ``message``;
                here it is passed on always.
            stats: Statistics. The cloud keeps them to itself; here they are passed on, but for managed videos.
        """
        video = self.current
        if video is None or not self._user.phone_online:
            return
        self._keep_alive.heard()
        if isinstance(video, ManagedVideo):
            self._managed_reported(video, status, error_details)
        else:
            told = _TOLD_AS.get(status, "stopped")
            self._tell(video, told, error_details=error_details, stats=stats)
            if told == "active":
                self._keep_alive.watch()
            else:
                self._keep_alive.rest()

    # To a server of the app's choice.

    def _start(self, run: AppRun, request: RtmpStreamRequest) -> None:
        if refuse_if_cloud_would(self._user, run, asked="stream", to="to start video streams", needs_wifi=True):
            return
        if problem := self._problem(request.rtmp_url):
            run.refuse(RefusalCode.INTERNAL_ERROR, problem)
            return
        before = self.current
        if isinstance(before, ManagedVideo):
            for viewer in list(before.viewers):
                self._end_for(before, viewer)
        elif before is not None and before.status in ("initializing", "active"):
            self._tell(before, "stopped")
        self._keep_alive.rest()
        video = self.current = StreamedVideo(
            package_name=run.package_name,
            stream_id=_stream_id("s", self._now()),
            url=request.rtmp_url,
            is_managed=False,
            status="initializing",
            request=request,
            created_at=iso_timestamp(self._now()),
            viewers=[run],
        )
        self._tell(video, "initializing")
        self._user.to_phone(self._film)

    def _problem(self, url: str) -> str | None:
        if self._user.generation == 3:  # SRT and WHIP are fine.
            return None if url else "Invalid stream URL: streamUrl is required"
        return None if url.startswith(("rtmp://", "rtmps://")) else "Invalid RTMP URL"

    def _stop(self, run: AppRun, request: RtmpStreamStop) -> None:
        video = self.current
        if video is None or video.is_managed:
            return
        if video.package_name == run.package_name:
            if not request.stream_id or request.stream_id == video.stream_id:
                self._tell(video, "stopped")
        elif request.stream_id == video.stream_id:
            owner = f"{video.stream_id} owned by {video.package_name}"
            run.refuse(RefusalCode.INTERNAL_ERROR, f"App {run.package_name} cannot stop stream {owner}")

    def _tell(
        self,
        video: StreamedVideo,
        status: str,
        *,
        error_details: str | None = None,
        stats: VideoStatistics | None = None,
    ) -> None:
        """Tell the app where its video stands, and forget one that is over."""
        if status in _OVER:
            self._forget()
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
            self._user.events.deliver(str(copy.__struct_config__.tag), msgspec.to_builtins(copy))

    # Managed.

    def _start_managed(self, run: AppRun, request: ManagedStreamRequest) -> None:
        to = "for managed streams" if self._user.generation == 3 else "to start managed streams"
        if refuse_if_cloud_would(self._user, run, asked="stream", to=to, needs_wifi=True):
            return
        video = self.current
        if isinstance(video, ManagedVideo):
            self._join(video, run)
        elif video is not None:
            run.refuse(RefusalCode.INTERNAL_ERROR, "Cannot start managed stream - unmanaged stream already active")
        else:
            self._begin_managed(run, request)

    def _join(self, video: ManagedVideo, run: AppRun) -> None:
        if run not in video.viewers:
            video.viewers.append(run)
        video.tell(run, "active")
        self._keep_alive.heard()
        self._keep_alive.watch()

    def _begin_managed(self, run: AppRun, request: ManagedStreamRequest) -> None:
        stream_id = _stream_id("m", self._now())
        video = self.current = ManagedVideo(
            package_name=run.package_name,
            stream_id=stream_id,
            url=watch_url(stream_id),
            is_managed=True,
            status="initializing",
            request=request,
            created_at=iso_timestamp(self._now()),
            viewers=[run],
            run_of=self._user.run_of,
        )
        for destination in request.restream_destinations or []:
            video.add_output(destination.url, name=None, added_by=run.package_name)
        self._user.managed_videos[stream_id] = video
        self._keep_alive.watch()
        video.tell_all("initializing", "Waiting for stream to start...")
        self._user.spawn(self._look(video))
        self._user.to_phone(self._film)

    async def _look(self, video: ManagedVideo) -> None:
        for _ in range(round(LOOKS_FOR_S / LOOKS_S)):
            await asyncio.sleep(LOOKS_S)
            if self.current is not video:
                return
            if video.is_filmed:
                video.tell_all("active", "Stream is now live", with_previews=True)
                return

    def _managed_reported(self, video: ManagedVideo, status: str, error_details: str | None) -> None:
        told = _TOLD_OF_MANAGED_AS.get(status, "active")
        video.is_filmed = status in ("streaming", "active", "reconnected")
        message = (error_details or "Stream error reported by glasses") if told == "error" else None
        video.tell_all(told, message)
        if told in _MANAGED_OVER:
            self._forget()
        elif told == "active":
            self._keep_alive.watch()
        elif told == "stopping":
            self._keep_alive.rest()

    def _stop_managed(self, run: AppRun, _: ManagedStreamStop) -> None:
        if isinstance(self.current, ManagedVideo):
            self._end_for(self.current, run)

    def _end_for(self, video: ManagedVideo, run: AppRun) -> None:
        """End a managed video as far as one app is concerned; one that never watched it is told as well."""
        if run in video.viewers:
            video.viewers.remove(run)
        video.tell(run, "stopped")
        if not video.viewers:
            self._forget()

    # Both.

    def _check(self, run: AppRun, _: StreamStatusCheck) -> None:
        video = self.current
        if video is None:
            run.reply(StreamStatusReply(has_active_stream=False))
            return
        common = ExistingStream(
            type="managed" if video.is_managed else "unmanaged",
            stream_id=video.stream_id,
            status="active",  # Whatever it is.
            created_at=video.created_at,
        )
        if isinstance(video, ManagedVideo):
            info = msgspec.structs.replace(
                common,
                hls_url=video.url,
                dash_url=video.dash_url,
                webrtc_url=video.webrtc_url,
                preview_url=video.preview_url,
                thumbnail_url=video.thumbnail_url,
                active_viewers=len(video.viewers),
            )
        else:
            where = {"stream_url" if self._user.generation == 3 else "rtmp_url": video.url}
            info = msgspec.structs.replace(common, **where, requesting_app_id=video.package_name)
        run.reply(StreamStatusReply(has_active_stream=True, stream_info=info))

    def _film(self) -> None:
        """Have the glasses begin, and say so."""
        if self._streams_by_itself():
            self.report("initializing")
            self.report("streaming")

    def _streams_by_itself(self) -> bool:
        capabilities = self._user.capabilities
        if capabilities is None:
            return self.reports
        video = capabilities.camera.video if capabilities.camera else None
        return self.reports and video is not None and video.can_stream

    def _gone(self) -> None:
        """Learn that the glasses answer no more."""
        video = self.current
        if isinstance(video, ManagedVideo):
            video.tell_all("error", "Stream timed out waiting for keep-alive")
            self._forget()
        elif video is not None:
            self._tell(video, "timeout")

    def _forget(self) -> None:
        """Have no video any more."""
        video, self.current = self.current, None
        self._keep_alive.rest()
        if video is not None:
            self._user.managed_videos.pop(video.stream_id, None)


def _stream_id(letter: str, now: datetime) -> str:
    """Return an id as the cloud makes it: a letter, the end of the clock, and four more digits, all in base 36."""
    clock = int(now.timestamp() * 1000)
    digits = ""
    for _ in range(6):
        clock, digit = divmod(clock, 36)
        digits = _DIGITS[digit] + digits
    return letter + digits + "".join(secrets.choice(_DIGITS) for _ in range(4))
