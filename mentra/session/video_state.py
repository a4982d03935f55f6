"""What is known of one video, from its request to its end; ``mentra/session/video.py`` keeps and shows it.

Source: @mentra/sdk 2.1.29 dist/app/session/modules/camera; docs/protocol.md, Video.
"""

import asyncio
from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from mentra.protocol.cloud_to_app import ManagedStreamStatus, StreamOutput, StreamStatus, VideoStatistics

# What the cloud says, and the further words that the official SDK declares.
LIVE = frozenset({"active", "streaming", "reconnected"})
OVER = frozenset({"stopped", "error", "timeout", "disconnected", "reconnect_failed"})

S = TypeVar("S", StreamStatus, ManagedStreamStatus)


class VideoState(ABC, Generic[S]):
    """What is known of one video, from its request to its end."""

    def __init__(self) -> None:
        self.stream_id: str | None = None
        self.status = "initializing"
        self.over = asyncio.Event()

    @property
    def is_live(self) -> bool:
        """Whether it is being streamed now, as far as the cloud has said."""
        return self.status in LIVE and not self.over.is_set()

    @abstractmethod
    def is_ready(self) -> bool:
        """Return whether the start is complete."""

    @abstractmethod
    def may_end_with(self, status: S) -> bool:
        """Return whether a last status, of an id that is not known, can mean this video, whose id is not known."""

    def update(self, status: S) -> None:
        """Take over what a status says of this video."""
        self.status = status.status
        self.stream_id = status.stream_id or self.stream_id

    def is_meant(self, status: S, before: str | None) -> bool:
        """Return whether a status is about this video.

        Args:
            before: The id of the video before it.
        """
        if status.stream_id is None or status.stream_id == self.stream_id:
            return True
        if self.stream_id is not None or status.stream_id == before:
            return False
        # Its first status, unless that is the last one of a video that it replaced.
        return status.status not in (*OVER, "stopping") or self.may_end_with(status)


class RtmpState(VideoState[StreamStatus]):
    """What is known of a video to the developer's own server."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.stats: VideoStatistics | None = None

    def is_ready(self) -> bool:
        """Return whether the glasses stream."""
        return self.is_live

    def may_end_with(self, status: StreamStatus) -> bool:
        """Return that it cannot."""
        return False  # The cloud says "initializing" of every new one at once.

    def update(self, status: StreamStatus) -> None:
        """Take over the statistics, too, if there are any."""
        super().update(status)
        self.stats = status.stats or self.stats


class ManagedState(VideoState[ManagedStreamStatus]):
    """What is known of a managed video."""

    def __init__(self) -> None:
        super().__init__()
        self.hls_url = ""
        self.dash_url = ""
        self.webrtc_url: str | None = None
        self.preview_url: str | None = None
        self.thumbnail_url: str | None = None
        self.outputs: tuple[StreamOutput, ...] = ()

    def is_ready(self) -> bool:
        """Return whether it can be watched."""
        return self.is_live and bool(self.hls_url and self.dash_url)

    def may_end_with(self, status: ManagedStreamStatus) -> bool:
        """Return that it can: the first word on a managed video may be that it failed."""
        return True

    def update(self, status: ManagedStreamStatus) -> None:
        """Take over the addresses and the destinations, too, as far as there are any."""
        super().update(status)
        # Not every status repeats every URL (docs/protocol.md, Video).
        self.hls_url = status.hls_url or self.hls_url
        self.dash_url = status.dash_url or self.dash_url
        self.webrtc_url = status.webrtc_url or self.webrtc_url
        self.preview_url = status.preview_url or self.preview_url
        self.thumbnail_url = status.thumbnail_url or self.thumbnail_url
        if status.outputs is not None:
            self.outputs = tuple(status.outputs)
