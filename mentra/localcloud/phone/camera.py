"""The camera of the virtual glasses: takes photos for apps, and brings them to their servers.

The rules, which are those of the cloud of December 2025 and of real glasses:

* The cloud refuses a request without the permission CAMERA, or while the glasses are away; then the app loses its
  connection. It does not look whether the glasses have a camera: without one, nothing comes.
* A photo is posted to the app's server, or where the request says. In the latter case the app hears of success at once,
  and nothing that the phone reports afterwards.
* A failure is reported either by the phone, and comes by the socket, or to the app's server.
* How wide it looks can be set on clouds of 2026 only. Nobody answers; a value that there is not ends the connection.

Source: MentraOS cloud/packages/cloud/src/services/session/PhotoManager.ts (Dec 2025); docs/protocol.md, Photos.
"""

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from mentra.localcloud.app_run import AppRun
from mentra.localcloud.history import Recent
from mentra.localcloud.refusals import refuse_if_cloud_would, refuse_without_phone
from mentra.localcloud.user import User
from mentra.protocol import codec
from mentra.protocol.app_to_cloud import FieldOfViewRequest, PhotoRequest
from mentra.protocol.cloud_to_app import PhotoFailure, PhotoReply
from mentra.protocol.connection import RefusalCode
from mentra.protocol.permissions import Permission, is_granted
from mentra.protocol.photos import FILE_FIELD, PHOTO_ERROR, PHOTO_UPLOAD, UPLOAD_PATH, PhotoUpload, image_type
from mentra.transport.multipart import FormFile, write_form

PhotoFailsBy = Literal["phone", "upload", "refusal"]
"""``"phone"``: the phone says so, by the socket. ``"upload"``: the glasses post it to the app's server. ``"refusal"``:
the cloud does not pass the request on, and closes the app's connection."""

_SIZES = {"small": (640, 480), "medium": (1280, 720), "large": (1920, 1080), "full": (1920, 1080)}

FIELDS_OF_VIEW = (82, 92, 102, 118)
ROI_POSITIONS = ("center", "top", "bottom")


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenPhoto:
    """A photo that an app had taken."""

    package_name: str
    request_id: str
    size: str
    compress: str
    url: str
    """Where it was posted."""
    status: int | None
    """What the server there answered; ``None`` if it did not."""


@dataclass(frozen=True, slots=True)
class _Failure:
    code: str
    message: str
    by: PhotoFailsBy


