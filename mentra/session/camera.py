"""``session.camera``: photos, and video.

How a photo comes back: ``mentra/session/photos.py``. Who is streaming, and since when: ``mentra/session/video.py``.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NoReturn, get_args, overload
from urllib.parse import urlsplit

from mentra.errors import HardwareUnavailable, NotConnected, StreamError
from mentra.protocol.app_to_cloud import (
    AppMessage,
    FieldOfViewRequest,
    RestreamDestination,
    RtmpStreamStop,
    SoundOptions,
    StreamLimits,
    VideoOptions,
)
from mentra.protocol.capabilities import Capabilities
from mentra.protocol.cloud_to_app import ExistingStream, ManagedStreamStatus, StreamStatus
from mentra.session import moved_names
from mentra.session.core import SessionCore
from mentra.session.events import Subscription
from mentra.session.handlers import Handler
from mentra.session.hardware import require
from mentra.session.photos import PHOTO_WITHIN_S, Photo, PhotoCompression, Photos, PhotoSize
from mentra.session.requests import new_id
from mentra.session.video import (
    ALREADY_STREAMING,
    STATUSES,
    ManagedKeeper,
    ManagedStream,
    RtmpKeeper,
    StreamChecks,
    VideoStream,
    managed_stop,
)
from mentra.wrong_names import named_options, unknown_name

STARTED_WITHIN_S = 30.0
"""How long the start of a video may take; the official SDK's limit for managed ones."""
MAX_DESTINATIONS = 10

StreamQuality = Literal["720p", "1080p"]
"""How large the picture of a managed video is."""
FieldOfViewDegrees = Literal[82, 92, 102, 118]
RoiPosition = Literal["center", "top", "bottom"]

_RTMP_SCHEMES = ("rtmp", "rtmps")
# Beyond RTMP, clouds of 2026 take SRT and WHIP (docs/protocol.md, Video).
_SCHEMES = (*_RTMP_SCHEMES, "srt", "https", "http")

_IN_VIDEO = "it belongs into video=VideoOptions(...)"
_OPTIONS = {
    "saveToGallery": "write save_to_gallery",
    "customWebhookUrl": "use upload_photo_to(url)",
    "custom_webhook_url": "use upload_photo_to(url)",
    "authToken": "write auth_token, of upload_photo_to",
    "compression": "write compress",
    "rtmpUrl": "pass the URL first",
    "rtmp_url": "pass the URL first",
    "streamUrl": "pass the URL first",
    "stream": "write duration_limit, in seconds",
    "durationLimit": "write duration_limit, in seconds",
    "enableWebRTC": "write webrtc",
    "restreamDestinations": "write restream=[RestreamDestination(url=..., name=...)], or a list of URLs",
    **dict.fromkeys(("resolution", "framerate", "frameRate", "frame_rate", "width", "height", "bitrate"), _IN_VIDEO),
}


