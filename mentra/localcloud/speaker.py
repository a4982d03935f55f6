"""The speaker of the virtual glasses, and the phone that plays on it.

The rules, which are the phone app's of June 2026:

* One sound plays at a time. One that stops the others interrupts it, and the phone says at once that the older one is
  over, as a success. One that does not stop the others takes its place all the same, and the phone never says so.
* A stop ends what the asking app plays; the phone says that it is over, as a success.
* Nothing is fetched: the sound lasts as long as a test says, or fails as a test says.

Source: MentraOS (Jun-2026) mobile/src/services/AudioPlaybackService.ts; docs/protocol.md, Sound.
"""

import asyncio
from collections import deque
from dataclasses import dataclass

from mentra.localcloud.app_run import AppRun
from mentra.localcloud.display import HISTORY
from mentra.localcloud.user import User
from mentra.protocol.app_to_cloud import AudioPlayRequest, AudioStopRequest
from mentra.protocol.audio import read_speech
from mentra.protocol.cloud_to_app import AudioPlayReply
from mentra.protocol.connection import session_id_of


@dataclass(frozen=True, slots=True)
class PlayedSound:
    """A sound that an app had played."""

    package_name: str
    url: str
    volume: float
    """0.0 silent to 1.0 full."""
    text: str | None
    """What is said, when the cloud speaks a text; ``None`` for other sounds."""


class Speaker:
    """Plays what apps ask for.

    Attributes:
        duration_s: How long each sound is from now on. Without it a sound is over at once.
        failure: Why each sound fails from now on; ``None`` lets it succeed.
        sounds: The last thousand sounds, oldest first.
        playing: The sound that is heard now.
    """

    def __init__(self, user: User) -> None:
        self.duration_s = 0.0
        self.failure: str | None = None
        self.sounds: deque[PlayedSound] = deque(maxlen=HISTORY)
        self._user = user
        self._now: _Playback | None = None
        user.answers(AudioPlayRequest, self._play)
        user.answers(AudioStopRequest, self._stop)

    @property
    def playing(self) -> PlayedSound | None:
        """The sound that is heard now."""
        return self._now.sound if self._now else None

    def _play(self, run: AppRun, request: AudioPlayRequest) -> None:
        if request.stop_other_audio:
            self._interrupt()
        speech = read_speech(request.audio_url)
        sound = PlayedSound(run.package_name, request.audio_url, request.volume, speech.text if speech else None)
        playback = _Playback(run, request.request_id, sound, asyncio.get_running_loop().time())
        self.sounds.append(sound)
        if self.failure is not None:
            self._answer(playback, success=False)
        elif self.duration_s:
            self._now = playback
            self._user.spawn(self._end(playback, self.duration_s))
        else:
            self._answer(playback, duration_s=0)

    def _stop(self, run: AppRun, _: AudioStopRequest) -> None:
        if self._now is not None and self._now.run is run:
            self._interrupt()

    def _interrupt(self) -> None:
        playback, self._now = self._now, None
        if playback is not None:
            self._answer(playback, duration_s=asyncio.get_running_loop().time() - playback.began_at)

    async def _end(self, playback: "_Playback", duration_s: float) -> None:
        await asyncio.sleep(duration_s)
        if self._now is playback:
            self._now = None
            self._answer(playback, duration_s=duration_s)

    def _answer(self, playback: "_Playback", *, success: bool = True, duration_s: float | None = None) -> None:
        playback.run.send(
            AudioPlayReply(
                session_id=session_id_of(self._user.user_id, playback.run.package_name),
                request_id=playback.request_id,
                success=success,
                error=None if success else self.failure,
                duration_ms=None if duration_s is None else round(duration_s * 1000),
                timestamp=self._user.timestamp(),
            )
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Playback:
    run: AppRun
    request_id: str
    sound: PlayedSound
    began_at: float
