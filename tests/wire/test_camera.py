"""The recorded photo and video, and ours: what our SDK sends, and what our cloud says."""

from typing import Any

import pytest

from mentra import AppSession
from mentra.protocol import codec
from mentra.protocol.photos import UploadReply
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import Diary, World
from tests.helpers.scripted_cloud import PACKAGE_NAME
from tests.helpers.waiting import until
from tests.wire.test_captures import ROWS, encoded, raw

RTMP_URL = "rtmp://127.0.0.1/live"


def recorded(kind: str, direction: str) -> list[dict[str, Any]]:
    return [row["data"] for row in ROWS if row["kind"] == direction and row["data"]["type"] == kind]


@pytest.fixture
async def sent() -> dict[str, dict[str, Any]]:
    """The frames of our SDK in the same story, by type; ``""`` has the statuses that it heard."""
    heard: list[Any] = []

    async def script(session: AppSession) -> None:
        session.camera.on_stream_status(heard.append)
        await session.camera.request_photo()
        async with await session.camera.start_stream(RTMP_URL):
            pass
        session.layouts.show_text_wall("done")

    async with World(MemoryNetwork()) as world:
        app = await world.serve(Diary(script))
        glasses = await world.wear(app, model="Mentra Live")
        await glasses.wait_for_display("done")
        await until(lambda: glasses.video.current is None)
        frames = {frame["type"]: frame for frame in map(encoded, glasses.frames(PACKAGE_NAME))}
    return {**frames, "": {"statuses": [status.status for status in heard]}}


@pytest.mark.parametrize(
    ("kind", "id_row"),
    [("photo_request", "W-PHOTO-1"), ("rtmp_stream_request", "W-VIDEO-1"), ("rtmp_stream_stop", "W-VIDEO-2")],
)
async def test_our_request_has_the_fields_of_the_recorded_one(sent: dict[str, Any], kind: str, id_row: str):
    (original,) = recorded(kind, "app>cloud")[-1:]

    varies = {"packageName", "sessionId", "timestamp", "requestId", "streamId"}
    assert set(sent[kind]) == set(original), id_row
    assert {key: sent[kind][key] for key in sent[kind] if key not in varies} == {
        key: original[key] for key in original if key not in varies
    }


async def test_the_changes_are_those_of_the_recorded_video_once_each(sent: dict[str, Any]):
    original = [frame["status"] for frame in recorded("rtmp_stream_status", "cloud>app")]

    assert original == ["initializing", "initializing", "active", "stopped"]
    assert sent[""]["statuses"] == list(dict.fromkeys(original))


@pytest.mark.parametrize("frame", recorded("rtmp_stream_status", "cloud>app"))
def test_a_recorded_status_is_understood_whole(frame: dict[str, Any]):
    assert encoded(codec.decode_from_cloud(raw(frame))) == frame


def test_our_answer_to_an_upload_is_the_recorded_one():
    answers = [row["body"] for row in ROWS if row["kind"] == "app>cloud.httpres" and row["path"] == "/photo-upload"]

    for answer, request_id in zip(
        answers, ("photo_req_1795395401255_dtbh396", "photo_req_1795395401259_ex9n2r3"), strict=True
    ):
        ours = UploadReply(success=True, request_id=request_id, message="Photo received successfully")
        assert codec.encode(ours).decode() == answer