class Camera:
    """``session.camera``: photos, and video. Everything but the checks needs the permission CAMERA."""

    def __init__(self, core: SessionCore) -> None:
        self._core = core
        self._photos = Photos(core)
        self._rtmp = RtmpKeeper(core)
        self._managed = ManagedKeeper(core)
        self._checks = StreamChecks(core)

    @named_options(_OPTIONS)
    async def request_photo(
        self,
        *,
        size: PhotoSize = "medium",
        compress: PhotoCompression = "none",
        save_to_gallery: bool = False,
        sound: bool | None = None,
        timeout: float | None = PHOTO_WITHIN_S,
    ) -> Photo:
        """Take one photo with the glasses and wait for it.

        The glasses upload it to this app's server, which they must be able to reach. Cancel the call to give it up: a
        photo that comes later is refused.

        Args:
            size: ``"small"`` 640 x 480, ``"medium"`` 1280 x 720, ``"large"`` 1920 x 1080, ``"full"`` what the sensor
                has.
            compress: How much smaller the file is to be made: ``"none"``, ``"medium"`` or ``"heavy"``.
            save_to_gallery: Keep it on the glasses, too.
            sound: Whether the shutter is heard, on clouds of 2026; ``None`` leaves it to them.
            timeout: Seconds from sending the request to the last byte of the upload.

        Raises:
            PhotoError: There is no photo; ``code`` says why, see ``PhotoErrorCode``.
            PermissionDenied: The app lacks the permission CAMERA.
            HardwareUnavailable: The connected glasses have no camera. Nothing was sent.
            RequestTimeout: Neither a photo nor a reason came.
            NotConnected: The connection to the cloud is lost, and did not come back in time. Nothing was sent.
            SessionStopped: The session has ended, or ends before.

        Source: @mentra/sdk 2.1.29 dist/app/session/modules/camera.d.ts, requestPhoto; docs/protocol.md, Photos
        """
        return await self._photos.request(
            size=size, compress=compress, save_to_gallery=save_to_gallery, sound=sound, timeout=timeout
        )

    @named_options(_OPTIONS)
    async def upload_photo_to(
        self,
        url: str,
        *,
        auth_token: str | None = None,
        size: PhotoSize = "medium",
        compress: PhotoCompression = "none",
        save_to_gallery: bool = False,
        sound: bool | None = None,
        timeout: float | None = PHOTO_WITHIN_S,
    ) -> str:
        """Have the glasses take a photo and upload it to another server.

        Returns once the request was passed on to the glasses. Whether the photo then arrives only that server knows.

        Args:
            url: Gets a form by POST: the file ``photo``, and ``requestId``.
            auth_token: Sent along as ``Authorization: Bearer ...``.
            size: See ``request_photo``; so are the other options.
            timeout: Seconds until the cloud has passed the request on.

        Returns:
            The request id by which that server can tell the photo.

        Raises:
            PhotoError: The glasses cannot be asked.
            PermissionDenied: The app lacks the permission CAMERA.
            HardwareUnavailable: The connected glasses have no camera. Nothing was sent.
            RequestTimeout: The cloud did not answer.

        Source: @mentra/sdk 2.1.29, customWebhookUrl; docs/protocol.md, Photos
        """
        return await self._photos.upload_to(
            url,
            auth_token=auth_token,
            size=size,
            compress=compress,
            save_to_gallery=save_to_gallery,
            sound=sound,
            timeout=timeout,
        )

    @named_options(_OPTIONS)
    def photos(
        self,
        *,
        interval: float,
        size: PhotoSize = "medium",
        compress: PhotoCompression = "none",
        save_to_gallery: bool = False,
        sound: bool | None = None,
        timeout: float | None = PHOTO_WITHIN_S,
    ) -> AsyncGenerator[Photo, None]:
        """Iterate over photos, one after the other: ``async for photo in session.camera.photos(interval=5)``.

        There is one request at a time, and none while the body of the loop is busy. A photo that fails is logged as a
        warning and left out. The loop ends when the session does.

        Args:
            interval: Seconds from one request to the next, more than 0; longer if a photo takes longer.
            size: See ``request_photo``; so are the other options.

        Raises:
            PermissionDenied: The app lacks the permission CAMERA.
            HardwareUnavailable: The connected glasses have no camera.
        """
        return self._photos.every(
            interval, size=size, compress=compress, save_to_gallery=save_to_gallery, sound=sound, timeout=timeout
        )

    @property
    def stream(self) -> VideoStream | None:
        """The video that this session streams to your own server, from its request on; ``None`` if there is none."""
        return self._rtmp.current

    @property
    def managed_stream(self) -> ManagedStream | None:
        """The managed video of this session, from its request on; ``None`` if there is none."""
        return self._managed.current

    @named_options(_OPTIONS)
    async def start_stream(
        self,
        url: str,
        *,
        video: VideoOptions | None = None,
        audio: SoundOptions | None = None,
        duration_limit: float | None = None,
        timeout: float | None = STARTED_WITHIN_S,
    ) -> VideoStream:
        """Stream video to a server of your own, and wait until it runs.

        As a context manager, ``async with await session.camera.start_stream(url):``, it stops at the end of the block.
        A video of another app, or of this app before it was restarted, ends with the request.

        Args:
            url: ``rtmp://`` or ``rtmps://``; on clouds of 2026 also ``srt://``, or ``https://`` for WHIP.
            video: Width, height, bit rate and frame rate; the glasses' own if left out.
            audio: Bit rate, sample rate and what is done against noise.
            duration_limit: Seconds after which the video ends by itself.
            timeout: Seconds until the glasses stream. When they are over, the request is taken back.

        Raises:
            StreamError: It did not start; ``code`` and ``details`` say why: ``"WIFI_NOT_CONNECTED"``, or the status
                that ended it. ``"ALREADY_STREAMING"`` if this session streams already; then nothing was sent.
            PermissionDenied: The app lacks the permission CAMERA.
            HardwareUnavailable: The connected glasses do not stream video. Nothing was sent.
            RequestTimeout: The glasses did not stream in time.
            NotConnected: The connection to the cloud is lost, and did not come back in time. Nothing was sent.

        Source: @mentra/sdk 2.1.29 dist/app/session/modules/camera.d.ts, startStream; docs/protocol.md, Video
        """
        _check_url(url, _SCHEMES)
        self._check_free()
        return await self._rtmp.start(url, video=video, audio=audio, stream=_limits(duration_limit), timeout=timeout)

    @named_options(_OPTIONS)
    async def start_managed_stream(
        self,
        *,
        quality: StreamQuality | None = None,
        webrtc: bool = False,
        video: VideoOptions | None = None,
        audio: SoundOptions | None = None,
        duration_limit: float | None = None,
        restream: Sequence[str | RestreamDestination] = (),
        timeout: float | None = STARTED_WITHIN_S,
    ) -> ManagedStream:
        """Stream video through the cloud, and wait until it can be watched.

        As a context manager, ``async with await session.camera.start_managed_stream():``, it stops at the end of the
        block. Several apps may share one managed video; it ends with the last one.

        Args:
            quality: ``"720p"`` or ``"1080p"``; the cloud's choice if left out.
            webrtc: Have an address for WebRTC, too.
            video: See ``start_stream``; so are ``audio`` and ``duration_limit``.
            restream: Where else the cloud shall send it: URLs that begin with ``rtmp://`` or ``rtmps://``, at most 10.
            timeout: Seconds until there are addresses to watch it. When they are over, the request is taken back.

        Raises:
            StreamError: It did not start; see ``start_stream``.
            PermissionDenied: The app lacks the permission CAMERA.
            HardwareUnavailable: The connected glasses do not stream video. Nothing was sent.
            RequestTimeout: There was no video in time.
            NotConnected: The connection to the cloud is lost, and did not come back in time. Nothing was sent.

        Source: @mentra/sdk 2.1.29 dist/app/session/modules/camera.d.ts, startManagedStream; docs/protocol.md, Video
        """
        if quality is not None and quality not in get_args(StreamQuality):
            raise ValueError(f"quality must be '720p' or '1080p', not {quality!r}.")
        destinations = _destinations(restream)
        self._check_free()
        return await self._managed.start(
            quality=quality,
            enable_webrtc=webrtc or None,
            video=video,
            audio=audio,
            stream=_limits(duration_limit),
            restream_destinations=destinations or None,
            timeout=timeout,
        )

    async def existing_stream(self, *, timeout: float | None = 5.0) -> ExistingStream | None:
        """Ask whether the glasses stream video now, for whichever app; ``None`` if they do not.

        Raises:
            RequestTimeout: The cloud did not answer, so nobody knows.
            NotConnected: The connection to the cloud is lost, and did not come back in time.

        Source: @mentra/sdk 2.1.29 dist/app/session/modules/camera.d.ts, checkExistingStream; docs/protocol.md, Video
        """
        return await self._checks.ask(timeout)

    def stop_existing_stream(self, existing: ExistingStream) -> None:
        """End a video that this app started in a session before, and lost sight of. The cloud does not answer.

        For a video of this session: ``await stream.stop()``. That of another app cannot be ended.

        Raises:
            NotConnected: The connection to the cloud is lost, and did not come back in time. Nothing was sent.
        """
        if existing.type == "managed":
            self._send(managed_stop(self._core))
        else:
            self._send(RtmpStreamStop(**self._core.envelope(), stream_id=existing.stream_id))

    @overload
    def on_stream_status(self, handler: Handler[StreamStatus], /) -> Subscription: ...
    @overload
    def on_stream_status(self, handler: None = None, /) -> Callable[[Handler[StreamStatus]], Subscription]: ...
    def on_stream_status(
        self, handler: Handler[StreamStatus] | None = None, /
    ) -> Subscription | Callable[[Handler[StreamStatus]], Subscription]:
        """Call a handler when the video to a server of your own changes: its status, or its statistics.

        Use it as a call or as a decorator. It hears of each change once, however many frames the cloud sends.

        Source: @mentra/sdk 2.1.29 dist/app/session/modules/camera.d.ts, onStreamStatus; docs/protocol.md, Video
        """
        if handler is None:
            return lambda function: Subscription(self._rtmp.handlers, STATUSES, function)
        return Subscription(self._rtmp.handlers, STATUSES, handler)

    def stream_statuses(self) -> AsyncGenerator[StreamStatus, None]:
        """Iterate over the changes of the video to a server of your own, until the session ends."""
        return self._rtmp.handlers.iterate(STATUSES)

    @overload
    def on_managed_stream_status(self, handler: Handler[ManagedStreamStatus], /) -> Subscription: ...
    @overload
    def on_managed_stream_status(
        self, handler: None = None, /
    ) -> Callable[[Handler[ManagedStreamStatus]], Subscription]: ...
    def on_managed_stream_status(
        self, handler: Handler[ManagedStreamStatus] | None = None, /
    ) -> Subscription | Callable[[Handler[ManagedStreamStatus]], Subscription]:
        """Call a handler when the managed video changes: its status, its addresses, its destinations.

        Use it as a call or as a decorator. It hears of each change once, however often the cloud repeats it.

        Source: @mentra/sdk 2.1.29 dist/app/session/modules/camera.d.ts, onManagedStreamStatus; docs/protocol.md, Video
        """
        if handler is None:
            return lambda function: Subscription(self._managed.handlers, STATUSES, function)
        return Subscription(self._managed.handlers, STATUSES, handler)

    def managed_stream_statuses(self) -> AsyncGenerator[ManagedStreamStatus, None]:
        """Iterate over the changes of the managed video, until the session ends."""
        return self._managed.handlers.iterate(STATUSES)

    def set_fov(self, fov: FieldOfViewDegrees, *, roi_position: RoiPosition = "center") -> None:
        """Set how wide the camera looks, for photos and video. Clouds before 2026 ignore it; none answers.

        Args:
            fov: Degrees: 82, 92, 102 or 118.
            roi_position: Which part of the sensor's picture is kept: ``"center"``, ``"top"`` or ``"bottom"``.

        Raises:
            HardwareUnavailable: The connected glasses have no camera. Nothing was sent.
            NotConnected: The connection to the cloud is lost at the moment. Nothing was sent.

        Source: @mentra/sdk 3.0.0-alpha.4 dist/session/managers/CameraManager.d.ts; docs/protocol.md, Video
        """
        # Anything else would end the connection.
        if fov not in get_args(FieldOfViewDegrees):
            raise ValueError(f"fov must be 82, 92, 102 or 118 degrees, not {fov!r}.")
        if roi_position not in get_args(RoiPosition):
            raise ValueError(f"roi_position must be 'center', 'top' or 'bottom', not {roi_position!r}.")
        require(self._core.capabilities, "camera")
        head = self._core.envelope()
        self._send(
            FieldOfViewRequest(
                package_name=head["package_name"],
                timestamp=head["timestamp"],
                request_id=new_id("fov_req"),
                fov=fov,
                roi_position=roi_position,
            )
        )

    def _check_free(self) -> None:
        _require_video(self._core.capabilities)
        if (current := self.stream or self.managed_stream) is not None:
            raise StreamError(
                f"This session streams video already ({current.status}). Stop that first: await stream.stop().",
                code=ALREADY_STREAMING,
            )

    def _send(self, message: AppMessage) -> None:
        if not self._core.send(message):
            raise NotConnected("Nothing was sent: there is no connection to the cloud at the moment.")

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise unknown_name(self, name, moved=moved_names.CAMERA)


