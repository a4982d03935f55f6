"""``session.audio``: play sounds, and speak.

The phone fetches a sound by its URL, and plays it on the glasses or, where they have no speaker, itself. The rules:

* A call returns when its sound is over. What the phone answers decides; a call that it never answers has a time limit.
* An interrupted sound is over at once, whatever the phone says of it: ``stop``, a new sound that stops the others, or
  a cancelled call interrupt all sounds of the app, as both clouds stop them all (docs/protocol.md, Sound).
* What is made of bytes or a file is handed out by the app's own server as long as the call takes.
"""

import asyncio
import mimetypes
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from mentra.errors import AudioError, NotConnected, RequestFailed
from mentra.protocol.app_to_cloud import AudioPlayRequest, AudioStopRequest
from mentra.protocol.audio import AudioTrack, VoiceSettings, encoded_length, speech_path
from mentra.protocol.cloud_to_app import AudioPlayReply
from mentra.session import moved_names
from mentra.session.core import SessionCore
from mentra.session.requests import new_id
from mentra.wrong_names import named_options, unknown_name

PLAYED_WITHIN_S = 60.0
"""How long a sound may take, unless the caller says otherwise; the official SDK's limit."""
MAX_SPEECH_LENGTH = 4000
"""How much of a text goes into one URL, in characters as they stand there: proxies on the way refuse long ones."""
SPOKEN_PER_S = 10.0
"""Characters that even a slow voice speaks in a second."""

