"""Photos: how they reach an app's server, and the words for why they do not.

Source: @mentra/sdk 2.1.29 dist/app/server/index.js, dist/types/photo-errors.d.ts; docs/protocol.md, Photos.
"""

from enum import StrEnum
from typing import Any

from mentra.protocol.base import Wire

UPLOAD_PATH = "/photo-upload"
"""Where the glasses post photos, behind the app's public URL."""
MAX_PHOTO_BYTES = 10 * 1024 * 1024
FILE_FIELD = "photo"
"""The one file of the form."""


class PhotoErrorCode(StrEnum):
    """Why there is no photo; glasses and phones may have other words."""

    CAMERA_INIT_FAILED = "CAMERA_INIT_FAILED"
    CAMERA_CAPTURE_FAILED = "CAMERA_CAPTURE_FAILED"
    CAMERA_TIMEOUT = "CAMERA_TIMEOUT"
    CAMERA_BUSY = "CAMERA_BUSY"
    UPLOAD_FAILED = "UPLOAD_FAILED"
    UPLOAD_TIMEOUT = "UPLOAD_TIMEOUT"
    BLE_TRANSFER_FAILED = "BLE_TRANSFER_FAILED"
    BLE_TRANSFER_BUSY = "BLE_TRANSFER_BUSY"
    BLE_TRANSFER_FAILED_TO_START = "BLE_TRANSFER_FAILED_TO_START"
    BLE_TRANSFER_TIMEOUT = "BLE_TRANSFER_TIMEOUT"
    COMPRESSION_FAILED = "COMPRESSION_FAILED"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    """Of the phone or the glasses. What the developer console lacks is ``mentra.PermissionDenied``."""
    STORAGE_FULL = "STORAGE_FULL"
    NETWORK_ERROR = "NETWORK_ERROR"
    PHONE_GLASSES_NOT_CONNECTED = "PHONE_GLASSES_NOT_CONNECTED"
    PHONE_BLE_TRANSFER_FAILED = "PHONE_BLE_TRANSFER_FAILED"
    PHONE_UPLOAD_FAILED = "PHONE_UPLOAD_FAILED"
    PHONE_TIMEOUT = "PHONE_TIMEOUT"
    UNKNOWN_ERROR = "UNKNOWN_ERROR"


class PhotoStage(StrEnum):
    """How far a photo had come; glasses may have other words."""

    REQUEST_RECEIVED = "REQUEST_RECEIVED"
    CAMERA_INIT = "CAMERA_INIT"
    PHOTO_CAPTURE = "PHOTO_CAPTURE"
    COMPRESSION = "COMPRESSION"
    UPLOAD_START = "UPLOAD_START"
    UPLOAD_PROGRESS = "UPLOAD_PROGRESS"
    BLE_TRANSFER = "BLE_TRANSFER"
    RESPONSE_SENT = "RESPONSE_SENT"


PHOTO_UPLOAD = "photo_upload"
PHOTO_ERROR = "photo_error"


class PhotoUpload(Wire, frozen=True, kw_only=True):
    """What stands beside the file in ``POST /photo-upload``. Text in a form; JSON of any kind in a report of failure.

    Anybody may post here, so nothing of it is believed before it was looked at.
    """

    request_id: Any = None
    type: Any = None
    """``PHOTO_UPLOAD`` or ``PHOTO_ERROR``; others mean nothing."""
    success: Any = None
    error_code: Any = None
    error_message: Any = None

    @property
    def failed(self) -> bool:
        """Whether it says that there is no photo."""
        return self.type == PHOTO_ERROR or self.success is False or str(self.success).lower() in ("false", "0")

    @property
    def code(self) -> str:
        """Why, as a ``PhotoErrorCode`` or another word."""
        return _text(self.error_code) or PhotoErrorCode.UNKNOWN_ERROR

    @property
    def message(self) -> str:
        """Why, for people; empty when it does not say."""
        return _text(self.error_message)


class UploadReply(Wire, frozen=True, kw_only=True):
    """Our answer to an upload."""

    success: bool
    request_id: str | None = None
    message: str | None = None
    error: str | None = None


def image_type(data: bytes) -> str | None:
    """Return what kind of image this is, by its first bytes: ``"image/jpeg"``; ``None`` for anything else.

    Source: the MIME Sniffing Standard, Image type patterns; for HEIC and AVIF ISO/IEC 23008-12 and AV1-ISOBMFF.
    """
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return _BRANDS.get(data[8:12]) if data[4:8] == b"ftyp" else None


_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
)
_BRANDS = {
    b"avif": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
}


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
