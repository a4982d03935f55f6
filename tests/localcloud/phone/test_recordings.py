"""A WAV file of any form becomes the sound of a microphone."""

import struct
from array import array
from pathlib import Path

import pytest

from mentra.localcloud.phone.recordings import FRAME_BYTES, frames, read_recording, resampled
from tests.helpers.wav_files import RATE, chunk, loudest, pcm, samples_of, tone, wav


def test_what_has_the_form_of_the_microphone_stays_as_it_is():
    sound = pcm([1, -2, 32767, -32768])

    assert read_recording(wav(sound)) == sound


def test_a_path_is_read(tmp_path: Path):
    (tmp_path / "hello.wav").write_bytes(wav(b"\1\2"))

    assert read_recording(tmp_path / "hello.wav") == read_recording(str(tmp_path / "hello.wav")) == b"\1\2"


@pytest.mark.parametrize(
    ("bits", "data"),
    [
        (8, bytes([128, 0, 255])),
        (16, pcm([0, -32768, 32512])),
        (24, b"\xff\0\0" + b"\0\0\x80" + b"\0\0\x7f"),
        (32, b"\xff\xff\0\0" + b"\0\0\0\x80" + b"\0\0\0\x7f"),
    ],
)
@pytest.mark.parametrize("extensible", [False, True])
def test_of_more_or_less_bits_the_upper_sixteen_count(bits: int, data: bytes, extensible: bool):
    assert samples_of(read_recording(wav(data, bits=bits, extensible=extensible))) == [0, -32768, 32512]


def test_channels_are_mixed_in_equal_parts():
    two = wav(pcm([100, 300, -32768, -32768]), channels=2)
    three = wav(pcm([3, 6, 9]), channels=3)

    assert (samples_of(read_recording(two)), samples_of(read_recording(three))) == ([200, -32768], [6])


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 32_000, 44_100, 48_000, 96_000])
def test_a_tone_of_another_rate_stays_the_tone(rate: int):
    heard = samples_of(read_recording(wav(pcm(tone(440, rate)), rate=rate)))
    expected = tone(440, RATE)

    assert len(heard) == pytest.approx(len(expected), abs=1)
    off = [abs(a - b) for a, b in zip(heard, expected, strict=False)]
    assert max(off[200:-200]) < 100


def test_what_the_lower_rate_cannot_have_is_left_out_and_not_folded_down():
    assert loudest(resampled(tone(12_000, 48_000), 48_000, RATE)) < 100
    assert loudest(resampled(tone(3_000, 48_000), 48_000, RATE)) > 9_900


def test_the_loudest_sound_is_clipped_and_never_wraps_around():
    square = [32767, 32767, 32767, -32768, -32768, -32768] * 100

    assert min(resampled(square, 8_000, RATE)) == -32768
    assert max(resampled(square, 8_000, RATE)) == 32767


def test_silence_stays_silence():
    assert set(resampled(array("h", [0] * 300), 44_100, RATE)) == {0}
    assert read_recording(wav(b"", rate=44_100)) == b""


@pytest.mark.parametrize("length", [0, 0xFFFFFFFF])
def test_a_file_that_was_written_into_a_pipe_has_all_that_follows(length: int):
    known = wav(pcm([1, 2, 3]))
    piped = known.replace(b"data" + struct.pack("<I", 6), b"data" + struct.pack("<I", length))

    assert samples_of(read_recording(piped)) == [1, 2, 3]


def test_a_file_that_was_cut_off_has_what_is_there():
    assert samples_of(read_recording(wav(pcm([1, 2, 3]))[:-3])) == [1]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"ID3 and more", "is no WAV file"),
        (b"", "is no WAV file"),
        (wav(b"\1\2")[:40], "is no complete WAV file: it ends before the sound begins"),
        (b"RIFF\0\0\0\0WAVE" + chunk(b"fmt ", b"\1\0"), "is no complete WAV file: its header is too short"),
        (b"RIFF\0\0\0\0WAVE" + chunk(b"data", b"\1\0"), "is no complete WAV file: it ends before the sound begins"),
        (wav(bytes(4), bits=32, code=3), "has no plain samples but floating point"),
        (wav(bytes(4), bits=32, code=3, extensible=True), "has no plain samples but floating point"),
        (wav(bytes(4), code=0x1234), "has no plain samples but format 4660"),
        (wav(bytes(4), bits=12), "has 16000 Hz, 1 channels and 12 bits, which cannot be read"),
        (wav(b"", rate=0), "has 0 Hz, 1 channels and 16 bits, which cannot be read"),
    ],
)
def test_what_is_no_recording_is_told(data: bytes, problem: str):
    with pytest.raises(ValueError, match=f"^The recording {problem}. Only WAV files of plain samples can be heard.$"):
        read_recording(data)


def test_a_file_that_is_no_recording_is_named(tmp_path: Path):
    (tmp_path / "hello.mp3").write_bytes(b"ID3")

    with pytest.raises(ValueError, match=r"hello\.mp3 is no WAV file\. Only"):
        read_recording(tmp_path / "hello.mp3")


@pytest.mark.parametrize(("size", "sizes"), [(0, []), (FRAME_BYTES, [3200]), (FRAME_BYTES + 2, [3200, 2])])
def test_a_frame_has_a_tenth_of_a_second(size: int, sizes: list[int]):
    assert [len(frame) for frame in frames(bytes(size))] == sizes
