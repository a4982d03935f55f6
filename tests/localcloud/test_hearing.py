"""What the microphone hears: recordings, and speech as it grows."""

import asyncio
from typing import Any

import pytest

from tests.helpers.scripted_app import ScriptedApp
from tests.helpers.wav_files import pcm, samples_of, tone, wav


def sounds(app: ScriptedApp) -> list[bytes]:
    return [frame for frame in app.socket.frames if isinstance(frame, bytes)]


def speech(app: ScriptedApp) -> list[Any]:
    return [frame["data"] for frame in app.socket.frames if frame["type"] == "data_stream"]


async def test_a_recording_is_heard_in_frames_of_100_ms_and_takes_no_time(running, glasses):
    await running.subscribe("audio_chunk")
    began, sound = asyncio.get_running_loop().time(), pcm(range(4000))

    await glasses.hear(wav(sound))

    assert [len(frame) for frame in sounds(running)] == [3200, 3200, 1600]
    assert b"".join(sounds(running)) == sound
    assert asyncio.get_running_loop().time() == began


async def test_in_real_time_a_recording_takes_as_long_as_it_is(running, glasses):
    await running.subscribe("audio_chunk")
    loop = asyncio.get_running_loop()
    began, heard = loop.time(), []

    hearing = asyncio.create_task(glasses.hear(wav(bytes(8000)), real_time=True))
    for wait_s in (0.09, 0.02, 0.08, 0.02):
        await asyncio.sleep(wait_s)
        heard.append(len(sounds(running)))
    await hearing

    assert [*heard, len(sounds(running))] == [0, 1, 1, 2, 3]
    assert loop.time() - began == pytest.approx(0.25)


async def test_a_file_of_any_form_is_heard_as_the_microphone_hears(running, glasses, tmp_path):
    await running.subscribe("audio_chunk")
    stereo = [sample for sample in tone(440, 48_000) for _ in range(2)]
    (tmp_path / "hello.wav").write_bytes(wav(pcm(stereo), rate=48_000, channels=2))

    await glasses.hear(tmp_path / "hello.wav")

    heard = samples_of(b"".join(sounds(running)))
    assert len(heard) == 3200
    assert max(heard[500:-500]) == pytest.approx(10_000, abs=100)


async def test_what_is_no_recording_is_told_and_nothing_is_heard(running, glasses):
    await running.subscribe("audio_chunk")

    with pytest.raises(ValueError, match="is no WAV file"):
        await glasses.hear(b"ID3")

    assert sounds(running) == []


async def test_speech_word_by_word_grows_and_ends_with_the_final_text(running, glasses):
    await running.subscribe("transcription:en-US")

    await glasses.say("what is  the weather", word_by_word=True)

    assert [(data["text"], data["isFinal"], "confidence" in data) for data in speech(running)] == [
        ("what", False, True),
        ("what is", False, True),
        ("what is the", False, True),
        ("what is the weather", False, True),
        ("what is  the weather", True, False),
    ]


async def test_who_goes_on_speaking_word_by_word_has_no_final_text(running, glasses):
    await running.subscribe("transcription:es-ES")

    await glasses.say("buenos días", language="es-ES", is_final=False, word_by_word=True)

    assert [data["isFinal"] for data in speech(running)] == [False, False, False]
