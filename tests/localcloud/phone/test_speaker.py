"""The virtual speaker does what the phone app does (docs/protocol.md, Sound)."""

import asyncio
from typing import Any

import pytest

from mentra.localcloud import PlayedSound, VirtualGlasses
from mentra.protocol.cloud_to_app import DeviceState
from tests.helpers.scripted_app import ScriptedApp, let_it_happen

SONG = "https://example.com/song.mp3"


async def play(app: ScriptedApp, request_id: str, *, url: str = SONG, stop_other_audio: bool = True) -> None:
    await app.send(
        "audio_play_request",
        requestId=request_id,
        audioUrl=url,
        volume=0.5,
        stopOtherAudio=stop_other_audio,
        trackId=0,
    )


def answers(app: ScriptedApp) -> list[dict[str, Any]]:
    frames = [frame for frame in app.socket.frames if frame["type"] == "audio_play_response"]
    return [{key: frame[key] for key in frame if key not in ("type", "timestamp")} for frame in frames]


def answer(request_id: str, **fields: Any) -> dict[str, Any]:
    session_id = "user1@example.com-com.example.app"
    return {"sessionId": session_id, "requestId": request_id, "success": True, **fields}


async def test_a_sound_is_over_at_once_unless_told_otherwise(running: ScriptedApp, glasses: VirtualGlasses):
    await play(running, "r1")

    assert answers(running) == [answer("r1", duration=0)]
    assert list(glasses.sounds) == [PlayedSound("com.example.app", SONG, 0.5, None)]
    assert glasses.speaker.playing is None


async def test_a_sound_lasts_as_long_as_it_is_told_w_sound_3(running: ScriptedApp, glasses: VirtualGlasses):
    glasses.speaker.duration_s = 2.5
    await play(running, "r1")
    await asyncio.sleep(2)
    during = (answers(running), glasses.speaker.playing)
    await asyncio.sleep(1)

    assert during == ([], PlayedSound("com.example.app", SONG, 0.5, None))
    assert answers(running) == [answer("r1", duration=2500)]
    assert glasses.speaker.playing is None


async def test_a_failure_has_words_and_no_duration(running: ScriptedApp, glasses: VirtualGlasses):
    glasses.speaker.failure = "No network"
    await play(running, "r1")
    glasses.speaker.failure = None
    await play(running, "r2")

    assert answers(running) == [answer("r1", success=False, error="No network"), answer("r2", duration=0)]


async def test_an_interrupted_sound_counts_as_played_for_so_long_w_sound_6(
    running: ScriptedApp, glasses: VirtualGlasses
):
    glasses.speaker.duration_s = 10
    await play(running, "r1")
    await asyncio.sleep(2)
    await play(running, "r2")
    await asyncio.sleep(20)

    assert answers(running) == [answer("r1", duration=2000), answer("r2", duration=10_000)]


async def test_a_sound_whose_place_is_taken_without_a_stop_is_never_answered_w_sound_6(
    running: ScriptedApp, glasses: VirtualGlasses
):
    glasses.speaker.duration_s = 10
    await play(running, "r1")
    await play(running, "r2", stop_other_audio=False)
    await asyncio.sleep(30)

    assert answers(running) == [answer("r2", duration=10_000)]


@pytest.mark.parametrize("track", [{}, {"trackId": 2}])
async def test_a_stop_ends_the_apps_sound_whatever_the_track_w_sound_4(
    running: ScriptedApp, glasses: VirtualGlasses, track: dict[str, int]
):
    glasses.speaker.duration_s = 10
    await play(running, "r1")
    await asyncio.sleep(1)
    await running.send("audio_stop_request", **track)

    assert answers(running) == [answer("r1", duration=1000)]
    assert glasses.speaker.playing is None
    await running.send("audio_stop_request")
    assert len(answers(running)) == 1


async def test_what_is_spoken_can_be_read(running: ScriptedApp, glasses: VirtualGlasses):
    await play(running, "r1", url="https://127.0.0.1:8002/api/tts?text=Hello%20there+you&voice_id=x")
    await play(running, "r2", url="https://example.com/api/ttsx?text=no")
    await play(running, "r3", url="http://[::1")

    assert list(glasses.spoken) == ["Hello there you"]
    assert len(glasses.sounds) == 3


async def test_a_request_in_the_name_of_another_app_is_lost(running: ScriptedApp, glasses: VirtualGlasses):
    running.socket.send({"type": "audio_play_request", "packageName": "com.example.other", "requestId": "r1"})
    await let_it_happen()

    assert list(glasses.sounds) == []


async def test_a_phone_that_went_away_meanwhile_answers_nothing(running: ScriptedApp, glasses: VirtualGlasses):
    glasses.speaker.duration_s = 2
    await play(running, "r1")
    await glasses.go_offline()
    await asyncio.sleep(3)
    await glasses.go_online()

    assert answers(running) == []


async def test_the_phone_plays_without_glasses_w_sound_1(running: ScriptedApp, glasses: VirtualGlasses):
    await glasses.report(DeviceState(connected=False))
    await play(running, "r1")

    assert answers(running) == [answer("r1", duration=0)]
