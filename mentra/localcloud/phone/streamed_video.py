"""A video that the glasses stream, as the cloud knows it, and whom it tells of it.

The rules of a managed one:

* It belongs to no app. Those that asked for it are its viewers, and are told of it.
* An app is not told twice in a row what is the same, but for the addresses of preview and thumbnail.
* Where else the cloud sends it are its outputs: those of the first request, without their names, and those that viewers
  add by REST. Their status is never looked up again: they are ``stopped`` for ever.

Source: MentraOS cloud/packages/cloud/src/services/streaming/ManagedStreamingExtension.ts (Dec 2025),
StreamRegistry.ts (2026); docs/protocol.md, Video.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from mentra.localcloud.app_run import AppRun
from mentra.protocol.app_to_cloud import ManagedStreamRequest, RtmpStreamRequest
from mentra.protocol.cloud_to_app import ManagedStreamStatus, StreamOutput

_HOST = "https://video.example.com"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Another server that the cloud sends a managed video to."""

    output_id: str
    url: str
    name: str | None
    added_by: str
    """The package name of the app."""


@dataclass(slots=True, kw_only=True)
class ManagedVideo(StreamedVideo):
    """A video that goes to the cloud, which gives addresses to watch it."""

    run_of: Callable[[str], AppRun | None] = field(repr=False)
    """The wearer's run of an app, whether it is a viewer or not."""
    outputs: list[Output] = field(default_factory=list[Output])
    is_filmed: bool = False
    """Whether the glasses said that they stream, and nothing else since."""
    _told: dict[str, ManagedStreamStatus] = field(default_factory=dict[str, ManagedStreamStatus], repr=False)

    def tell_all(self, status: str, message: str | None = None, *, with_previews: bool = False) -> None:
        """Tell every viewer where it stands."""
        for run in list(self.viewers):
            self.tell(run, status, message, with_previews=with_previews)
        self.status = status

    def tell(self, run: AppRun, status: str, message: str | None = None, *, with_previews: bool = False) -> None:
        """Tell one app where it stands, unless that was the last that it heard."""
        if not run.is_connected:
            self._told.pop(run.package_name, None)
            return
        told = ManagedStreamStatus(
            status=status,
            stream_id=self.stream_id,
            message=message,
            hls_url=self.url,
            dash_url=self.dash_url,
            webrtc_url=self.webrtc_url,
            outputs=[StreamOutput(url=each.url, name=each.name, status="stopped") for each in self.outputs] or None,
        )
        if self._told.get(run.package_name) == told:
            return
        self._told[run.package_name] = told
        if with_previews:
            told = msgspec.structs.replace(told, preview_url=self.preview_url, thumbnail_url=self.thumbnail_url)
        run.send(told)

    def add_output(self, url: str, *, name: str | None, added_by: str) -> Output:
        """Send it to one more server."""
        output = Output(output_id=secrets.token_hex(16), url=url, name=name, added_by=added_by)
        self.outputs.append(output)
        return output

    @property
    def dash_url(self) -> str:
        """Where it can be watched with DASH, as well as the following ones."""
        return f"{self._base}/manifest/video.mpd"

    @property
    def webrtc_url(self) -> str | None:
        """... with WebRTC, if that was asked for."""
        wanted = isinstance(self.request, ManagedStreamRequest) and self.request.enable_webrtc
        return f"{self._base}/webRTC/play" if wanted else None

    @property
    def preview_url(self) -> str:
        """... on a page with a player."""
        return f"{self._base}/iframe?autoplay=true&muted=true&controls=true"

    @property
    def thumbnail_url(self) -> str:
        """... as one image."""
        return f"{self._base}/thumbnails/thumbnail.jpg"

    @property
    def _base(self) -> str:
        return f"{_HOST}/{self.stream_id}"


def watch_url(stream_id: str) -> str:
    """Return where a managed video can be watched with HLS."""
    return f"{_HOST}/{stream_id}/manifest/video.m3u8"