def _require_video(capabilities: Capabilities | None) -> None:
    require(capabilities, "camera")
    video = capabilities.camera.video if capabilities and capabilities.camera else None
    if capabilities is not None and video is not None and not video.can_stream:
        raise HardwareUnavailable(
            f"This needs glasses that stream video; the {capabilities.model_name} do not.",
            feature="camera",
            model_name=capabilities.model_name,
        )


def _check_url(url: str, schemes: tuple[str, ...]) -> None:
    parts = urlsplit(url)
    if parts.scheme not in schemes or not parts.netloc:
        known = ", ".join(f"{scheme}://" for scheme in schemes)
        raise ValueError(f"{url!r} is no address for video. It must begin with one of {known}, and name a host.")


def _limits(duration_limit: float | None) -> StreamLimits | None:
    if duration_limit is None:
        return None
    if not 0 < duration_limit < float("inf"):
        raise ValueError(f"duration_limit must be a number of seconds above 0, not {duration_limit!r}.")
    return StreamLimits(duration_limit_s=duration_limit)


_WRITE_DESTINATION = "Write RestreamDestination(url=..., name=...), or the URL alone."


def _destinations(restream: Sequence[object]) -> list[RestreamDestination]:
    if isinstance(restream, str):
        raise TypeError(f"restream must be a list of addresses, not the text {restream!r}: write [{restream!r}].")
    if isinstance(restream, Mapping | RestreamDestination):
        raise TypeError(f"restream must be a list of addresses. {_WRITE_DESTINATION}")
    found: list[RestreamDestination] = []
    for each in restream:
        if not isinstance(each, str | RestreamDestination):
            raise TypeError(f"restream has a {type(each).__name__}, which is no address. {_WRITE_DESTINATION}")
        found.append(RestreamDestination(url=each) if isinstance(each, str) else each)
    for destination in found:
        _check_url(destination.url, _RTMP_SCHEMES)
    if len(found) > MAX_DESTINATIONS:
        raise ValueError(f"restream may name {MAX_DESTINATIONS} destinations at most, not {len(found)}.")
    return found