class VirtualCamera:
    """Takes photos for apps.

    Attributes:
        photo: What each photo is from now on: the contents of an image file. Without it, a grey JPEG of the size that
            was asked for.
        taken: The last thousand photos that were posted, oldest first.
        field_of_view: How wide the camera looks, in degrees; ``None`` as long as no app set it.
    """

    def __init__(self, user: User) -> None:
        self.photo: bytes | None = None
        self.taken: Recent[TakenPhoto] = user.recent()
        self.field_of_view: int | None = None
        self._user = user
        self._failure: _Failure | None = None
        user.answers(PhotoRequest, self._take)
        if user.generation == 3:
            user.answers(FieldOfViewRequest, self._look)

    def load(self, photo: bytes | str | os.PathLike[str]) -> None:
        """Let each photo be this one from now on.

        Args:
            photo: The contents of an image file, or its path. Nobody looks whether it is an image.
        """
        self.photo = photo if isinstance(photo, bytes) else Path(photo).read_bytes()

    def fail(self, code: str, message: str = "", *, by: PhotoFailsBy = "phone") -> None:
        """Let each photo fail from now on.

        Args:
            code: Such as ``"CAMERA_BUSY"``; see ``mentra.PhotoErrorCode``. A refusal has a code of its own kind, such
                as ``"INTERNAL_ERROR"``.
            message: For people; for a refusal all that the app can tell it by.
            by: Who says so.
        """
        self._failure = _Failure(code, message or f"{code.lower().replace('_', ' ')}", by)

    def work(self) -> None:
        """Let photos succeed again."""
        self._failure = None

    def _take(self, run: AppRun, request: PhotoRequest) -> None:
        failure = self._failure
        if refuse_if_cloud_would(self._user, run, asked="photo", to="to take photos"):
            return
        if failure is not None and failure.by == "refusal":
            run.refuse(failure.code, failure.message)
            return
        if request.custom_webhook_url:
            run.send(
                PhotoReply(
                    request_id=request.request_id,
                    success=True,
                    photo_url=request.custom_webhook_url,
                    saved_to_gallery=request.save_to_gallery,
                    timestamp=self._user.timestamp(),
                )
            )
        self._user.to_phone(lambda: self._shoot(run, request, failure))

    def _shoot(self, run: AppRun, request: PhotoRequest, failure: _Failure | None) -> None:
        capabilities = self._user.capabilities
        if capabilities is not None and not capabilities.has_camera:
            return
        if failure is None or failure.by == "upload":
            self._user.spawn(self._post(run, request, failure))
        elif not request.custom_webhook_url:  # Else the cloud has answered already, and forgotten the request.
            error = PhotoFailure(code=failure.code, message=failure.message)
            reply = PhotoReply(request_id=request.request_id, success=False, error=error)
            self._user.to_cloud(lambda: run.send(reply))

    def _look(self, run: AppRun, request: FieldOfViewRequest) -> None:
        if not is_granted(Permission.CAMERA, run.permissions):
            run.refuse(RefusalCode.PERMISSION_DENIED, "Camera permission required to set FOV")
        elif request.fov not in FIELDS_OF_VIEW or request.roi_position not in ROI_POSITIONS:
            fields, positions = ", ".join(map(str, FIELDS_OF_VIEW)), ", ".join(ROI_POSITIONS)
            problem = f"Invalid FOV/ROI: fov must be one of {fields}, roiPosition must be one of {positions}"
            run.refuse(RefusalCode.MALFORMED_MESSAGE, problem)  # The words are *unverified*.
        elif not refuse_without_phone(self._user, run):
            self.field_of_view = request.fov

    async def _post(self, run: AppRun, request: PhotoRequest, failure: _Failure | None) -> None:
        url = request.custom_webhook_url or run.app.public_url + UPLOAD_PATH
        content_type, body = self._failed(request, failure) if failure else self._form(request)
        reply = await self._user.http.upload(url, content_type, body, token=request.auth_token)
        if failure is None:
            self.taken.append(
                TakenPhoto(
                    package_name=run.package_name,
                    request_id=request.request_id,
                    size=request.size,
                    compress=request.compress,
                    url=url,
                    status=reply.status if reply else None,
                )
            )

    def _form(self, request: PhotoRequest) -> tuple[str, bytes]:
        photo = self.photo if self.photo is not None else grey_jpeg(*_SIZES.get(request.size, _SIZES["medium"]))
        kind = image_type(photo) or "application/octet-stream"
        file = FormFile(data=photo, filename=f"{request.request_id}.{kind.rpartition('/')[2]}", content_type=kind)
        upload = PhotoUpload(request_id=request.request_id, type=PHOTO_UPLOAD, success="true")
        return write_form(msgspec.to_builtins(upload), {FILE_FIELD: file})

    def _failed(self, request: PhotoRequest, failure: _Failure) -> tuple[str, bytes]:
        report = PhotoUpload(
            request_id=request.request_id,
            type=PHOTO_ERROR,
            success=False,
            error_code=failure.code,
            error_message=failure.message,
        )
        return "application/json", codec.encode(report)


def grey_jpeg(width: int, height: int) -> bytes:
    """Return a plain grey picture, as small as a JPEG of its size can be.

    Each block of 8 x 8 pixels takes two bits: "as bright as the one before" and "nothing else".

    Source: ITU-T T.81, annexes B and F.
    """

    def segment(marker: int, body: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body

    one_code = bytes([1, *[0] * 15, 0])  # Of one bit, for the value 0.
    bits = 2 * -(-width // 8) * -(-height // 8)
    scan = bytearray(-(-bits // 8))
    if bits % 8:
        scan[-1] = 0xFF >> bits % 8  # The rest of the last byte is filled with ones.
    return b"".join(
        [
            b"\xff\xd8",
            segment(0xE0, b"JFIF\0" + struct.pack(">HBHHBB", 0x0101, 0, 1, 1, 0, 0)),
            segment(0xDB, bytes([0, *[1] * 64])),
            segment(0xC0, struct.pack(">BHHBBBB", 8, height, width, 1, 1, 0x11, 0)),
            segment(0xC4, b"\x00" + one_code),
            segment(0xC4, b"\x10" + one_code),
            segment(0xDA, bytes([1, 1, 0, 0, 63, 0])),
            bytes(scan),
            b"\xff\xd9",
        ]
    )
