"""Video: started when it runs, never stuck, and each change told once."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest

from mentra import (
    AppSession,
    ExistingStream,
    HardwareUnavailable,
    ManagedStream,
    ManagedStreamStatus,
    PermissionDenied,
    RequestTimeout,
    RestreamDestination,
    SessionStopped,
    SoundOptions,
    StreamError,
    StreamStatus,
    VideoOptions,
    VideoStatistics,
    VideoStream,
)
from mentra.localcloud.models import MODELS
from mentra.protocol import codec
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import Diary, World, serving
from tests.helpers.scripted_cloud import ACK, PACKAGE_NAME, ScriptedCloud, refusal, turns
from tests.helpers.waiting import clock, until

URL = "rtmp://video.example.com/live/key"
SESSION_ID = f"user1@example.com-{PACKAGE_NAME}"
URLS = {"hlsUrl": "https://v.example.com/h", "dashUrl": "https://v.example.com/d"}


@pytest.fixture
async def app(memory: MemoryNetwork, memory_cloud: ScriptedCloud) -> AsyncIterator[Diary]:
    """An app with one session on the scripted cloud."""
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        yield app


def rtmp(status: str, stream_id: str = "s1", **more: Any) -> dict[str, Any]:
    return {"type": "rtmp_stream_status", "streamId": stream_id, "status": status, "appId": PACKAGE_NAME, **more}


def managed(status: str, **more: Any) -> dict[str, Any]:
    return {"type": "managed_stream_status", "status": status, **more}


async def tell(cloud: ScriptedCloud, *frames: dict[str, Any]) -> None:
    for frame in frames:
        cloud.socket.send(frame)
    await turns()


async def begin(work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
    """Begin a call, and let it send what it sends."""
    task = asyncio.create_task(work)
    await turns()
    return task


async def started(app: Diary, cloud: ScriptedCloud) -> VideoStream:
    call = await begin(app.session.camera.start_stream(URL))
    await tell(cloud, rtmp("initializing"), rtmp("active"))
    stream = await call
    assert isinstance(stream, VideoStream)
    return stream


async def started_managed(app: Diary, cloud: ScriptedCloud) -> ManagedStream:
    call = await begin(app.session.camera.start_managed_stream())
    await tell(cloud, managed("initializing", streamId="m1"), managed("active", streamId="m1", **URLS))
    stream = await call
    assert isinstance(stream, ManagedStream)
    return stream


# To a server of one's own.


async def test_a_video_is_there_when_it_runs_w_video(world: World):
    streams: list[VideoStream] = []

    async def script(session: AppSession) -> None:
        async with await session.camera.start_stream(URL) as stream:
            assert session.camera.stream is stream
            streams.append(stream)
            session.layouts.show_text_wall(f"on air {stream.status}")
            await over.wait()
        session.layouts.show_text_wall(f"over {session.camera.stream}")

    over = asyncio.Event()
    app = await world.serve(Diary(script))
    glasses = await world.wear(app, model="Mentra Live")
    await glasses.wait_for_display("on air active")
    current = glasses.video.current

    assert current is not None
    assert (current.package_name, current.url, current.is_managed) == (PACKAGE_NAME, URL, False)
    assert current.stream_id == streams[0].stream_id

    over.set()

    await glasses.wait_for_display("over None")

    assert glasses.video.current is None
    assert (streams[0].status, streams[0].is_live) == ("stopped", False)


async def test_the_request_is_that_of_the_official_sdk_w_video_1(app: Diary, memory_cloud: ScriptedCloud):
    call = await begin(
        app.session.camera.start_stream(
            URL,
            video=VideoOptions(width=1280, height=720, bitrate=2_000_000, frame_rate=30),
            audio=SoundOptions(bitrate=64_000, sample_rate=44_100, echo_cancellation=True, noise_suppression=False),
            duration_limit=600,
        )
    )
    call.cancel()

    (request,) = memory_cloud.socket.of_type("rtmp_stream_request")
    assert request == {
        "type": "rtmp_stream_request",
        "packageName": PACKAGE_NAME,
        "sessionId": SESSION_ID,
        "timestamp": request["timestamp"],
        "rtmpUrl": URL,
        "video": {"width": 1280, "height": 720, "bitrate": 2_000_000, "frameRate": 30},
        "audio": {"bitrate": 64_000, "sampleRate": 44_100, "echoCancellation": True, "noiseSuppression": False},
        "stream": {"durationLimit": 600},
    }


async def test_what_was_not_given_is_not_sent_w_video_1(app: Diary, memory_cloud: ScriptedCloud):
    await started(app, memory_cloud)

    (request,) = memory_cloud.socket.of_type("rtmp_stream_request")
    assert set(request) == {"type", "packageName", "sessionId", "timestamp", "rtmpUrl"}


@pytest.mark.parametrize("status", ["active", "streaming", "reconnected"])
async def test_each_word_for_running_starts_the_video_w_video_3(app: Diary, memory_cloud: ScriptedCloud, status: str):
    call = await begin(app.session.camera.start_stream(URL))
    await tell(memory_cloud, rtmp("initializing"))

    assert not call.done()
    await tell(memory_cloud, rtmp(status))
    assert (await call).stream_id == "s1"


@pytest.mark.parametrize("status", ["stopped", "error", "timeout", "disconnected", "reconnect_failed"])
async def test_a_video_that_ends_before_it_runs_is_an_error_w_video_3(
    app: Diary, memory_cloud: ScriptedCloud, status: str
):
    call = await begin(app.session.camera.start_stream(URL))
    await tell(memory_cloud, rtmp("initializing"), rtmp(status, errorDetails="no route to host"))

    with pytest.raises(StreamError) as raised:
        await call

    assert (raised.value.code, raised.value.details) == (status, "no route to host")
    assert str(raised.value) == "The video stream did not start: no route to host."
    assert app.session.camera.stream is None
    assert memory_cloud.socket.of_type("rtmp_stream_stop") == []


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("WIFI_NOT_CONNECTED", "Cannot process request - smart glasses must be connected to WiFi for this operation"),
        ("INTERNAL_ERROR", "Invalid RTMP URL"),
        ("INTERNAL_ERROR", "Cannot process stream request - smart glasses are not connected"),
    ],
)
async def test_a_refused_video_is_an_error_at_once_w_video_6(
    app: Diary, memory_cloud: ScriptedCloud, code: str, message: str
):
    began = clock()
    call = await begin(app.session.camera.start_stream(URL))
    await tell(memory_cloud, refusal(code, message))

    with pytest.raises(StreamError) as raised:
        await call

    assert (raised.value.code, str(raised.value)) == (code, f"The cloud refused: {message}")
    assert clock() - began < 1
    assert app.session.camera.stream is None


async def test_the_permission_is_missing_w_video_6(world: World):
    errors: list[Exception] = []

    async def script(session: AppSession) -> None:
        for start in (session.camera.start_stream(URL), session.camera.start_managed_stream()):
            try:
                await start
            except PermissionDenied as error:
                errors.append(error)
            await until(lambda: not session.connected)
            await until(lambda: session.connected, within=20)

    app = await world.serve(Diary(script), permissions=[])
    await world.wear(app, model="Mentra Live")
    await until(lambda: len(errors) == 2, within=20)

    tail = "Please add the CAMERA permission in the developer console."
    assert [str(error) for error in errors] == [
        f"The cloud refused: Camera permission required to start video streams. {tail}",
        f"The cloud refused: Camera permission required to start managed streams. {tail}",
    ]
    assert app.calls == ["session user1@example.com"]


async def test_a_second_start_is_refused_here(app: Diary, memory_cloud: ScriptedCloud):
    await started(app, memory_cloud)
    camera = app.session.camera

    for start in (camera.start_stream(URL), camera.start_managed_stream()):
        with pytest.raises(StreamError, match=r"streams video already \(active\)\. Stop that first") as raised:
            await start
        assert raised.value.code == "ALREADY_STREAMING"

    assert len(memory_cloud.socket.of_type("rtmp_stream_request")) == 1
    assert memory_cloud.socket.of_type("managed_stream_request") == []


@pytest.mark.parametrize("url", ["", "video.example.com", "http:/x", "rtmp://", "file:///etc/passwd"])
async def test_an_impossible_address_is_refused_here(app: Diary, memory_cloud: ScriptedCloud, url: str):
    with pytest.raises(ValueError, match=r"is no address for video.*rtmp://, rtmps://, srt://, https://"):
        await app.session.camera.start_stream(url)

    assert memory_cloud.socket.of_type("rtmp_stream_request") == []


@pytest.mark.parametrize("limit", [0, -1, float("nan"), float("inf")])
async def test_an_impossible_limit_is_refused_here(app: Diary, limit: float):
    with pytest.raises(ValueError, match="duration_limit must be a number of seconds above 0"):
        await app.session.camera.start_stream(URL, duration_limit=limit)


@pytest.mark.parametrize("model", ["Even Realities G1", "Simulated Glasses"])
async def test_glasses_that_do_not_stream_are_not_asked(memory: MemoryNetwork, memory_cloud: ScriptedCloud, model: str):
    memory_cloud.answer = {**ACK, "capabilities": as_json(model)}
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        camera = app.session.camera

        for start in (camera.start_stream(URL), camera.start_managed_stream()):
            with pytest.raises(HardwareUnavailable):
                await start
        with pytest.raises(HardwareUnavailable):
            camera.set_fov(82)


async def test_a_camera_that_only_takes_photos_is_not_asked(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    capabilities = as_json("Mentra Live")
    capabilities["camera"]["video"]["canStream"] = False
    memory_cloud.answer = {**ACK, "capabilities": capabilities}
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()

        with pytest.raises(HardwareUnavailable, match=r"glasses that stream video; the Mentra Live do not\."):
            await app.session.camera.start_stream(URL)


async def test_a_start_that_nobody_answers_is_taken_back(app: Diary, memory_cloud: ScriptedCloud):
    call = await begin(app.session.camera.start_stream(URL))
    await tell(memory_cloud, rtmp("initializing"))

    with pytest.raises(RequestTimeout, match=r"^The start of the video stream did not come within 30 s\.$"):
        await call

    (stop,) = memory_cloud.socket.of_type("rtmp_stream_stop")
    assert stop["streamId"] == "s1"
    assert app.session.camera.stream is None
    await started_again(app, memory_cloud)


async def test_a_cancelled_start_is_taken_back(app: Diary, memory_cloud: ScriptedCloud):
    call = await begin(app.session.camera.start_stream(URL))
    call.cancel()
    await turns()

    assert len(memory_cloud.socket.of_type("rtmp_stream_stop")) == 1
    assert app.session.camera.stream is None


async def started_again(app: Diary, cloud: ScriptedCloud) -> None:
    """Start a further video; what the one before still says does not hurt it."""
    call = await begin(app.session.camera.start_stream(URL))
    await tell(cloud, rtmp("stopped"), rtmp("initializing", "s2"), rtmp("stopped"), rtmp("active", "s2"))
    assert (await call).stream_id == "s2"
    assert app.session.camera.stream is not None


async def test_the_end_of_the_video_before_is_not_that_of_the_new_one_w_video_4(
    app: Diary, memory_cloud: ScriptedCloud
):
    # Of a session before this one, so that its id is not known here.
    call = await begin(app.session.camera.start_stream(URL))
    await tell(memory_cloud, rtmp("stopped", "s0"), rtmp("initializing"), rtmp("active"))

    assert (await call).stream_id == "s1"


async def test_a_stop_waits_for_the_end_w_video_2(app: Diary, memory_cloud: ScriptedCloud):
    stream = await started(app, memory_cloud)
    stopping = await begin(stream.stop())
    (stop,) = memory_cloud.socket.of_type("rtmp_stream_stop")

    assert not stopping.done()
    assert stop == {
        "type": "rtmp_stream_stop",
        "packageName": PACKAGE_NAME,
        "sessionId": SESSION_ID,
        "timestamp": stop["timestamp"],
        "streamId": "s1",
    }

    again = await begin(stream.stop())
    await tell(memory_cloud, rtmp("stopped"))
    await asyncio.gather(stopping, again)
    await stream.stop()

    assert len(memory_cloud.socket.of_type("rtmp_stream_stop")) == 2
    assert await stream.wait_stopped() == "stopped"
    await started_again(app, memory_cloud)


async def test_a_stop_that_nobody_confirms_leaves_nothing_stuck(app: Diary, memory_cloud: ScriptedCloud):
    stream = await started(app, memory_cloud)

    with pytest.raises(RequestTimeout, match=r"^The end of the video stream did not come within 10 s\.$"):
        await stream.stop()

    assert app.session.camera.stream is None
    await started_again(app, memory_cloud)


async def test_a_video_that_is_stopped_while_the_connection_is_lost_ends_when_it_is_back(
    app: Diary, memory_cloud: ScriptedCloud
):
    stream = await started(app, memory_cloud)
    memory_cloud.socket.abort()
    await turns()
    stopping = await begin(stream.stop())
    await memory_cloud.live_socket(2)
    await turns()
    still = app.session.camera.stream
    await tell(memory_cloud, rtmp("stopped"))
    await stopping

    assert (still, app.session.camera.stream) == (stream, None)
    assert len(memory_cloud.socket.of_type("rtmp_stream_stop")) == 1


async def test_a_video_may_end_by_itself(app: Diary, memory_cloud: ScriptedCloud):
    stream = await started(app, memory_cloud)
    watching = await begin(stream.wait_stopped())
    await tell(memory_cloud, rtmp("timeout"))

    assert await watching == "timeout"
    assert app.session.camera.stream is None


async def test_leaving_the_block_never_hides_what_it_raised(
    app: Diary, memory_cloud: ScriptedCloud, caplog: pytest.LogCaptureFixture
):
    stream = await started(app, memory_cloud)

    with pytest.raises(ZeroDivisionError):
        async with stream:
            raise ZeroDivisionError

    assert "A video may go on: The end of the video stream did not come within 10 s." in caplog.text


async def test_the_end_of_the_session_ends_the_video(app: Diary, memory_cloud: ScriptedCloud):
    stream = await started(app, memory_cloud)
    statuses = await begin(collect(app.session.camera.stream_statuses()))
    await memory_cloud.stop(app)
    await turns()

    assert memory_cloud.socket.of_type("rtmp_stream_stop")[0]["streamId"] == "s1"
    assert await stream.wait_stopped() == "active"
    assert await statuses == []
    assert await collect(app.session.camera.stream_statuses()) == []
    with pytest.raises(SessionStopped):
        await app.session.camera.start_stream(URL)


async def test_the_end_of_the_session_ends_a_start(app: Diary, memory_cloud: ScriptedCloud):
    call = await begin(app.session.camera.start_stream(URL))
    await memory_cloud.stop(app)

    with pytest.raises(SessionStopped):
        await call

    assert len(memory_cloud.socket.of_type("rtmp_stream_stop")) == 1


# Who hears of it.


async def collect(statuses: Any) -> list[Any]:
    return [status async for status in statuses]


async def test_a_change_is_told_once_however_often_it_comes_w_video_5(app: Diary, memory_cloud: ScriptedCloud):
    """Defect 32 of the official SDK 2.1.29: the same status calls the handlers again."""
    heard: list[StreamStatus] = []
    app.session.camera.on_stream_status(heard.append)
    stats = {"bitrate": 2_000_000, "fps": 29.5, "droppedFrames": 3, "duration": 12}

    for frame in (rtmp("initializing"), rtmp("active"), rtmp("active", stats=stats), rtmp("stopped")):
        renamed = {**frame, "type": "stream_status"}
        copies = [
            {**each, "timestamp": f"2026-01-31T12:00:0{number}.000Z"} for number, each in enumerate((renamed, frame))
        ]
        relayed = [{"type": "data_stream", "streamType": each["type"], "data": each} for each in copies]
        await tell(memory_cloud, *copies, *relayed)

    assert [(each.status, each.stats) for each in heard] == [
        ("initializing", None),
        ("active", None),
        ("active", VideoStatistics(bitrate=2_000_000, fps=29.5, dropped_frames=3, duration_s=12)),
        ("stopped", None),
    ]
    assert {(each.stream_id, each.app_id) for each in heard} == {("s1", PACKAGE_NAME)}
    assert memory_cloud.socket.subscriptions == []


async def test_statistics_are_kept(app: Diary, memory_cloud: ScriptedCloud):
    stream = await started(app, memory_cloud)
    await tell(memory_cloud, rtmp("active", stats={"fps": 30}), rtmp("reconnecting"))

    assert (stream.url, stream.status, stream.stats) == (URL, "reconnecting", VideoStatistics(fps=30))
    assert not stream.is_live


async def test_a_handler_may_be_a_decorator_and_be_cancelled(app: Diary, memory_cloud: ScriptedCloud):
    heard: list[str] = []

    @app.session.camera.on_stream_status
    def note(status: StreamStatus) -> None:
        heard.append(status.status)

    @app.session.camera.on_managed_stream_status()
    def note_managed(status: ManagedStreamStatus) -> None:
        heard.append(f"managed {status.status}")

    await tell(memory_cloud, rtmp("initializing"), managed("initializing"))
    note.cancel()
    note_managed.cancel()
    await tell(memory_cloud, rtmp("active"), managed("active"))

    assert heard == ["initializing", "managed initializing"]


async def test_changes_can_be_iterated(app: Diary, memory_cloud: ScriptedCloud):
    async def watch() -> list[str]:
        seen: list[str] = []
        async for status in app.session.camera.stream_statuses():
            seen.append(status.status)
            if status.status == "stopped":
                break
        return seen

    watching = await begin(watch())
    await tell(memory_cloud, rtmp("initializing"), rtmp("odd word"), rtmp("stopped"))

    assert await watching == ["initializing", "odd word", "stopped"]


async def test_malformed_statuses_are_skipped(app: Diary, memory_cloud: ScriptedCloud):
    heard: list[StreamStatus] = []
    app.session.camera.on_stream_status(heard.append)
    await tell(
        memory_cloud,
        {"type": "rtmp_stream_status", "streamId": "s1"},
        {"type": "rtmp_stream_status", "status": 7},
        rtmp("active", stats="fast"),
    )

    assert [(each.status, each.stats) for each in heard] == [("active", None)]


# Managed.


@pytest.mark.parametrize("network", ["memory"], indirect=True)  # It takes seconds.
async def test_a_managed_video_can_be_watched_w_video_7(world: World):
    seen: list[ManagedStream] = []
    statuses: list[ManagedStreamStatus] = []

    async def script(session: AppSession) -> None:
        session.camera.on_managed_stream_status(statuses.append)
        async with await session.camera.start_managed_stream(
            quality="1080p",
            webrtc=True,
            restream=["rtmp://a.example.com/x", RestreamDestination(url="rtmps://b/y", name="b")],
        ) as stream:
            seen.append(stream)
            assert session.camera.managed_stream is stream
            assert session.camera.stream is None
            assert stream.preview_url is None
            await asyncio.sleep(3)  # The cloud looks every two seconds whether there is something to see.
        session.layouts.show_text_wall("over")

    app = await world.serve(Diary(script))
    glasses = await world.wear(app, model="Mentra Live")
    await glasses.wait_for_display("over")

    (stream,) = seen
    base = f"https://video.example.com/{stream.stream_id}"
    assert (stream.hls_url, stream.dash_url, stream.webrtc_url) == (
        f"{base}/manifest/video.m3u8",
        f"{base}/manifest/video.mpd",
        f"{base}/webRTC/play",
    )
    assert (stream.preview_url, stream.thumbnail_url) == (
        f"{base}/iframe?autoplay=true&muted=true&controls=true",
        f"{base}/thumbnails/thumbnail.jpg",
    )
    assert [(output.url, output.name, output.status) for output in stream.outputs] == [
        ("rtmp://a.example.com/x", None, "stopped"),
        ("rtmps://b/y", None, "stopped"),
    ]
    assert [(status.status, status.message) for status in statuses] == [
        ("initializing", "Waiting for stream to start..."),
        ("initializing", None),
        ("active", None),
        ("active", "Stream is now live"),
        ("stopped", None),
    ]
    assert app.session.camera.managed_stream is None
    assert glasses.video.current is None


async def test_the_managed_request_is_that_of_the_official_sdk_w_video_7(app: Diary, memory_cloud: ScriptedCloud):
    call = await begin(
        app.session.camera.start_managed_stream(
            quality="720p",
            webrtc=True,
            video=VideoOptions(width=640),
            audio=SoundOptions(bitrate=1),
            duration_limit=60,
            restream=["rtmp://a.example.com/x"],
        )
    )
    call.cancel()
    await turns()

    (request,) = memory_cloud.socket.of_type("managed_stream_request")
    (stop,) = memory_cloud.socket.of_type("managed_stream_stop")
    assert request == {
        "type": "managed_stream_request",
        "packageName": PACKAGE_NAME,
        "timestamp": request["timestamp"],
        "quality": "720p",
        "enableWebRTC": True,
        "video": {"width": 640},
        "audio": {"bitrate": 1},
        "stream": {"durationLimit": 60},
        "restreamDestinations": [{"url": "rtmp://a.example.com/x"}],
    }
    assert stop == {"type": "managed_stream_stop", "packageName": PACKAGE_NAME, "timestamp": stop["timestamp"]}


async def test_a_managed_video_is_there_when_it_can_be_watched_w_video_7(app: Diary, memory_cloud: ScriptedCloud):
    call = await begin(app.session.camera.start_managed_stream())
    await tell(memory_cloud, managed("initializing", streamId="m1", **URLS), managed("active", hlsUrl="https://x"))

    stream = await call
    assert (stream.stream_id, stream.hls_url, stream.dash_url) == ("m1", "https://x", URLS["dashUrl"])
    assert (stream.webrtc_url, stream.preview_url) == (None, None)


async def test_active_without_addresses_is_not_enough_w_video_7(app: Diary, memory_cloud: ScriptedCloud):
    call = await begin(app.session.camera.start_managed_stream())
    await tell(memory_cloud, managed("active", streamId="m1"))
    assert not call.done()

    await tell(memory_cloud, managed("active", streamId="m1", **URLS))
    assert call.done()


@pytest.mark.parametrize("status", ["error", "stopped"])
async def test_a_managed_video_that_does_not_start_leaves_nothing_stuck_w_video_7(
    app: Diary, memory_cloud: ScriptedCloud, status: str
):
    """Defect 24 of the official SDK 2.1.29: after some failures every further start is refused."""
    camera = app.session.camera
    failing = await begin(camera.start_managed_stream())
    await tell(memory_cloud, managed(status, streamId="m1", message="Cloudflare is away"))
    with pytest.raises(StreamError, match=r"^The managed stream did not start: Cloudflare is away\.$") as raised:
        await failing

    silent = await begin(camera.start_managed_stream())
    with pytest.raises(RequestTimeout):
        await silent

    refused = await begin(camera.start_managed_stream())
    await tell(memory_cloud, refusal("STREAM_CREATE_FAILED", "Failed to create stream"))
    with pytest.raises(StreamError):
        await refused

    await tell(memory_cloud, managed("active", streamId="m1", **URLS))  # Nobody asked for it.
    assert camera.managed_stream is None
    assert raised.value.code == status
    assert (await started_managed(app, memory_cloud)).is_live


async def test_a_video_that_runs_already_is_joined_w_video_7(app: Diary, memory_cloud: ScriptedCloud):
    first = await started_managed(app, memory_cloud)
    with pytest.raises(RequestTimeout):
        await first.stop()
    call = await begin(app.session.camera.start_managed_stream())
    await tell(memory_cloud, managed("active", **URLS))  # The very frame that came before, but for the id.

    assert (await call).hls_url == URLS["hlsUrl"]


async def test_two_apps_share_a_managed_video(world: World):
    apps: list[Diary] = []

    async def script(session: AppSession) -> None:
        await session.camera.start_managed_stream()

    for name in ("one", "two"):
        app = Diary(script, package_name=f"com.example.{name}")
        apps.append(await world.serve(app, app_type="background"))
        glasses = await world.wear(app, model="Mentra Live")
    await until(lambda: all(app.current and app.session.camera.managed_stream for app in apps))
    streams = [app.session.camera.managed_stream for app in apps]
    await until(lambda: all(stream and stream.is_live for stream in streams))
    first, second = streams
    assert first is not None
    assert second is not None

    assert first.hls_url == second.hls_url
    await first.stop()
    assert glasses.video.current is not None
    await second.stop()
    assert glasses.video.current is None


@pytest.mark.parametrize(
    ("options", "error", "problem"),
    [
        ({"quality": "4k"}, ValueError, "quality must be '720p' or '1080p', not '4k'"),
        ({"restream": ["https://a.example.com"]}, ValueError, "is no address for video"),
        ({"restream": ["rtmp://a.example.com/x"] * 11}, ValueError, "10 destinations at most, not 11"),
        ({"restream": "rtmp://a.example.com/x"}, TypeError, "restream must be a list"),
        (
            {"restream": [{"url": "rtmp://a.example.com/x", "name": "a"}]},
            TypeError,
            r"restream has a dict, which is no address\. Write RestreamDestination\(url=\.\.\., name=\.\.\.\), or",
        ),
        ({"restream": {"url": "rtmp://a.example.com/x"}}, TypeError, "must be a list of addresses. Write Restream"),
        ({"restreamDestinations": []}, TypeError, r"write restream=\[RestreamDestination\(url=\.\.\., name=\.\.\.\)\]"),
    ],
)
async def test_impossible_options_are_refused_here(
    app: Diary, memory_cloud: ScriptedCloud, options: dict[str, Any], error: type[Exception], problem: str
):
    with pytest.raises(error, match=problem):
        await app.session.camera.start_managed_stream(**options)

    assert memory_cloud.socket.of_type("managed_stream_request") == []


async def test_a_managed_video_is_refused_beside_another_one_w_video_6(world: World):
    errors: list[StreamError] = []

    async def streams(session: AppSession) -> None:
        await session.camera.start_stream(URL)

    async def wants_to(session: AppSession) -> None:
        try:
            await session.camera.start_managed_stream()
        except StreamError as error:
            errors.append(error)

    first = await world.serve(Diary(streams, package_name="com.example.one"), app_type="background")
    second = await world.serve(Diary(wants_to, package_name="com.example.two"), app_type="background")
    glasses = await world.wear(first, model="Mentra Live")
    await until(lambda: glasses.video.current)
    await world.wear(second)
    await until(lambda: errors)

    message = "The cloud refused: Cannot start managed stream - unmanaged stream already active"
    assert [(error.code, str(error)) for error in errors] == [("INTERNAL_ERROR", message)]


# What there is already.


async def test_existing_videos_are_found_and_ended_w_video_8(world: World):
    found: list[ExistingStream | None] = []

    async def script(session: AppSession) -> None:
        camera = session.camera
        found.append(await camera.existing_stream())
        await camera.start_stream(URL)
        found.append(await camera.existing_stream())

    app = await world.serve(Diary(script))
    glasses = await world.wear(app, model="Mentra Live")
    await until(lambda: len(found) == 2)
    existing = found[1]
    assert existing is not None
    app.session.camera.stop_existing_stream(existing)
    await until(lambda: glasses.video.current is None)

    assert found == [
        None,
        ExistingStream(
            type="unmanaged",
            stream_id=existing.stream_id,
            status="active",
            created_at=existing.created_at,
            rtmp_url=URL,
            requesting_app_id=PACKAGE_NAME,
        ),
    ]


async def test_silence_is_not_none_w_video_8(app: Diary, memory_cloud: ScriptedCloud):
    """Defect 24 of the official SDK 2.1.29: a check that is not answered says that there is no video."""
    check = await begin(app.session.camera.existing_stream())
    (question,) = memory_cloud.socket.of_type("stream_status_check")

    with pytest.raises(RequestTimeout, match="within 5 s"):
        await check

    assert set(question) == {"type", "packageName", "sessionId", "timestamp"}


async def test_answers_come_in_the_order_of_the_questions_w_video_8(app: Diary, memory_cloud: ScriptedCloud):
    """Defect 24 of the official SDK 2.1.29: concurrent checks are mixed up."""
    checks = [await begin(app.session.camera.existing_stream()) for _ in range(3)]
    checks[1].cancel()
    await turns()
    info = {"type": "managed", "streamId": "m1", "status": "active", "activeViewers": 2, **URLS}
    await tell(
        memory_cloud,
        {"type": "stream_status_check_response", "hasActiveStream": True, "streamInfo": info},
        {"type": "stream_status_check_response", "hasActiveStream": False},
        {"type": "stream_status_check_response", "hasActiveStream": True, "streamInfo": info},
    )

    assert await checks[0] == ExistingStream(
        type="managed",
        stream_id="m1",
        status="active",
        hls_url=URLS["hlsUrl"],
        dash_url=URLS["dashUrl"],
        active_viewers=2,
    )
    assert await checks[2] is None


async def test_a_managed_video_of_before_is_ended_by_its_kind_w_video_8(app: Diary, memory_cloud: ScriptedCloud):
    app.session.camera.stop_existing_stream(ExistingStream(type="managed", stream_id="m1", status="active"))
    app.session.camera.stop_existing_stream(ExistingStream(type="unmanaged", stream_id="s1", status="active"))
    await turns()

    kinds = [frame["type"] for frame in memory_cloud.socket.frames if frame["type"].endswith("_stop")]
    assert kinds == ["managed_stream_stop", "rtmp_stream_stop"]


# How wide the camera looks.


async def test_the_field_of_view_is_set_w_video_9(app: Diary, memory_cloud: ScriptedCloud):
    app.session.camera.set_fov(102, roi_position="top")
    await turns()

    (request,) = memory_cloud.socket.of_type("camera_fov_set")
    assert request == {
        "type": "camera_fov_set",
        "packageName": PACKAGE_NAME,
        "timestamp": request["timestamp"],
        "requestId": request["requestId"],
        "fov": 102,
        "roiPosition": "top",
    }


@pytest.mark.parametrize("options", [{"fov": 100}, {"fov": "82"}, {"fov": 82, "roi_position": "left"}])
async def test_an_impossible_field_of_view_is_refused_here_w_video_9(
    app: Diary, memory_cloud: ScriptedCloud, options: dict[str, Any]
):
    with pytest.raises(ValueError, match="must be"):
        app.session.camera.set_fov(**options)

    assert memory_cloud.socket.of_type("camera_fov_set") == []


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("takePhoto", r"Use await session.camera.request_photo\(\) instead"),
        ("requestPhoto", "use 'request_photo'"),
        ("startStream", "use 'start_stream'"),
        ("stopStream", r"Use stream\.stop\(\)"),
        ("checkExistingStream", r"Use await session.camera.existing_stream\(\)"),
        ("onStreamStatus", "use 'on_stream_status'"),
    ],
)
async def test_a_wrong_name_is_answered_with_the_right_one(app: Diary, name: str, right: str):
    with pytest.raises(AttributeError, match=right):
        getattr(app.session.camera, name)


async def test_a_wrong_name_of_a_video_is_answered_with_the_right_one(app: Diary, memory_cloud: ScriptedCloud):
    stream = await started(app, memory_cloud)

    with pytest.raises(AttributeError, match="hls_url"):
        stream.viewerUrl  # type: ignore[attr-defined] # noqa: B018 - what the official pages say


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        (
            lambda _: VideoOptions(resolution="720p"),
            "has no option 'resolution'; write width and height. It takes: width",
        ),
        (lambda _: VideoOptions(framerate=30), "has no option 'framerate'; write frame_rate. It takes: width, height"),
        (lambda _: SoundOptions(sampleRate=1), "has no option 'sampleRate'; write sample_rate. It takes: bitrate"),
        (lambda _: SoundOptions(volume=1), "has no option 'volume'. It takes: bitrate, sample_rate"),
        (lambda camera: camera.start_stream(URL, framerate=30), r"'framerate'; it belongs into video=VideoOptions\("),
        (lambda camera: camera.start_stream(streamUrl=URL), "'streamUrl'; pass the URL first. It takes: url, video"),
        (lambda camera: camera.start_managed_stream(enableWebRTC=True), "'enableWebRTC'; write webrtc"),
        (lambda camera: camera.request_photo(customWebhookUrl="x"), r"'customWebhookUrl'; use upload_photo_to\(url\)"),
    ],
)
async def test_a_wrong_option_is_answered_with_the_right_one(app: Diary, call: Any, answer: str):
    with pytest.raises(TypeError, match=answer):
        call(app.session.camera)


def as_json(model: str) -> Any:
    import json

    return json.loads(codec.encode(MODELS[model]))
