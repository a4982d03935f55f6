"""``POST /photo-upload``: where glasses and phones bring the photos that sessions asked for.

The rules:

* Who posts proves nothing but that they know the id of a request: 128 random bits, good for one post.
* What the bytes are counts, not what they are said to be: whatever does not begin as an image is refused.
* Statuses and bodies are those of the official SDK; where it has none of its own, the reason is said in its form.

Source: @mentra/sdk 2.1.29 dist/app/server/index.js; docs/protocol.md, Photos.
"""

import logging

import msgspec

from mentra.errors import PhotoError
from mentra.protocol import codec
from mentra.protocol.photos import FILE_FIELD, MAX_PHOTO_BYTES, PhotoErrorCode, PhotoUpload, UploadReply, image_type
from mentra.session.uploads import UploadedPhoto, Uploads
from mentra.transport.base import HttpReply, HttpRequest
from mentra.transport.multipart import FormFile, is_form, read_form

MAX_UPLOAD_BYTES = MAX_PHOTO_BYTES + 64 * 1024
"""How large the body may be: the photo, and the form around it."""

_logger = logging.getLogger("mentra.server")


class UploadRoute:
    """Answers uploads for all sessions of a server."""

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads

    async def handle(self, request: HttpRequest) -> HttpReply:
        """Answer one upload, and hand it to the call that waits for it."""
        try:
            upload, file = await _read(request)
        except ValueError as error:
            return _refused(400, str(error))
        request_id = upload.request_id
        if not isinstance(request_id, str) or not request_id:
            return _refused(400, "No requestId provided")
        if not self._uploads.is_expected(request_id):
            return _refused(404, "No pending request found for this photo (may have timed out or session ended)")
        if upload.failed:
            why = upload.message or "the glasses did not say why"
            self._uploads.settle(request_id, PhotoError(f"There is no photo: {why} ({upload.code}).", code=upload.code))
            return _received(request_id, "Photo error received successfully")
        return self._take(request_id, file)

    def _take(self, request_id: str, file: FormFile | None) -> HttpReply:
        if file is None:
            return self._refuse(request_id, 400, "No photo file provided for successful upload")
        if len(file.data) > MAX_PHOTO_BYTES:
            return self._refuse(request_id, 413, f"The photo has more than {MAX_PHOTO_BYTES} bytes")
        mime_type = image_type(file.data)
        if mime_type is None or not (file.content_type or mime_type).startswith("image/"):
            return self._refuse(request_id, 400, "The file is not an image")
        photo = UploadedPhoto(data=file.data, mime_type=mime_type, filename=file.filename)
        self._uploads.settle(request_id, photo)
        return _received(request_id, "Photo received successfully")

    def _refuse(self, request_id: str, status: int, problem: str) -> HttpReply:
        _logger.warning("Refused an uploaded photo: %s.", problem)
        error = PhotoError(f"The upload was no photo: {problem}.", code=PhotoErrorCode.UPLOAD_FAILED)
        self._uploads.settle(request_id, error)
        return _refused(status, problem)


async def upload_id(request: HttpRequest) -> str | None:
    """Return the id that an upload names; ``None`` if it names none, or cannot be read."""
    try:
        upload, _ = await _read(request)
    except ValueError:
        return None
    return upload.request_id if isinstance(upload.request_id, str) else None


async def _read(request: HttpRequest) -> tuple[PhotoUpload, FormFile | None]:
    """Return what an upload says, and its file.

    Raises:
        ValueError: It is neither a form nor JSON.
    """
    content_type = request.headers.get("content-type", "")
    if is_form(content_type):
        form = await read_form(content_type, request.body)
        return msgspec.convert(form.fields, PhotoUpload), form.files.get(FILE_FIELD)
    upload = codec.decode_as(PhotoUpload, request.body or b"{}")
    if isinstance(upload, codec.Malformed):
        raise ValueError("The body is neither a form nor JSON")
    return upload, None


def _received(request_id: str, message: str) -> HttpReply:
    return HttpReply(200, codec.encode(UploadReply(success=True, request_id=request_id, message=message)))


def _refused(status: int, problem: str) -> HttpReply:
    return HttpReply(status, codec.encode(UploadReply(success=False, error=problem)))
