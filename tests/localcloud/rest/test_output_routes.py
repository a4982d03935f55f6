"""The REST routes for the further destinations of a managed video (docs/protocol.md, Video)."""

import json
from typing import Any

import pytest

from mentra.localcloud import LocalCloud, VirtualGlasses
from mentra.localcloud.phone.streamed_video import ManagedVideo
from mentra.transport.base import Network
from tests.helpers.scripted_app import API_KEY, ScriptedApp


@pytest.fixture
def glasses(cloud: LocalCloud) -> VirtualGlasses:
    return cloud.connect_glasses("user1@example.com", model="Mentra Live")


@pytest.fixture
def call(network: Network, cloud: LocalCloud) -> Any:
    async def call(method: str, path: str, body: Any = None, key: str = API_KEY) -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        text = b"" if body is None else json.dumps(body).encode()
        url = f"{cloud.url}/api/streams/{path}"
        reply = await network.request(method, url, headers=headers, body=text, timeout=1)
        return reply.status, json.loads(reply.body)

    return call


APP = {"packageName": "com.example.app"}
ASKED = "outputs?packageName=com.example.app"


async def test_a_managed_video_is_sent_further_while_it_is_streamed(
    running: ScriptedApp, glasses: VirtualGlasses, call: Any
):
    await running.send("managed_stream_request")
    assert glasses.video.current is not None
    stream_id = glasses.video.current.stream_id
    path = f"{stream_id}/outputs"

    status, added = await call("POST", path, {**APP, "url": "rtmp://a/b", "name": "a"})
    told = running.socket.frames[-1]
    again = await call("POST", path, {**APP, "url": "rtmp://a/b"})
    _, listed = await call("GET", f"{stream_id}/{ASKED}")
    removed = await call("DELETE", f"{path}/{added['outputId']}", APP)
    removed_again = await call("DELETE", f"{path}/{added['outputId']}", APP)

    assert (status, added) == (
        200,
        {"success": True, "outputId": added["outputId"], "message": "Output added successfully"},
    )
    assert (told["message"], told["outputs"]) == (
        "Outputs updated",
        [{"url": "rtmp://a/b", "name": "a", "status": "stopped"}],
    )
    output = {"outputId": added["outputId"], "url": "rtmp://a/b", "name": "a", "addedBy": "com.example.app"}
    assert listed == {
        "streamId": stream_id,
        "outputs": [{**output, "status": "unknown"}],
        "total": 1,
        "maxPerStream": 10,
        "maxPerApp": 10,
    }
    assert again == (
        409,
        {"error": "DUPLICATE_URL", "message": "This RTMP URL is already configured as an output"},
    )
    assert removed == (200, {"success": True, "message": "Output removed successfully"})
    assert removed_again == (404, {"error": "OUTPUT_NOT_FOUND", "message": "Output not found"})


async def test_ten_destinations_are_the_most(running: ScriptedApp, glasses: VirtualGlasses, call: Any):
    await running.send("managed_stream_request")
    assert glasses.video.current is not None
    path = f"{glasses.video.current.stream_id}/outputs"
    answers = [await call("POST", path, {**APP, "url": f"rtmp://a/{number}"}) for number in range(11)]

    assert [status for status, _ in answers] == [200] * 10 + [409]
    assert answers[-1][1] == {
        "error": "MAX_OUTPUTS_REACHED",
        "message": "Stream has reached maximum of 10 outputs",
    }


async def test_only_viewers_send_it_further_and_only_their_own_is_removed(
    network: Network, cloud: LocalCloud, running: ScriptedApp, glasses: VirtualGlasses, call: Any
):
    await running.send("managed_stream_request", restreamDestinations=[{"url": "rtmp://a/b"}])
    video = glasses.video.current
    assert isinstance(video, ManagedVideo)
    path = f"{video.stream_id}/outputs"
    wish = {"packageName": "com.example.other", "url": "rtmp://c/d"}
    async with ScriptedApp(network, "com.example.other") as other:
        cloud.install(other.installed(app_type="background"))
        away = await call("POST", path, wish)
        await glasses.start("com.example.other")
        no_viewer = await call("POST", path, wish)
        foreign = await call("DELETE", f"{path}/{video.outputs[0].output_id}", wish)

    message = "Managed stream not found or app is not a viewer"
    assert away == (404, {"error": "STREAM_NOT_FOUND", "message": message})
    assert no_viewer == (
        403,
        {"error": "NOT_A_VIEWER", "message": "App must be viewing the stream to add outputs"},
    )
    assert foreign == (403, {"error": "NOT_AUTHORIZED", "message": "You can only remove outputs that you added"})


@pytest.mark.parametrize(
    ("url", "error", "message"),
    [
        (None, "INVALID_URL", "URL is required and must be a string"),
        (5, "INVALID_URL", "URL is required and must be a string"),
        ("https://a", "INVALID_URL_FORMAT", "URL must start with rtmp:// or rtmps://"),
    ],
)
async def test_other_addresses_are_refused(app: ScriptedApp, call: Any, url: Any, error: str, message: str):
    assert await call("POST", "none/outputs", {**APP, "url": url}) == (400, {"error": error, "message": message})


@pytest.mark.parametrize(
    ("path", "key", "status", "answer"),
    [
        (f"none/{ASKED}", API_KEY, 404, {"error": "STREAM_NOT_FOUND", "message": "Managed stream not found"}),
        ("none/outputs", API_KEY, 400, {"error": "Package name required for API key validation"}),
        ("none/outputs?packageName=com.example.no", API_KEY, 401, {"error": "Invalid API Key or Package Name"}),
        (f"none/{ASKED}", "wrong", 401, {"error": "Invalid API Key"}),
    ],
)
async def test_a_key_can_be_checked_at_a_video_that_there_is_not_w_check_4(
    app: ScriptedApp, call: Any, path: str, key: str, status: int, answer: Any
):
    assert await call("GET", path, key=key) == (status, answer)
