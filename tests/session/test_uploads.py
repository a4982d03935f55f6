"""The desk between one upload route and many sessions."""

import asyncio

import pytest

from mentra.errors import PhotoError
from mentra.session.requests import Requests
from mentra.session.uploads import UploadedPhoto, Uploads

PHOTO = UploadedPhoto(data=b"photo", mime_type="image/jpeg", filename="photo.jpg")


async def waiting(uploads: Uploads, requests: Requests, request_id: str = "r1") -> "asyncio.Task[UploadedPhoto]":
    uploads.expect(request_id, requests)
    task = asyncio.create_task(requests.wait(request_id, what="The photo", timeout=1))
    await asyncio.sleep(0)
    return task


async def test_a_photo_goes_to_the_call_of_its_id():
    uploads, one, other = Uploads(), Requests(), Requests()
    first, second = await waiting(uploads, one, "r1"), await waiting(uploads, other, "r2")

    uploads.settle("r2", PHOTO)

    assert await second == PHOTO
    assert not first.done()
    assert (uploads.is_expected("r1"), uploads.is_expected("r2")) == (True, False)
    one.close("over")
    with pytest.raises(Exception, match="over"):
        await first


async def test_an_error_fails_the_call():
    uploads, requests = Uploads(), Requests()
    call = await waiting(uploads, requests)

    uploads.settle("r1", PhotoError("no"))

    with pytest.raises(PhotoError, match="no"):
        await call


async def test_nobody_is_expected_once_the_call_has_its_answer():
    uploads, requests = Uploads(), Requests()
    call = await waiting(uploads, requests)
    requests.answer("r1", PHOTO)

    assert not uploads.is_expected("r1")
    uploads.settle("r1", PhotoError("late"))
    assert await call == PHOTO


def test_what_nobody_waits_for_changes_nothing():
    uploads = Uploads()
    uploads.settle("r1", PHOTO)
    uploads.forget("r1")

    assert len(uploads) == 0