_ABOUT = ("audio", "glasses not connected")
"""Words of the refusals of both clouds; the second is about the phone, whatever it says (docs/protocol.md, Sound)."""
_SENTENCE = re.compile(r".+?(?:[.!?…]\s+|[。！？]+\s*|\n+|$)", re.DOTALL)  # noqa: RUF001 - sentences end so in Chinese.
_WORD = re.compile(r"\s*\S+\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackResult:
    """How a sound ended."""

    duration_s: float | None = None
    """How long it is, as the phone says; ``None`` when it did not."""
    interrupted: bool = False
    """Whether it was stopped, or another sound took its place."""

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            moved = {"duration": "duration_s", **dict.fromkeys(("success", "error"), _FAILURE_IS_RAISED)}
            raise unknown_name(self, name, dir(type(self)), moved=moved)


_FAILURE_IS_RAISED = "the AudioError that is raised for a failure"
_OPTIONS = {
    "audioUrl": "pass the URL first",
    "audio_url": "pass the URL first",
    "trackId": "write 'track'",
    "track_id": "write 'track'",
}


class Audio:
    """``session.audio``: play sounds, and speak."""

    def __init__(self, core: SessionCore) -> None:
        self._core = core
        self._playing: dict[str, str] = {}
        core.hears(AudioPlayReply, self._answered)

    @property
    def playing(self) -> tuple[str, ...]:
        """The URLs of the sounds that are waited for now, in the order of their requests."""
        return tuple(self._playing.values())

    @named_options(_OPTIONS)
    async def play(
        self,
        url: str,
        *,
        volume: float = 1.0,
        track: AudioTrack = AudioTrack.SPEAKER,
        stop_other_audio: bool = True,
        wait: bool = True,
        timeout: float | None = PLAYED_WITHIN_S,
    ) -> PlaybackResult:
        """Play a sound from the web, and return when it is over.

        A cancelled call stops all sounds of the app. A call that is interrupted returns at once, and says so.

        Args:
            url: ``http://`` or ``https://``; the phone must reach it, and know the format. MP3 is sure.
            volume: 0.0 silent to 1.0 full.
            track: What the sound is. Neither cloud passes it on.
            stop_other_audio: Interrupt what plays. ``False`` asks to mix, but the phone app of 2026 plays one sound at
                a time, and never says that the older one is over.
            wait: ``False`` returns when the request is sent; a later failure is only logged. The official SDK does so
                for all sounds that do not stop the others.
            timeout: Seconds until the sound must be over; ``None`` is for sounds of any length.

        Raises:
            AudioError: It was not played; the message is the phone's or the cloud's.
            RequestTimeout: The phone did not say in time that it is over. It may be playing still.
            NotConnected: The connection to the cloud is lost, and did not come back in time. Nothing was sent.

        Source: @mentra/sdk 2.1.29 dist/app/session/modules/audio.d.ts, playAudio; docs/protocol.md, Sound
        """
        if "://" not in url:
            raise ValueError(f"{url!r} is no URL that a phone could fetch. For a file of your own: play_file(path).")
        return await self._play(
            url, volume=volume, track=track, stop_other_audio=stop_other_audio, wait=wait, timeout=timeout
        )

    @named_options(_OPTIONS)
    async def speak(
        self,
        text: str,
        *,
        voice_id: str | None = None,
        model_id: str | None = None,
        voice_settings: VoiceSettings | None = None,
        volume: float = 1.0,
        stop_other_audio: bool = True,
        timeout: float | None = PLAYED_WITHIN_S,
    ) -> PlaybackResult:
        """Speak a text with the cloud's voice, and return when it is over.

        A text that is too long for a URL is spoken in parts, cut between sentences; an interruption ends all of them.

        Args:
            text: What to say.
            voice_id: A voice of ElevenLabs; the cloud's own if left out.
            model_id: A model of ElevenLabs; the cloud takes ``"eleven_flash_v2_5"`` if left out.
            voice_settings: How the voice speaks.
            volume: 0.0 silent to 1.0 full.
            stop_other_audio: Interrupt what plays; see ``play``.
            timeout: Seconds that each part may take longer than it is, reckoned at 10 characters a second; ``None``
                waits as long as it takes.

        Raises:
            AudioError: It was not spoken; the message is the phone's or the cloud's. The parts before it were.
            RequestTimeout: The phone did not say in time that it is over.
            NotConnected: The connection to the cloud is lost, and did not come back in time.

        Source: @mentra/sdk 2.1.29 dist/app/session/modules/audio.d.ts, speak; docs/protocol.md, Sound
        """
        if not text.strip():
            raise ValueError("There is nothing to speak: the text is empty.")
        durations_s: list[float | None] = []
        interrupted = False
        for part in split_speech(text):
            path = speech_path(part, voice_id=voice_id, model_id=model_id, voice_settings=voice_settings)
            result = await self._play(
                self._core.api.base + path,
                volume=volume,
                track=AudioTrack.SPEECH,
                # The first part has stopped what played before. What was mixed in since is meant to be heard.
                stop_other_audio=stop_other_audio and not durations_s,
                timeout=None if timeout is None else timeout + len(part) / SPOKEN_PER_S,
            )
            durations_s.append(result.duration_s)
            interrupted = result.interrupted
            if interrupted:
                break
        known = [each for each in durations_s if each is not None]
        return PlaybackResult(
            duration_s=sum(known) if len(known) == len(durations_s) else None, interrupted=interrupted
        )

    @named_options(_OPTIONS)
    async def play_file(
        self,
        path: str | os.PathLike[str],
        *,
        volume: float = 1.0,
        track: AudioTrack = AudioTrack.SPEAKER,
        stop_other_audio: bool = True,
        timeout: float | None = PLAYED_WITHIN_S,
    ) -> PlaybackResult:
        """Play a sound file of the app, and return when it is over.

        The app's own server hands it out, under an address that nobody can guess, as long as the call takes. Needs to
        know where that server is reached: the option ``public_url``.

        Args:
            path: The file; its suffix says what it is.
            volume: 0.0 silent to 1.0 full.
            track: See ``play``.
            stop_other_audio: See ``play``.
            timeout: Seconds until the sound must be over; ``None`` is for sounds of any length.

        Raises:
            ConfigError: Nobody said where the server is reached; the message says what to set.
            OSError: The file could not be read.
            AudioError: It was not played.
            RequestTimeout: The phone did not say in time that it is over. It cannot fetch the file any more.
            NotConnected: The connection to the cloud is lost, and did not come back in time.
        """
        file = Path(path)
        data = await asyncio.to_thread(file.read_bytes)
        return await self._play_own(
            data,
            mimetypes.guess_type(file.name)[0] or "application/octet-stream",
            file.suffix,
            volume=volume,
            track=track,
            stop_other_audio=stop_other_audio,
            timeout=timeout,
        )

    @named_options(_OPTIONS)
    async def play_bytes(
        self,
        data: bytes,
        mime_type: str,
        *,
        volume: float = 1.0,
        track: AudioTrack = AudioTrack.SPEAKER,
        stop_other_audio: bool = True,
        timeout: float | None = PLAYED_WITHIN_S,
    ) -> PlaybackResult:
        """Play a sound that is in memory, as ``play_file`` does, and return when it is over.

        Args:
            data: A whole sound file, such as an MP3 or a WAV.
            mime_type: What it is: ``"audio/mpeg"``, ``"audio/wav"``.
            volume: 0.0 silent to 1.0 full.
            track: See ``play``.
            stop_other_audio: See ``play``.
            timeout: Seconds until the sound must be over; ``None`` is for sounds of any length.

        Raises:
            ConfigError: Nobody said where the server is reached; the message says what to set.
            AudioError: It was not played.
            RequestTimeout: The phone did not say in time that it is over. It cannot fetch the sound any more.
            NotConnected: The connection to the cloud is lost, and did not come back in time.
        """
        if not data:
            raise ValueError("There is nothing to play: the data is empty.")
        if "/" not in mime_type:
            raise ValueError(f"{mime_type!r} is no MIME type. Write one such as 'audio/mpeg' or 'audio/wav'.")
        return await self._play_own(
            data,
            mime_type,
            mimetypes.guess_extension(mime_type) or "",
            volume=volume,
            track=track,
            stop_other_audio=stop_other_audio,
            timeout=timeout,
        )

    def stop(self, track: AudioTrack | None = None) -> None:
        """Stop what plays; the calls that wait for it return, and say that they were interrupted.

        Nothing is awaited, and nothing happens while the connection to the cloud is lost.

        Args:
            track: What to stop. Both clouds stop all sounds of the app, whatever it says.
        """
        if self._core.send(AudioStopRequest(**self._core.envelope(), track_id=track)):
            self._interrupt()

    async def _play_own(
        self,
        data: bytes,
        mime_type: str,
        suffix: str,
        *,
        volume: float,
        track: AudioTrack,
        stop_other_audio: bool,
        timeout: float | None,
    ) -> PlaybackResult:
        with self._core.published.file(data, mime_type, suffix=suffix) as url:
            return await self._play(url, volume=volume, track=track, stop_other_audio=stop_other_audio, timeout=timeout)

    async def _play(
        self,
        url: str,
        *,
        volume: float,
        track: AudioTrack,
        stop_other_audio: bool,
        timeout: float | None,
        wait: bool = True,
    ) -> PlaybackResult:
        if not 0 <= volume <= 1:
            raise ValueError(f"volume {volume!r} is out of range: 0.0 is silent, 1.0 is full.")
        request = AudioPlayRequest(
            **self._core.envelope(),
            request_id=new_id("audio_req"),
            audio_url=url,
            volume=volume,
            stop_other_audio=stop_other_audio,
            track_id=AudioTrack(track),
        )
        if not wait:
            self._send(request)
            return PlaybackResult()
        return await self._wait(request, timeout)

    async def _wait(self, request: AudioPlayRequest, timeout: float | None) -> PlaybackResult:
        key = request.request_id

        def send() -> None:
            self._send(request)
            self._playing[key] = request.audio_url

        try:
            waited = await self._core.wait_until_up("The sound", timeout)
            result: PlaybackResult = await self._core.requests.wait(
                key, what="The end of the sound", timeout=timeout, waited=waited, about=_ABOUT, send=send
            )
            return result
        except AudioError:
            raise
        except RequestFailed as error:
            raise AudioError(str(error), code=error.code) from error
        except asyncio.CancelledError:
            if key in self._playing:  # Else another sound plays by now, which is not to be stopped.
                del self._playing[key]
                self.stop()
            raise
        finally:
            self._playing.pop(key, None)

    def _send(self, request: AudioPlayRequest) -> None:
        if not self._core.send(request):
            raise NotConnected("The sound was not asked for: the connection to the cloud is lost at the moment.")
        if request.stop_other_audio:
            self._interrupt()

    def _interrupt(self) -> None:
        """End all calls that wait: the phone of 2026 says that they are over, others may say nothing."""
        keys, self._playing = list(self._playing), {}
        for key in keys:
            self._core.requests.answer(key, PlaybackResult(interrupted=True))

    def _answered(self, reply: AudioPlayReply) -> None:
        if reply.success:
            duration_s = None if reply.duration_ms is None else reply.duration_ms / 1000
            self._core.requests.answer(reply.request_id, PlaybackResult(duration_s=duration_s))
            return
        problem = reply.error or "The phone did not play the sound, and did not say why."
        if not self._core.requests.fail(reply.request_id, AudioError(problem)):
            self._core.logger.info("A sound that nobody waits for was not played: %s", problem)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise unknown_name(self, name, moved=moved_names.AUDIO)


def split_speech(text: str, *, limit: int = MAX_SPEECH_LENGTH) -> list[str]:
    """Cut a text into parts that fit into URLs: between sentences, else between words, else anywhere.

    Args:
        text: Not empty.
        limit: Characters of a URL, where "é" takes six.
    """
    if encoded_length(text) <= limit:
        return [text]
    parts: list[str] = []
    room = 0
    for piece in _pieces(text.strip(), limit):
        if encoded_length(piece.rstrip()) <= room:  # What a part ends with is taken off.
            parts[-1] += piece
        else:
            parts.append(piece)
            room = limit
        room -= encoded_length(piece)
    return [part.strip() for part in parts if part.strip()]


def _pieces(text: str, limit: int) -> Iterator[str]:
    for sentence in _SENTENCE.findall(text):
        if encoded_length(sentence.rstrip()) <= limit:
            yield sentence
            continue
        for word in _WORD.findall(sentence):
            if encoded_length(word.rstrip()) <= limit:
                yield word
            else:
                yield from word
