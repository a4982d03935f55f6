"""What is an image, and what is a failure."""

from typing import Any

import pytest

from mentra.protocol.photos import PhotoErrorCode, PhotoStage, PhotoUpload, image_type


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\xff\xd8\xff\xe1", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n\0", "image/png"),
        (b"GIF89a", "image/gif"),
        (b"BM6", "image/bmp"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"\0\0\0\x18ftypheic", "image/heic"),
        (b"\0\0\0\x18ftypavif", "image/avif"),
        (b"\0\0\0\x18ftypmp42", None),
        (b"RIFF\0\0\0\0WAVE", None),
        (b"\x89PNG", None),
        (b"<svg>", None),
        (b"", None),
    ],
)
def test_an_image_is_known_by_its_first_bytes_w_photo_4(data: bytes, kind: str | None):
    assert image_type(data) == kind


@pytest.mark.parametrize(
    ("fields", "failed"),
    [
        ({"success": False}, True),
        ({"success": "false"}, True),
        ({"success": "FALSE"}, True),
        ({"success": "0"}, True),
        ({"success": 0}, True),
        ({"type": "photo_error", "success": "true"}, True),
        ({"success": True}, False),
        ({"success": "true"}, False),
        ({"success": None}, False),
        ({"type": "photo_upload"}, False),
        ({"type": 7, "success": []}, False),
    ],
)
def test_a_failure_is_known_in_every_form_w_photo_3(fields: dict[str, Any], failed: bool):
    assert PhotoUpload(**fields).failed is failed


@pytest.mark.parametrize("code", [None, "", "  ", 7, ["CAMERA_BUSY"]])
def test_a_code_that_is_none_is_unknown(code: Any):
    upload = PhotoUpload(error_code=code, error_message=code)

    assert (upload.code, upload.message) == ("UNKNOWN_ERROR", "")


def test_there_are_nineteen_codes_and_eight_stages():
    assert (len(PhotoErrorCode), len(PhotoStage)) == (19, 8)
