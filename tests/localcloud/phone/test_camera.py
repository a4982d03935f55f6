"""The virtual camera does what glasses and cloud do (docs/protocol.md, Photos)."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mentra.localcloud import LocalCloud, TakenPhoto, VirtualGlasses
from mentra.localcloud.phone.camera import grey_jpeg
from mentra.protocol.photos import image_type
from mentra.transport.base import HttpReply, HttpRequest, Network
from mentra.transport.multipart import Form, FormFile, read_form
from tests.helpers.scripted_app import ScriptedApp, let_it_happen
from tests.helpers.waiting import until

ADVICE = "Please add the CAMERA permission in the developer console."


class Inbox:
    """A server that takes photos."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[HttpRequest] = []

    async def form(self) -> Form:
        await until(lambda: self.requests)
        return await read_form(self.requests[-1].headers["content-type"], self.requests[-1].body)


@pytest.fixture
async def inbox(network: Network) -> AsyncIterator[Inbox]:
    async def take(request: HttpRequest) -> HttpReply:
        inbox.requests.append(request)
        return HttpReply(200)

    listener = await network.listen("127.0.0.1", 0, take)
    inbox = Inbox(f"{listener.url}/inbox")
    yield inbox
    await listener.close()


@pytest.fixture
def glasses(cloud: LocalCloud) -> VirtualGlasses:
    return cloud.connect_glasses("user1@example.com", model="Mentra Live")


async def ask(app: ScriptedApp, **fields: Any) -> None:
    options = {"requestId": "r1", "saveToGallery": False, "size": "small", "compress": "none", **fields}
    await app.send("photo_request", **options)


def of_type(app: ScriptedApp, kind: str) -> list[Any]:
    return [frame for frame in app.socket.frames if frame["type"] == kind]


async def test_a_photo_is_posted_as_real_glasses_post_it_w_photo_3(
    running: ScriptedApp, glasses: VirtualGlasses, inbox: Inbox
):
    await ask(running, customWebhookUrl=inbox.url, authToken="secret")

    file = FormFile(data=grey_jpeg(640, 480), filename="r1.jpeg", content_type="image/jpeg")
    fields = {"requestId": "r1", "type": "photo_upload", "success": "true"}
    assert await inbox.form() == Form(fields=fields, files={"photo": file})
    assert (inbox.requests[0].method, inbox.requests[0].path) == ("POST", "/inbox")
    assert inbox.requests[0].headers["authorization"] == "Bearer secret"
    await until(lambda: glasses.camera.taken)
    assert list(glasses.camera.taken) == [
        TakenPhoto(
            package_name="com.example.app",
            request_id="r1",
            size="small",
            compress="none",
            url=inbox.url,
            status=200,
        )
    ]


async def test_with_another_server_success_is_told_at_once_w_photo_8(running: ScriptedApp, inbox: Inbox):
    await ask(running, customWebhookUrl=inbox.url, saveToGallery=True)

    (response,) = of_type(running, "photo_response")
    assert response == {
        "type": "photo_response",
        "requestId": "r1",
        "success": True,
        "photoUrl": inbox.url,
        "savedToGallery": True,
        "timestamp": response["timestamp"],
    }


async def test_photos_are_those_of_the_test(
    running: ScriptedApp, glasses: VirtualGlasses, inbox: Inbox, tmp_path: Path
):
    path = tmp_path / "cat.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\ncat")
    glasses.camera.load(path)
    await ask(running, customWebhookUrl=inbox.url)

    form = await inbox.form()
    assert form.files["photo"] == FormFile(data=b"\x89PNG\r\n\x1a\ncat", filename="r1.png", content_type="image/png")


async def test_a_failure_is_told_by_the_phone_w_photo_6(running: ScriptedApp, glasses: VirtualGlasses):
    glasses.camera.fail("CAMERA_BUSY", "busy")
    await ask(running)

    assert of_type(running, "photo_response") == [
        {
            "type": "photo_response",
            "requestId": "r1",
            "success": False,
            "error": {"code": "CAMERA_BUSY", "message": "busy"},
        }
    ]
    assert list(glasses.camera.taken) == []


