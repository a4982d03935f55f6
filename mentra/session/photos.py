"""Photos of one session: asking for them, and what comes back. ``session.camera`` is the public face of it.

The rules:

* Two channels answer: the upload by HTTP, and a refusal or a failure by the socket. The first one decides.
* An id serves once. What comes after the call is over, in whatever way, is refused.
* ``photo_response`` with success says nothing about the photo: its bytes come by HTTP, or go to another server.
"""

import asyncio
import base64
import contextlib
import io
import os
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn, get_args
from urllib.parse import urlsplit

from mentra.errors import (
    NotConnected,
    PermissionDenied,
    PhotoError,
    RequestFailed,
    RequestTimeout,
    SessionStopped,
)
from mentra.protocol.app_to_cloud import PhotoRequest
from mentra.protocol.cloud_to_app import PhotoFailureDetails, PhotoReply
from mentra.protocol.photos import PhotoErrorCode
from mentra.session.core import SessionCore
from mentra.session.hardware import require
from mentra.session.requests import new_id
from mentra.session.uploads import UploadedPhoto
from mentra.wrong_names import unknown_name

PHOTO_WITHIN_S = 30.0
"""How long a photo may take; the official SDK's limit."""

PhotoSize = Literal["small", "medium", "large", "full"]
"""How large a photo is: 640 x 480, 1280 x 720, 1920 x 1080 pixels, or what the sensor has."""
PhotoCompression = Literal["none", "medium", "heavy"]
"""How much smaller the file of a photo is made."""

_ABOUT = ("photo",)
"""A word of all refusals of photos (docs/protocol.md, Refusals)."""
_DEFAULT_FILENAME = "photo.jpg"
_MOVED = {
    "url": "photo.data, or photo.data_url() for a page",
    "buffer": "photo.data",
    "size": "photo.size_bytes",
    "timestamp": "photo.time",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A photo as it was uploaded."""

    data: bytes = field(repr=False)
    """The file, not decoded: JPEG from every pair of glasses that is known."""
    mime_type: str
    """What the bytes are, by their beginning: ``"image/jpeg"``. The phone's word for it may differ."""
    filename: str
    """As the phone calls it. Never a path to write to."""
    request_id: str
    time: datetime
    """When it arrived: aware, in UTC."""

    @property
    def size_bytes(self) -> int:
        """How large the file is."""
        return len(self.data)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the file, in place of one that is there, and return its path. Waits for the disk.

        Raises:
            OSError: It cannot be written.
        """
        target = Path(path)
        target.write_bytes(self.data)
        return target

    def base64(self) -> str:
        """Return the file in base64, as the APIs of language models take it."""
        return base64.b64encode(self.data).decode("ascii")

    def data_url(self) -> str:
        """Return the file as a URL: ``data:image/jpeg;base64,...``."""
        return f"data:{self.mime_type};base64,{self.base64()}"

    def image(self) -> Any:
        """Return the photo as a ``PIL.Image.Image``.

        Raises:
            OSError: It is no image that Pillow knows.
        """
        # 8 ms that an app without pictures does not need.
        from PIL import Image

        return Image.open(io.BytesIO(self.data))

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise unknown_name(self, name, dir(type(self)), moved=_MOVED)


class Photos:
    """The photo requests of one session."""

    def __init__(self, core: SessionCore) -> None:
        self._core = core
        core.hears(PhotoReply, self._answered)

    async def request(
        self,
        *,
        size: PhotoSize,
        compress: PhotoCompression,
        save_to_gallery: bool,
        sound: bool | None,
        timeout: float | None,
    ) -> Photo:
        """See ``Camera.request_photo``."""
        core = self._core
        request_id = core.uploads.new_id()
        core.uploads.expect(request_id, core.requests)
        try:
            uploaded: UploadedPhoto = await self._ask(
                request_id,
                timeout,
                size=size,
                compress=compress,
                save_to_gallery=save_to_gallery,
                sound=sound,
            )
        finally:
            core.uploads.forget(request_id)
        return Photo(
            data=uploaded.data,
            mime_type=uploaded.mime_type,
            filename=uploaded.filename or _DEFAULT_FILENAME,
            request_id=request_id,
            time=core.now(),
        )

    async def upload_to(
        self,
        url: str,
        *,
        auth_token: str | None,
        size: PhotoSize,
        compress: PhotoCompression,
        save_to_gallery: bool,
        sound: bool | None,
        timeout: float | None,
    ) -> str:
        """See ``Camera.upload_photo_to``."""
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
            raise ValueError(f"{url!r} is no URL that glasses could post to. Write http:// or https://, and a host.")
        request_id = new_id("photo_req")
        await self._ask(
            request_id,
            timeout,
            size=size,
            compress=compress,
            save_to_gallery=save_to_gallery,
            sound=sound,
            custom_webhook_url=url,
            auth_token=auth_token,
        )
        return request_id

    async def every(self, interval: float, **options: Any) -> AsyncGenerator[Photo, None]:
        """See ``Camera.photos``."""
        if not interval > 0:
            raise ValueError(f"interval must be a number of seconds above 0, not {interval!r}.")
        loop = asyncio.get_running_loop()
        while self._core.stop_reason is None:
            began = loop.time()
            try:
                photo = await self.request(**options)
            except SessionStopped:
                return
            except (PhotoError, RequestTimeout, NotConnected) as error:
                self._core.logger.warning("A photo is missing from the series: %s", error)
            else:
                yield photo
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(began + interval):
                    await self._core.disconnected.wait()

    async def _ask(
        self,
        request_id: str,
        timeout: float | None,
        *,
        size: PhotoSize,
        compress: PhotoCompression,
        save_to_gallery: bool,
        sound: bool | None,
        custom_webhook_url: str | None = None,
        auth_token: str | None = None,
    ) -> Any:
        _check("size", size, get_args(PhotoSize))
        _check("compress", compress, get_args(PhotoCompression))
        require(self._core.capabilities, "camera")
        request = PhotoRequest(
            **self._core.envelope(),
            request_id=request_id,
            save_to_gallery=save_to_gallery,
            size=size,
            compress=compress,
            custom_webhook_url=custom_webhook_url,
            auth_token=auth_token,
            sound=sound,
        )
        with _photo_errors():
            return await self._core.ask(request, request_id, what="The photo", timeout=timeout, about=_ABOUT)

    def _answered(self, reply: PhotoReply) -> None:
        requests = self._core.requests
        if not reply.success:
            error = _error(reply)
            if not requests.fail(reply.request_id, error):
                self._core.logger.info("A photo that nobody waits for failed: %s", error)
        elif not self._core.uploads.is_expected(reply.request_id):
            requests.answer(reply.request_id, reply)


def _error(reply: PhotoReply) -> PhotoError:
    failure = reply.failure
    code = failure.code or PhotoErrorCode.UNKNOWN_ERROR
    details = failure.details or PhotoFailureDetails()
    return PhotoError(
        f"There is no photo: {failure.message or 'the glasses did not say why'} ({code}).",
        code=code,
        stage=details.stage,
        retryable=details.retryable,
        suggested_action=details.suggested_action,
    )


@contextlib.contextmanager
def _photo_errors() -> Generator[None]:
    """Make a ``PhotoError`` of a refusal that is about no permission."""
    try:
        yield
    except (PhotoError, PermissionDenied):
        raise
    except RequestFailed as error:
        raise PhotoError(str(error), code=error.code) from error


def _check(option: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"{option} must be one of {', '.join(map(repr, known))}, not {value!r}.")
