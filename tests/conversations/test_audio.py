"""Sound that an app plays: the calls return when it is over, is interrupted, or fails."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from mentra import (
    AppSession,
    AudioError,
    AudioTrack,
    ConfigError,
    NotConnected,
    PlaybackResult,
    RequestTimeout,
    SessionStopped,
    VoiceSettings,
)
from mentra.localcloud import PlayedSound, VirtualGlasses
from mentra.transport.base import Network
from mentra.transport.memory import MemoryNetwork
from tests.conversations.test_golden_frames import alike, captured_frames
from tests.conversations.world import Diary, World, serving
from tests.helpers.scripted_cloud import ScriptedCloud, refusal, turns
from tests.helpers.waiting import clock, until

SONG = "https://example.com/song.mp3"
BEEP = "https://example.com/beep.mp3"
FINISHED = PlaybackResult(duration_s=0.0)
INTERRUPTED = PlaybackResult(interrupted=True)


async def worn(world: World) -> tuple[AppSession, VirtualGlasses]:
    """Return a session, and the glasses that it is for."""
    app = await world.serve(Diary())
    glasses = await world.wear(app)
    await until(lambda: app.current)
    return app.session, glasses


def start(call: Coroutine[Any, Any, PlaybackResult]) -> asyncio.Task[PlaybackResult]:
    return asyncio.create_task(call)


async def settled(glasses: VirtualGlasses, url: str) -> None:
    """Wait until the glasses play something."""
    await until(lambda: glasses.speaker.playing and glasses.speaker.playing.url == url)


async def asked(cloud: ScriptedCloud, number: int = 1) -> dict[str, Any]:
    """Wait for so many requests to play; return the last."""
    await until(lambda: len(cloud.socket.of_type("audio_play_request")) >= number)
    frame: dict[str, Any] = cloud.socket.of_type("audio_play_request")[-1]
    return frame


def answer(request: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"type": "audio_play_response", "requestId": request["requestId"], "success": True, **fields}


async def test_a_sound_is_awaited_to_its_end_w_sound_1(world: World):
    session, glasses = await worn(world)
    glasses.speaker.duration_s = 0.25
    began = clock()

    result = await session.audio.play(SONG, volume=0.5)

    assert result == PlaybackResult(duration_s=0.25)
    assert clock() - began >= 0.25
    assert list(glasses.sounds) == [PlayedSound(session.package_name, SONG, 0.5, None)]
    assert session.audio.playing == ()


async def test_one_that_leaves_the_others_alone_is_awaited_as_well(world: World):
    """Defect 23 of the official SDK 2.1.29: with ``stopOtherAudio: false`` it resolves before anything was played."""
    session, glasses = await worn(world)
    glasses.speaker.duration_s = 0.25

    result = await session.audio.play(BEEP, stop_other_audio=False)

    assert result == PlaybackResult(duration_s=0.25)


async def test_it_need_not_be_awaited(world: World):
    session, glasses = await worn(world)
    glasses.speaker.duration_s = 60

    result = await session.audio.play(SONG, wait=False)

    assert (result, session.audio.playing) == (PlaybackResult(), ())
    await settled(glasses, SONG)


async def test_a_failure_has_the_words_of_the_phone(world: World):
    """Defect 7 of the official SDK 2.1.29: it rejects with strings, or resolves with a flag that nobody checks."""
    session, glasses = await worn(world)
    glasses.speaker.failure = "Playback failed (player went idle)"

    with pytest.raises(AudioError) as failure:
        await session.audio.play(SONG)

    assert str(failure.value) == "Playback failed (player went idle)"


async def test_a_stop_ends_all_calls_as_interrupted_w_sound_4(world: World):
    session, glasses = await worn(world)
    glasses.speaker.duration_s = 60
    calls = [start(session.audio.play(SONG)), start(session.audio.play(BEEP, stop_other_audio=False))]
    await settled(glasses, BEEP)
    assert session.audio.playing == (SONG, BEEP)

    session.audio.stop()

    assert [await call for call in calls] == [INTERRUPTED, INTERRUPTED]
    assert session.audio.playing == ()
    await until(lambda: glasses.speaker.playing is None)


async def test_a_new_sound_interrupts_the_one_before(world: World):
    session, glasses = await worn(world)
    glasses.speaker.duration_s = 0.25
    before = start(session.audio.play(SONG))
    await settled(glasses, SONG)

    after = await session.audio.play(BEEP)

    assert await before == INTERRUPTED
    assert after == PlaybackResult(duration_s=0.25)


async def test_a_cancelled_call_stops_its_sound(world: World):
    session, glasses = await worn(world)
    glasses.speaker.duration_s = 60
    call = start(session.audio.play(SONG))
    await settled(glasses, SONG)

    call.cancel()

    await until(lambda: glasses.speaker.playing is None)
    assert call.cancelled()
    assert session.audio.playing == ()


async def test_a_cancelled_call_does_not_stop_the_sound_that_took_its_place(world: World):
    session, glasses = await worn(world)
    glasses.speaker.duration_s = 60
    before = start(session.audio.play(SONG))
    await settled(glasses, SONG)
    after = start(session.audio.play(BEEP))
    await until(lambda: BEEP in session.audio.playing)

    before.cancel()
    await settled(glasses, BEEP)
    await turns()

    assert glasses.speaker.playing == PlayedSound(session.package_name, BEEP, 1.0, None)
    assert not after.done()
    session.audio.stop()
    assert await after == INTERRUPTED


async def test_text_is_spoken_by_the_cloud_w_sound_5(world: World):
    """Defect 26 of the official SDK 2.1.29: it speaks over ``https`` only, also where the cloud has none."""
    session, glasses = await worn(world)

    result = await session.audio.speak("Hello & goodbye", voice_id="v", voice_settings=VoiceSettings(speed=1.1))

    (sound,) = glasses.sounds
    assert result == FINISHED
    assert sound.text == "Hello & goodbye"
    assert sound.url.startswith(f"{world.cloud.url}/api/tts?text=Hello+%26+goodbye&voice_id=v&voice_settings=")
    reply = await world.network.request("GET", sound.url, timeout=1)
    assert (reply.status, reply.body) == (500, b'{"success":false,"message":"TTS service not configured"}')


async def test_a_long_text_is_spoken_in_parts_one_after_another(world: World):
    session, glasses = await worn(world)
    glasses.speaker.duration_s = 0.1
    sentences = [f"Sentence {number} is here." for number in range(400)]

    result = await session.audio.speak(" ".join(sentences))

    assert len(glasses.spoken) == 3
    assert " ".join(glasses.spoken) == " ".join(sentences)
    assert result == PlaybackResult(duration_s=pytest.approx(0.3))


async def test_an_interruption_ends_all_parts(world: World):
    session, glasses = await worn(world)
    glasses.speaker.duration_s = 60
    call = start(session.audio.speak("A sentence. " * 1000))
    await until(lambda: glasses.spoken)

    session.audio.stop()

    assert await call == INTERRUPTED
    assert len(glasses.spoken) == 1


async def test_a_text_that_takes_long_to_speak_may_take_long(memory: MemoryNetwork):
    async with World(memory) as world:
        session, glasses = await worn(world)
        glasses.speaker.duration_s = 250

        result = await session.audio.speak("A sentence. " * 300)

    assert result == PlaybackResult(duration_s=250)


async def test_bytes_are_handed_out_by_the_apps_own_server_while_they_play(world: World):
    session, glasses = await worn(world)
    glasses.speaker.duration_s = 60
    call = start(session.audio.play_bytes(b"ID3...", "audio/mpeg"))
    await until(lambda: glasses.speaker.playing)
    url = glasses.sounds[0].url

    during = await world.network.request("GET", url, timeout=1)
    session.audio.stop()
    result = await call
    after = await world.network.request("GET", url, timeout=1)

    assert (during.status, during.headers["content-type"], during.body) == (200, "audio/mpeg", b"ID3...")
    assert result == INTERRUPTED
    assert after.status == 404


async def test_a_file_is_what_its_suffix_says(world: World, tmp_path: Path):
    session, glasses = await worn(world)
    glasses.speaker.duration_s = 60
    (tmp_path / "bell.wav").write_bytes(b"RIFF...")
    call = start(session.audio.play_file(tmp_path / "bell.wav", volume=0.3))
    await until(lambda: glasses.speaker.playing)
    (sound,) = glasses.sounds

    reply = await world.network.request("GET", sound.url, headers={"Range": "bytes=0-3"}, timeout=1)
    call.cancel()

    assert (reply.status, reply.body) == (206, b"RIFF")
    assert reply.headers["content-type"] in ("audio/x-wav", "audio/wav", "audio/vnd.wave")
    assert sound.url.endswith(".wav")
    assert sound.volume == 0.3


async def test_a_server_that_nobody_can_reach_hands_nothing_out(network: Network, cloud: ScriptedCloud):
    async with serving(Diary(mentraos_websocket_url=cloud.websocket_url), network, hosted=False) as app:
        await cloud.start(app)
        await until(lambda: app.current)

        with pytest.raises(ConfigError, match="PUBLIC_URL"):
            await app.session.audio.play_bytes(b"ID3...", "audio/mpeg")
        assert cloud.socket.of_type("audio_play_request") == []


async def test_the_phone_is_sent_to_the_public_url(network: Network, cloud: ScriptedCloud):
    reached_at = {"mentraos_websocket_url": cloud.websocket_url, "public_url": "https://app.example.com/"}
    async with serving(Diary(**reached_at), network, hosted=False) as app:
        await cloud.start(app)
        await until(lambda: app.current)
        call = start(app.session.audio.play_bytes(b"ID3...", "audio/mpeg"))

        url = (await asked(cloud))["audioUrl"]

        assert url.startswith("https://app.example.com/mentra-files/")
        call.cancel()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda audio: audio.play(""), "no URL"),
        (lambda audio: audio.play("bell.mp3"), "play_file"),
        (lambda audio: audio.play(SONG, volume=1.01), "volume 1.01 is out of range"),
        (lambda audio: audio.play(SONG, volume=-0.1), "volume -0.1 is out of range"),
        (lambda audio: audio.play(SONG, volume=float("nan")), "volume nan is out of range"),
        (lambda audio: audio.play(SONG, track=3), "3 is not a valid AudioTrack"),
        (lambda audio: audio.speak(" \n"), "text is empty"),
        (lambda audio: audio.play_bytes(b"", "audio/mpeg"), "data is empty"),
        (lambda audio: audio.play_bytes(b"ID3", "mp3"), "no MIME type"),
    ],
)
async def test_nonsense_is_refused_before_anything_is_sent(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, call: Any, words: str
):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()

        with pytest.raises(ValueError, match=words):
            await call(app.session.audio)
        assert memory_cloud.socket.of_type("audio_play_request") == []


async def test_the_requests_are_those_of_the_official_sdk(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    (theirs,) = captured_frames("audio_play_request")
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        call = start(app.session.audio.play(theirs["audioUrl"]))
        ours = await asked(memory_cloud)
        app.session.audio.stop()
        app.session.audio.stop(AudioTrack.SPEECH)
        await turns()

        assert alike(
            {**ours, "packageName": theirs["packageName"], "sessionId": theirs["sessionId"]},
            theirs,
            but_for=("timestamp", "requestId"),
        )
        envelope = {key: ours[key] for key in ("packageName", "sessionId")}
        assert [{**frame, "timestamp": "t"} for frame in memory_cloud.socket.of_type("audio_stop_request")] == [
            {"type": "audio_stop_request", **envelope, "timestamp": "t"},
            {"type": "audio_stop_request", **envelope, "trackId": 2, "timestamp": "t"},
        ]
        await call


async def test_the_captured_answer_is_understood_w_sound_3(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    (theirs,) = captured_frames("audio_play_response", of="cloud>app")
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        call = start(app.session.audio.play(SONG))
        request = await asked(memory_cloud)
        memory_cloud.socket.send({**theirs, "requestId": request["requestId"]})

        assert await call == PlaybackResult(duration_s=0.0015)


@pytest.mark.parametrize(
    "odd", [{}, {"duration": None, "error": None}, {"duration": "long"}, {"duration": {}}, {"sessionId": 7}]
)
async def test_an_answer_without_a_usable_duration_is_an_answer(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, odd: dict[str, Any]
):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        call = start(app.session.audio.play(SONG))
        memory_cloud.socket.send(answer(await asked(memory_cloud), **odd))

        assert await call == PlaybackResult()


async def test_only_the_first_answer_counts_and_others_are_no_errors(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        call = start(app.session.audio.play(SONG))
        request = await asked(memory_cloud)
        memory_cloud.socket.send(answer({"requestId": "another"}, duration=1))
        memory_cloud.socket.send(answer(request, duration=2000))
        memory_cloud.socket.send(answer(request, success=False, error="too late"))

        assert await call == PlaybackResult(duration_s=2)
        await turns()
        assert app.session.connected


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        ({"success": False, "error": "No such file"}, "No such file"),
        ({"success": False}, "did not say why"),
        ({"success": False, "error": None}, "did not say why"),
    ],
)
async def test_a_failed_sound_always_says_something(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, frame: dict[str, Any], words: str
):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        call = start(app.session.audio.play(SONG))
        memory_cloud.socket.send(answer(await asked(memory_cloud), **frame))

        with pytest.raises(AudioError, match=words):
            await call


async def test_a_refusal_of_the_cloud_is_an_audio_error_w_sound_2(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        call = start(app.session.audio.play(SONG))
        await asked(memory_cloud)
        memory_cloud.socket.send(refusal("INTERNAL_ERROR", "Glasses not connected"))

        with pytest.raises(AudioError, match="Glasses not connected") as failure:
            await call
        assert failure.value.code == "INTERNAL_ERROR"
        assert app.session.audio.playing == ()


async def test_a_sound_that_nobody_ends_times_out_but_not_before(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        began = clock()

        with pytest.raises(RequestTimeout, match="The end of the sound did not come within 60 s"):
            await app.session.audio.play(SONG)

        assert clock() - began == pytest.approx(60)
        assert app.session.audio.playing == ()


async def test_without_a_time_limit_a_sound_may_take_an_hour(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        call = start(app.session.audio.play(SONG, timeout=None))
        request = await asked(memory_cloud)
        await asyncio.sleep(3600)
        memory_cloud.socket.send(answer(request, duration=3_600_000))

        assert await call == PlaybackResult(duration_s=3600)


async def test_the_end_of_the_session_ends_the_call(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    """Defect 31 of the official SDK 2.1.29: pending calls are rejected when the session is gone, to nobody."""
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        call = start(app.session.audio.play(SONG))
        await asked(memory_cloud)
        session = app.session
        await memory_cloud.stop(app)

        with pytest.raises(SessionStopped):
            await call
        session.audio.stop()  # As display calls: nothing, and no error.


async def test_while_the_connection_is_lost_nothing_is_played(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        call = start(app.session.audio.play(SONG))
        request = await asked(memory_cloud)
        memory_cloud.socket.abort()
        await turns()

        with pytest.raises(NotConnected):
            await app.session.audio.play(BEEP, timeout=0.5)
        with pytest.raises(NotConnected):
            await app.session.audio.play(BEEP, wait=False)
        app.session.audio.stop()

        assert app.session.audio.playing == (SONG,)
        cloud_socket = await memory_cloud.live_socket(2)
        await until(lambda: app.session.connected)
        cloud_socket.send(answer(request, duration=1000))
        assert await call == PlaybackResult(duration_s=1)


async def test_a_sound_that_is_wanted_while_the_connection_is_lost_is_played_when_it_is_back(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud
):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        memory_cloud.socket.abort()
        await turns()
        call = start(app.session.audio.play(BEEP))
        await memory_cloud.live_socket(2)
        memory_cloud.socket.send(answer(await asked(memory_cloud), duration=1000))

        assert await call == PlaybackResult(duration_s=1)


async def test_many_sounds_at_once_do_not_mix_up_their_answers(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()
        calls = [start(app.session.audio.play(f"{SONG}?{n}", stop_other_audio=False)) for n in range(100)]
        await asked(memory_cloud, 100)
        for request in reversed(memory_cloud.socket.of_type("audio_play_request")):
            number = int(request["audioUrl"].partition("?")[2])
            memory_cloud.socket.send(answer(request, duration=number * 1000))

        assert [(await call).duration_s for call in calls] == list(range(100))


async def test_the_names_of_the_official_sdk_lead_to_ours(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    async with serving(Diary(), memory) as app:
        await memory_cloud.start(app)
        await turns()

        for wrong, right in {"playAudio": "await session.audio.play", "stopAudio": "session.audio.stop"}.items():
            with pytest.raises(AttributeError, match=f"Use {right}"):
                getattr(app.session.audio, wrong)
        with pytest.raises(AttributeError, match=r"Use session\.audio"):
            _ = app.session.speaker  # type: ignore[attr-defined]  # The point of this test.
