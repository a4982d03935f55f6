"""Photos: two channels answer, and the first one decides."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mentra import (
    AppServer,
    AppSession,
    HardwareUnavailable,
    MentraError,
    NotConnected,
    PermissionDenied,
    Photo,
    PhotoError,
    PhotoErrorCode,
    RequestFailed,
    RequestTimeout,
    SessionStopped,
)
from mentra.localcloud import TakenPhoto
from mentra.localcloud.phone.camera import grey_jpeg
from mentra.protocol.photos import MAX_PHOTO_BYTES
from mentra.transport.base import HttpReply, HttpRequest, Network
from mentra.transport.memory import MemoryNetwork
from mentra.transport.multipart import FormFile, read_form, write_form
from tests.conversations.world import Diary, World, serving
from tests.helpers.scripted_cloud import PACKAGE_NAME, ScriptedCloud, body_of, refusal, turns
from tests.helpers.waiting import clock, until

JPEG = b"\xff\xd8\xff\xe0 not much of a photo"
CAPABILITIES: dict[str, Any] = {
    "modelName": "Even Realities G1",
    "hasCamera": False,
    "camera": None,
    **{
        key: value
        for part, has in {
            "display": "hasDisplay",
            "microphone": "hasMicrophone",
            "speaker": "hasSpeaker",
            "imu": "hasIMU",
            "button": "hasButton",
            "light": "hasLight",
        }.items()
        for key, value in ((has, False), (part, None))
    },
    "power": None,
    "hasWifi": False,
}
UNKNOWN_ID = "No pending request found for this photo (may have timed out or session ended)"


async def upload(cloud: ScriptedCloud, app: AppServer, fields: dict[str, str], photo: FormFile | None) -> HttpReply:
    """Post a form, as the glasses do."""
    content_type, body = write_form(fields, {"photo": photo} if photo else {})
    return await cloud.post(app, "/photo-upload", body, headers={"content-type": content_type})


async def report(cloud: ScriptedCloud, app: AppServer, body: Any) -> HttpReply:
    """Post JSON, as the glasses do when there is no photo."""
    return await cloud.post(app, "/photo-upload", body, headers={"content-type": "application/json"})


def a_jpeg(data: bytes = JPEG, content_type: str = "image/jpeg") -> FormFile:
    return FormFile(data=data, filename="IMG_1.jpg", content_type=content_type)


class Asking:
    """A session that has asked for a photo, and what became of that."""

    def __init__(self, app: Diary, cloud: ScriptedCloud, **options: Any) -> None:
        self.app = app
        self.cloud = cloud
        self.task = asyncio.create_task(app.session.camera.request_photo(**options))

    async def request(self) -> Any:
        """The frame that asks."""
        await until(lambda: self.cloud.socket.of_type("photo_request"))
        return self.cloud.socket.of_type("photo_request")[-1]

    async def error(self) -> BaseException:
        """Why there is no photo; it must come at once."""
        before = clock()
        await asyncio.wait([self.task], timeout=20)
        assert clock() - before < 1
        error = self.task.exception()
        assert error is not None
        return error


async def asking(app: Diary, cloud: ScriptedCloud, **options: Any) -> Asking:
    await cloud.start(app)
    await turns()
    return Asking(app, cloud, **options)


async def test_a_photo_travels_from_the_glasses_to_the_app_w_photo(world: World):
    photos: list[Photo] = []

    async def script(session: AppSession) -> None:
        photos.append(await session.camera.request_photo(size="small", compress="heavy", save_to_gallery=True))
        session.layouts.show_text_wall("done")

    app = await world.serve(Diary(script))
    glasses = await world.wear(app, model="Mentra Live")
    await glasses.wait_for_display("done")

    (photo,) = photos
    assert photo == Photo(
        data=grey_jpeg(640, 480),
        mime_type="image/jpeg",
        filename=f"{photo.request_id}.jpeg",
        request_id=photo.request_id,
        time=photo.time,
    )
    assert list(glasses.camera.taken) == [
        TakenPhoto(
            package_name=PACKAGE_NAME,
            request_id=photo.request_id,
            size="small",
            compress="heavy",
            url=f"{app.url}/photo-upload",
            status=200,
        )
    ]


async def test_a_photo_of_ten_mebibytes_arrives_whole_w_photo_4(world: World):
    photos: list[Photo] = []

    async def script(session: AppSession) -> None:
        photos.append(await session.camera.request_photo())

    await world.serve(Diary(script))
    large = JPEG + bytes(MAX_PHOTO_BYTES - len(JPEG))
    glasses = world.cloud.connect_glasses("user1@example.com", model="Mentra Live")
    glasses.camera.load(large)
    await glasses.start(PACKAGE_NAME)
    await until(lambda: photos)

    assert photos[0].data == large
    assert photos[0].size_bytes == MAX_PHOTO_BYTES


async def test_the_request_is_that_of_the_official_sdk_w_photo_1(cloud: ScriptedCloud, network: Network):
    async with serving(Diary(), network) as app:
        call = await asking(app, cloud)
        request = await call.request()
        await upload(cloud, app, {"requestId": request["requestId"], "type": "photo_upload"}, a_jpeg())
        photo = await call.task

    assert request == {
        "type": "photo_request",
        "packageName": PACKAGE_NAME,
        "sessionId": f"user1@example.com-{PACKAGE_NAME}",
        "requestId": photo.request_id,
        "timestamp": request["timestamp"],
        "saveToGallery": False,
        "size": "medium",
        "compress": "none",
    }
    assert (photo.data, photo.filename) == (JPEG, "IMG_1.jpg")


async def test_the_shutter_sound_is_said_when_it_was_wished(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        call = await asking(app, memory_cloud, sound=False)
        request = await call.request()
        call.task.cancel()

        assert request["sound"] is False


async def test_ids_cannot_be_guessed_w_photo_5(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        calls = [await asking(app, memory_cloud), Asking(app, memory_cloud)]
        await turns()
        first, second = [frame["requestId"] for frame in memory_cloud.socket.of_type("photo_request")]
        for call in calls:
            call.task.cancel()

        prefix, _, random = first.rpartition("_")
        assert prefix == "photo_req"
        assert len(bytes.fromhex(random)) == 16
        assert first != second


async def test_an_id_serves_once_w_photo_5(cloud: ScriptedCloud, network: Network):
    async with serving(Diary(), network) as app:
        call = await asking(app, cloud)
        fields = {"requestId": (await call.request())["requestId"], "type": "photo_upload", "success": "true"}

        first = await upload(cloud, app, fields, a_jpeg())
        second = await upload(cloud, app, fields, a_jpeg(b"\xff\xd8\xff another"))

        assert (first.status, body_of(first)) == (
            200,
            {"success": True, "requestId": fields["requestId"], "message": "Photo received successfully"},
        )
        assert (second.status, body_of(second)) == (404, {"success": False, "error": UNKNOWN_ID})
        assert (await call.task).data == JPEG


@pytest.mark.parametrize("code", list(PhotoErrorCode))
async def test_each_failure_on_the_socket_is_an_error_at_once_w_photo_6(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, code: PhotoErrorCode
):
    """Defect 6 of the official SDK 2.1.29: it ignores a refusal on the socket, and waits for 30 s."""
    async with serving(Diary(), memory) as app:
        call = await asking(app, memory_cloud)
        request_id = (await call.request())["requestId"]
        details = {"stage": "PHOTO_CAPTURE", "retryable": True, "suggestedAction": "Try again."}
        error = {"code": str(code), "message": "It is broken", "details": details}
        memory_cloud.socket.send({"type": "photo_response", "requestId": request_id, "success": False, "error": error})

        failure = await call.error()
        late = await upload(memory_cloud, app, {"requestId": request_id}, a_jpeg())

        assert isinstance(failure, PhotoError)
        assert (failure.code, failure.stage, failure.retryable, failure.suggested_action) == (
            code,
            "PHOTO_CAPTURE",
            True,
            "Try again.",
        )
        assert str(failure) == f"There is no photo: It is broken ({code})."
        assert late.status == 404


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({"errorCode": "CAMERA_BUSY", "errorMessage": "busy"}, "CAMERA_BUSY", "busy (CAMERA_BUSY)"),
        ({"error": {"code": "LENS_CAP_ON"}}, "LENS_CAP_ON", "the glasses did not say why (LENS_CAP_ON)"),
        ({"error": "busy"}, "UNKNOWN_ERROR", "the glasses did not say why (UNKNOWN_ERROR)"),
        ({"error": {"code": 7, "message": "odd"}}, "UNKNOWN_ERROR", "odd (UNKNOWN_ERROR)"),
        ({}, "UNKNOWN_ERROR", "the glasses did not say why (UNKNOWN_ERROR)"),
    ],
)
async def test_a_failure_is_understood_in_whatever_form_it_comes_w_photo_6(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, fields: dict[str, Any], code: str, message: str
):
    async with serving(Diary(), memory) as app:
        call = await asking(app, memory_cloud)
        request_id = (await call.request())["requestId"]
        memory_cloud.socket.send({"type": "photo_response", "requestId": request_id, "success": False, **fields})

        failure = await call.error()

        assert isinstance(failure, PhotoError)
        assert (failure.code, str(failure)) == (code, f"There is no photo: {message}.")


@pytest.mark.parametrize("success", [False, "false", "0", 0])
@pytest.mark.parametrize("code", list(PhotoErrorCode)[:2])
async def test_a_reported_failure_is_an_error_at_once_w_photo_3(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, success: Any, code: str
):
    """Defect 6 of the official SDK 2.1.29: it takes the text "false" for success, and misses the file."""
    async with serving(Diary(), memory) as app:
        call = await asking(app, memory_cloud)
        request_id = (await call.request())["requestId"]
        what = {"requestId": request_id, "success": success, "errorCode": code, "errorMessage": "It broke"}

        answer = await report(memory_cloud, app, what)

        failure = await call.error()
        assert (answer.status, body_of(answer)) == (
            200,
            {"success": True, "requestId": request_id, "message": "Photo error received successfully"},
        )
        assert isinstance(failure, PhotoError)
        assert (failure.code, str(failure)) == (code, f"There is no photo: It broke ({code}).")


@pytest.mark.parametrize("fields", [{"type": "photo_error"}, {"success": "false"}, {"success": "0"}])
async def test_a_failure_may_be_reported_by_a_form_w_photo_3(
    cloud: ScriptedCloud, network: Network, fields: dict[str, str]
):
    async with serving(Diary(), network) as app:
        call = await asking(app, cloud)

        answer = await upload(cloud, app, {"requestId": (await call.request())["requestId"], **fields}, None)

        failure = await call.error()
        assert answer.status == 200
        assert isinstance(failure, PhotoError)
        assert failure.code == "UNKNOWN_ERROR"


async def test_a_successful_response_without_bytes_is_no_photo_w_photo_6(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    async with serving(Diary(), memory) as app:
        call = await asking(app, memory_cloud)
        request_id = (await call.request())["requestId"]
        memory_cloud.socket.send({"type": "photo_response", "requestId": request_id, "success": True})
        await turns()

        assert not call.task.done()

        await upload(memory_cloud, app, {"requestId": request_id}, a_jpeg())
        assert (await call.task).data == JPEG


async def test_a_missing_permission_costs_the_call_and_not_the_session_w_photo_7(world: World):
    """Defects 4 and 6 of the official SDK 2.1.29: after one refused photo the session is a zombie."""
    errors: list[PermissionDenied] = []

    async def script(session: AppSession) -> None:
        try:
            await session.camera.request_photo()
        except PermissionDenied as error:
            errors.append(error)

    app = await world.serve(Diary(script), permissions=["MICROPHONE"])
    await world.wear(app, model="Mentra Live")
    await until(lambda: errors)
    await until(lambda: app.session.connected, within=20)

    (error,) = errors
    assert (error.code, error.permission) == ("PERMISSION_DENIED", "CAMERA")
    assert str(error) == (
        "The cloud refused: Camera permission required to take photos. "
        "Please add the CAMERA permission in the developer console."
    )
    assert app.calls == ["session user1@example.com"]


async def test_whoever_was_refused_can_say_so_by_voice_at_once(world: World):
    async def script(session: AppSession) -> None:
        try:
            await session.camera.request_photo()
        except PermissionDenied:
            await session.audio.speak("I may not look.")

    app = await world.serve(Diary(script), permissions=["MICROPHONE"])
    glasses = await world.wear(app, model="Mentra Live")
    await until(lambda: glasses.spoken, within=20)

    assert list(glasses.spoken) == ["I may not look."]


@pytest.mark.parametrize(
    "message",
    [
        "Cannot process photo request - smart glasses are not connected",
        "Cannot process photo request - phone is not connected (no WebSocket)",
        "Failed to request photo",
    ],
)
async def test_every_other_refusal_is_a_photo_error_w_photo_7(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, message: str
):
    async with serving(Diary(), memory) as app:
        call = await asking(app, memory_cloud)
        await call.request()
        memory_cloud.socket.send(refusal("INTERNAL_ERROR", message))
        memory_cloud.socket.close(1008, message)

        failure = await call.error()

        assert isinstance(failure, PhotoError)
        assert (failure.code, str(failure)) == ("INTERNAL_ERROR", f"The cloud refused: {message}")


async def test_a_photo_survives_a_lost_connection_w_photo_2(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        call = await asking(app, memory_cloud)
        request_id = (await call.request())["requestId"]
        memory_cloud.socket.abort()
        await memory_cloud.live_socket(2)

        await upload(memory_cloud, app, {"requestId": request_id}, a_jpeg())

        assert (await call.task).data == JPEG


async def test_glasses_without_a_camera_are_not_asked(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    memory_cloud.answer = {**dict(memory_cloud.answer), "capabilities": CAPABILITIES}  # type: ignore[arg-type] - a dict
    async with serving(Diary(), memory) as app:
        call = await asking(app, memory_cloud)

        error = await call.error()

        assert isinstance(error, HardwareUnavailable)
        assert (error.feature, error.model_name) == ("camera", "Even Realities G1")
        assert memory_cloud.socket.of_type("photo_request") == []


async def test_a_photo_that_does_not_come_is_given_up_w_photo_2(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        began = clock()
        call = await asking(app, memory_cloud)
        request_id = (await call.request())["requestId"]

        with pytest.raises(RequestTimeout, match=r"^The photo did not come within 30 s\.$"):
            await call.task

        late = await upload(memory_cloud, app, {"requestId": request_id}, a_jpeg())
        assert clock() - began == pytest.approx(30, abs=0.1)
        assert (late.status, body_of(late)) == (404, {"success": False, "error": UNKNOWN_ID})


async def test_a_cancelled_call_refuses_what_comes_later_w_photo_5(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        call = await asking(app, memory_cloud)
        request_id = (await call.request())["requestId"]
        call.task.cancel()
        await turns()

        late = await upload(memory_cloud, app, {"requestId": request_id}, a_jpeg())

        assert late.status == 404
        assert call.task.cancelled()


async def test_the_end_of_the_session_ends_the_wait(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    """Defects 7 and 31 of the official SDK 2.1.29: a text is raised, after the session is gone."""
    async with serving(Diary(), memory) as app:
        call = await asking(app, memory_cloud)
        request_id = (await call.request())["requestId"]
        await memory_cloud.stop(app)

        error = await call.error()
        late = await upload(memory_cloud, app, {"requestId": request_id}, a_jpeg())

        assert isinstance(error, SessionStopped)
        assert late.status == 404
        with pytest.raises(SessionStopped):
            await app.session.camera.request_photo()


async def test_without_a_connection_nothing_is_asked(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.socket.abort()
        await turns()

        with pytest.raises(NotConnected):
            await app.session.camera.request_photo(timeout=0.5)
        await memory_cloud.live_socket(2)
        await turns()

        assert memory_cloud.socket.of_type("photo_request") == []


async def test_a_photo_goes_to_the_session_that_asked_for_it(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app, user_id="one@example.com")
        await memory_cloud.start(app, user_id="two@example.com")
        await turns()
        calls = [asyncio.create_task(session.camera.request_photo()) for session in app.current]
        await turns()
        ids = [socket.of_type("photo_request")[0]["requestId"] for socket in memory_cloud.sockets]

        for request_id, mark in zip(reversed(ids), (b"two", b"one"), strict=True):
            await upload(memory_cloud, app, {"requestId": request_id}, a_jpeg(JPEG + mark))

        assert [(await call).data for call in calls] == [JPEG + b"one", JPEG + b"two"]


# What is posted, and what is answered.


@pytest.mark.parametrize(
    ("content_type", "body", "status", "error"),
    [
        ("application/json", b'{"success":true}', 400, "No requestId provided"),
        ("application/json", b'{"requestId":7}', 400, "No requestId provided"),
        ("application/json", b"", 400, "No requestId provided"),
        ("", b"", 400, "No requestId provided"),
        ("application/json", b'{"requestId":"guessed"}', 404, UNKNOWN_ID),
        ("application/json", b"[", 400, "The body is neither a form nor JSON"),
        ("text/plain", b"hello", 400, "The body is neither a form nor JSON"),
        (
            "multipart/form-data; boundary=x",
            b"--y",
            400,
            "The body is no form: Could not find starting boundary b'--x'",
        ),
        ("multipart/form-data", b"", 400, "The body is no form: boundary missed for Content-Type: multipart/form-data"),
    ],
)
async def test_what_is_no_upload_is_refused_w_photo_3(
    cloud: ScriptedCloud, network: Network, content_type: str, body: bytes, status: int, error: str
):
    async with serving(Diary(), network) as app:
        headers = {"content-type": content_type} if content_type else None

        answer = await cloud.post(app, "/photo-upload", body, headers=headers)

        assert (answer.status, body_of(answer)) == (status, {"success": False, "error": error})


@pytest.mark.parametrize(
    ("photo", "status", "problem"),
    [
        (None, 400, "No photo file provided for successful upload"),
        (a_jpeg(b""), 400, "The file is not an image"),
        (a_jpeg(b"<script>alert()</script>"), 400, "The file is not an image"),
        (a_jpeg(content_type="text/html"), 400, "The file is not an image"),
        (a_jpeg(JPEG + bytes(MAX_PHOTO_BYTES)), 413, "The photo has more than 10485760 bytes"),
    ],
    ids=["no file", "empty", "no image inside", "no image by its type", "too large"],
)
async def test_an_upload_that_is_no_photo_fails_the_call_w_photo_4(
    cloud: ScriptedCloud, network: Network, photo: FormFile | None, status: int, problem: str
):
    async with serving(Diary(), network) as app:
        call = await asking(app, cloud)
        fields = {"requestId": (await call.request())["requestId"], "type": "photo_upload", "success": "true"}

        answer = await upload(cloud, app, fields, photo)

        error = await call.error()
        assert (answer.status, body_of(answer)) == (status, {"success": False, "error": problem})
        assert isinstance(error, PhotoError)
        assert (error.code, str(error)) == ("UPLOAD_FAILED", f"The upload was no photo: {problem}.")


async def test_the_kind_of_image_is_that_of_its_bytes_w_photo_4(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        call = await asking(app, memory_cloud)
        png = FormFile(data=b"\x89PNG\r\n\x1a\n...", filename="", content_type="image/jpeg")

        await upload(memory_cloud, app, {"requestId": (await call.request())["requestId"]}, png)

        photo = await call.task
        assert (photo.mime_type, photo.filename) == ("image/png", "photo.jpg")


@pytest.mark.parametrize(
    ("path", "allowed"), [("/photo-upload", MAX_PHOTO_BYTES), ("/webhook", 1_000_000), ("/tool", 1_000_000)]
)
async def test_only_photos_may_be_large_w_photo_4(cloud: ScriptedCloud, network: Network, path: str, allowed: int):
    async with serving(Diary(), network) as app:
        fits = await cloud.post(app, path, b" " * allowed)
        too_large = await cloud.post(app, path, b" " * (allowed + 100_000))

        assert fits.status != 413
        assert too_large.status == 413


# Another server's photo.


async def test_a_photo_may_go_to_another_server_w_photo_8(world: World, network: Network):
    received: list[tuple[Any, ...]] = []
    ids: list[str] = []

    async def elsewhere(request: HttpRequest) -> HttpReply:
        form = await read_form(request.headers["content-type"], request.body)
        received.append((request.path, request.headers["authorization"], form.fields, form.files["photo"].data))
        return HttpReply(200)

    async def script(session: AppSession) -> None:
        ids.append(await session.camera.upload_photo_to(f"{other.url}/mine", auth_token="secret", size="small"))

    other = await network.listen("127.0.0.1", 0, elsewhere)
    app = await world.serve(Diary(script))
    await world.wear(app, model="Mentra Live")
    await until(lambda: received and ids)
    await other.close()

    fields = {"requestId": ids[0], "type": "photo_upload", "success": "true"}
    assert received == [("/mine", "Bearer secret", fields, grey_jpeg(640, 480))]


async def test_the_other_server_is_named_in_the_request_w_photo_8(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        url = "https://photos.example.com/x"
        call = asyncio.create_task(app.session.camera.upload_photo_to(url, auth_token="t"))
        await turns()
        (request,) = memory_cloud.socket.of_type("photo_request")
        response = {"type": "photo_response", "requestId": request["requestId"], "success": True, "photoUrl": url}
        memory_cloud.socket.send(response)

        assert await call == request["requestId"]
        assert (request["customWebhookUrl"], request["authToken"]) == (url, "t")
        assert (await upload(memory_cloud, app, {"requestId": request["requestId"]}, a_jpeg())).status == 404


@pytest.mark.parametrize("url", ["", "photos.example.com", "ftp://example.com/", "https://"])
async def test_an_impossible_other_server_is_refused(memory: MemoryNetwork, memory_cloud: ScriptedCloud, url: str):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()

        with pytest.raises(ValueError, match="is no URL that glasses could post to"):
            await app.session.camera.upload_photo_to(url)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"size": "huge"}, "size must be one of 'small', 'medium', 'large', 'full', not 'huge'"),
        ({"compress": "light"}, "compress must be one of 'none', 'medium', 'heavy', not 'light'"),
    ],
)
async def test_an_unknown_option_is_refused(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, options: dict[str, Any], problem: str
):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()

        with pytest.raises(ValueError, match=problem):
            await app.session.camera.request_photo(**options)


# A series.


async def test_a_series_asks_for_one_photo_at_a_time(memory: MemoryNetwork, caplog: pytest.LogCaptureFixture):
    times: list[float] = []

    async def script(session: AppSession) -> None:
        async for photo in session.camera.photos(interval=5, size="small"):
            times.append(clock())
            if len(times) == 2:
                glasses.camera.fail("CAMERA_BUSY", "busy")
            if photo.data and len(times) == 3:
                session.layouts.show_text_wall("done")
                break

    async with World(memory) as world:
        app = await world.serve(Diary(script))
        glasses = await world.wear(app, model="Mentra Live")
        await until(lambda: len(times) == 2, within=20)
        await asyncio.sleep(11)
        glasses.camera.work()
        await glasses.wait_for_display("done", timeout=20)

    began = times[0]
    assert [round(each - began) for each in times] == [0, 5, 20]
    missing = "A photo is missing from the series: There is no photo: busy (CAMERA_BUSY)."
    assert [line.partition("] ")[2] for line in caplog.messages if "series" in line] == [missing, missing]


async def test_a_series_ends_with_the_session(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async def collect(session: AppSession) -> list[Photo]:
        return [photo async for photo in session.camera.photos(interval=60)]

    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        collecting = asyncio.create_task(collect(app.session))
        await turns()
        request_id = memory_cloud.socket.of_type("photo_request")[0]["requestId"]
        await upload(memory_cloud, app, {"requestId": request_id}, a_jpeg())
        began = clock()
        await memory_cloud.stop(app)

        assert [photo.data for photo in await collecting] == [JPEG]
        assert clock() - began < 1


async def test_a_series_that_can_never_succeed_ends_with_the_error(memory: MemoryNetwork):
    errors: list[MentraError] = []

    async def script(session: AppSession) -> None:
        try:
            async for _ in session.camera.photos(interval=5):
                pass
        except RequestFailed as error:
            errors.append(error)

    async with World(memory) as world:
        app = await world.serve(Diary(script), permissions=[])
        await world.wear(app, model="Mentra Live")
        await until(lambda: errors)

        assert [type(error) for error in errors] == [PermissionDenied]


async def test_an_interval_of_nothing_is_refused(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()

        with pytest.raises(ValueError, match="interval must be a number of seconds above 0, not 0"):
            await anext(app.session.camera.photos(interval=0))


# What a photo can do.


def a_photo() -> Photo:
    return Photo(
        data=b"\xff\xd8\xff!",
        mime_type="image/jpeg",
        filename="photo.jpg",
        request_id="photo_req_1",
        time=datetime(2026, 1, 31, tzinfo=UTC),
    )


def test_a_photo_is_saved(tmp_path: Path):
    path = a_photo().save(tmp_path / "photo.jpg")

    assert path.read_bytes() == b"\xff\xd8\xff!"


def test_a_photo_can_be_put_into_json():
    photo = a_photo()

    assert json.loads(json.dumps([photo.base64(), photo.data_url()])) == ["/9j/IQ==", "data:image/jpeg;base64,/9j/IQ=="]


def test_a_photo_does_not_print_its_bytes():
    assert "xff" not in repr(a_photo())


@pytest.mark.parametrize(
    ("name", "right"),
    [("url", r"photo\.data"), ("buffer", r"photo\.data"), ("mimeType", "'mime_type'"), ("size", "size_bytes")],
)
def test_a_wrong_name_of_a_photo_is_answered_with_the_right_one(name: str, right: str):
    with pytest.raises(AttributeError, match=right):
        getattr(a_photo(), name)