async def test_a_failure_is_posted_to_the_app_w_photo_3(running: ScriptedApp, glasses: VirtualGlasses, inbox: Inbox):
    glasses.camera.fail("UPLOAD_FAILED", by="upload")
    await ask(running, customWebhookUrl=inbox.url)
    await until(lambda: inbox.requests)

    assert json.loads(inbox.requests[0].body) == {
        "requestId": "r1",
        "type": "photo_error",
        "success": False,
        "errorCode": "UPLOAD_FAILED",
        "errorMessage": "upload failed",
    }


async def test_photos_can_succeed_again(running: ScriptedApp, glasses: VirtualGlasses, inbox: Inbox):
    glasses.camera.fail("CAMERA_BUSY")
    glasses.camera.work()
    await ask(running, customWebhookUrl=inbox.url)

    assert (await inbox.form()).files.keys() == {"photo"}


async def test_without_the_permission_the_app_loses_its_connection_w_photo_7(
    running: ScriptedApp, glasses: VirtualGlasses
):
    glasses.change_permissions("com.example.app", ["MICROPHONE"])
    await ask(running)

    message = f"Camera permission required to take photos. {ADVICE}"
    (error,) = of_type(running, "tpa_connection_error")
    assert (error["code"], error["message"]) == ("PERMISSION_DENIED", message)
    assert running.socket.closed is not None
    assert running.socket.closed.code == 1008
    assert glasses.permissions("com.example.app") == ("MICROPHONE",)


async def test_a_refusal_of_any_kind_can_be_played(running: ScriptedApp, glasses: VirtualGlasses):
    message = "Cannot process photo request - smart glasses are not connected"
    glasses.camera.fail("INTERNAL_ERROR", message, by="refusal")
    await ask(running)

    assert [frame["message"] for frame in of_type(running, "tpa_connection_error")] == [message]
    assert running.socket.closed is not None


async def test_glasses_without_a_camera_are_asked_and_say_nothing_w_photo_9(
    running: ScriptedApp, glasses: VirtualGlasses
):
    await glasses.put_on("Even Realities G1")
    before = len(running.socket.frames)
    await ask(running)
    await let_it_happen()

    assert running.socket.frames[before:] == []
    assert list(glasses.camera.taken) == []


@pytest.mark.parametrize(("width", "height"), [(640, 480), (1280, 720), (17, 9), (1, 1)])
def test_a_grey_photo_is_a_jpeg_of_its_size(width: int, height: int):
    photo = grey_jpeg(width, height)

    frame = photo.index(b"\xff\xc0")
    assert image_type(photo) == "image/jpeg"
    assert (int.from_bytes(photo[frame + 5 : frame + 7]), int.from_bytes(photo[frame + 7 : frame + 9])) == (
        height,
        width,
    )
    assert photo.endswith(b"\xff\xd9")


async def test_who_heard_of_success_hears_of_no_failure_w_photo_8(
    running: ScriptedApp, glasses: VirtualGlasses, inbox: Inbox
):
    glasses.camera.fail("CAMERA_BUSY")
    await ask(running, customWebhookUrl=inbox.url)
    await let_it_happen()

    assert [frame["success"] for frame in of_type(running, "photo_response")] == [True]
    assert inbox.requests == []


async def test_several_photos_at_once_are_told_apart_by_their_ids(running: ScriptedApp, glasses: VirtualGlasses):
    for number in range(3):
        await ask(running, requestId=f"r{number}")
    await until(lambda: len(glasses.camera.taken) == 3)

    assert [photo.request_id for photo in glasses.camera.taken] == ["r0", "r1", "r2"]


async def test_the_field_of_view_can_be_set_in_2026_w_video_9(running_3: ScriptedApp, cloud_3: LocalCloud):
    await running_3.send("camera_fov_set", requestId="r1", fov=92, roiPosition="top")
    await running_3.send("camera_fov_set", requestId="r2", fov=50, roiPosition="top")

    (error,) = of_type(running_3, "tpa_connection_error")
    assert error["code"] == "MALFORMED_MESSAGE"
    assert cloud_3.connect_glasses().camera.field_of_view == 92


async def test_nothing_sets_the_field_of_view_in_2025(running: ScriptedApp, glasses: VirtualGlasses):
    await running.send("camera_fov_set", requestId="r1", fov=50, roiPosition="top")

    assert running.socket.closed is None
    assert glasses.camera.field_of_view is None
