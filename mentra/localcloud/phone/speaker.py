"""The speaker of the virtual glasses, and the phone that plays on it.

The rules, which are the phone app's of June 2026:

* One sound plays at a time. One that stops the others interrupts it, and the phone says at once that the older one is
  over, as a success. One that does not stop the others takes its place all the same, and the phone never says so.
* A stop ends what the asking app plays; the phone says that it is over, as a success.
* While the phone is away the cloud refuses both, and the app loses its connection.
* Nothing is fetched but what an app sends through a relay of the cloud, which is over when the app ends it. Any other
  sound lasts as long as a test says, or fails as a test says.

Source: MentraOS (Jun-2026) mobile/src/services/AudioPlaybackService.ts; docs/protocol.md, Sound.
"""

import asyncio
import contextlib
from dataclasses import dataclass

from mentra.localcloud.app_run import AppRun
from mentra.localcloud.history import Recent
from mentra.localcloud.phone.sound_relays import SoundRelay, relay_path
from mentra.localcloud.refusals import refuse_without_phone
from mentra.localcloud.user import User
from mentra.protocol.app_to_cloud import AudioPlayRequest, AudioStopRequest, AudioStreamEnd, AudioStreamStart
from mentra.protocol.audio import read_speech
from mentra.protocol.cloud_to_app import AudioPlayReply, AudioStreamReady, ConnectionRefusal
from mentra.protocol.connection import session_id_of
from mentra.transport.base import http_base


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
        streamed: What an app sent of the last sound that came through a relay, as it came.
    """

    def __init__(self, user: User) -> None:
        self.duration_s = 0.0
        self.failure: str | None = None
        self.sounds: Recent[PlayedSound] = user.recent()
        self.streamed = b""
        self._user = user
        self._now: _Playback | None = None
        user.answers(AudioPlayRequest, self._play)
        user.answers(AudioStopRequest, self._stop)
        if user.generation == 3:
            user.answers(AudioStreamStart, self._open_relay)
            user.answers(AudioStreamEnd, self._end_relay)
            user.when_over(lambda: user.sound_relays.close_all(user.user_id))

    @property
    def playing(self) -> PlayedSound | None:
        """The sound that is heard now."""
        return self._now.sound if self._now else None

    def _play(self, run: AppRun, request: AudioPlayRequest) -> None:
        if not refuse_without_phone(self._user, run):
            self._user.to_phone(lambda: self._begin(run, request))

    def _begin(self, run: AppRun, request: AudioPlayRequest) -> None:
        if request.stop_other_audio:
            self._interrupt()
        speech = read_speech(request.audio_url)
        sound = PlayedSound(run.package_name, request.audio_url, request.volume, speech.text if speech else None)
        playback = _Playback(run, request.request_id, sound, asyncio.get_running_loop().time())
        self.sounds.append(sound)
        if self.failure is not None:
            self._answer(playback, success=False)
        elif relay := self._relay_at(request.audio_url):
            self._now = playback
            self._user.spawn(self._listen(playback, relay))
        elif self.duration_s:
            self._now = playback
            self._user.spawn(self._end(playback, self.duration_s))
        else:
            self._answer(playback, duration_s=0)

    def _stop(self, run: AppRun, _: AudioStopRequest) -> None:
        if not refuse_without_phone(self._user, run):
            self._user.to_phone(lambda: self._silence(run))

    def _silence(self, run: AppRun) -> None:
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

    async def _listen(self, playback: "_Playback", relay: SoundRelay) -> None:
        self.streamed = b""
        async with contextlib.aclosing(relay.claim()) as chunks:
            async for chunk in chunks:
                if self._now is not playback:
                    return
                self.streamed += chunk
        if self._now is playback:
            self._interrupt()

    def _open_relay(self, run: AppRun, request: AudioStreamStart) -> None:
        user = self._user
        if user.sound_relays.open(user.user_id, request.stream_id, request.content_type):
            url = http_base(user.websocket_url) + relay_path(user.user_id, request.stream_id)
            run.reply(AudioStreamReady(stream_id=request.stream_id, stream_url=url, timestamp=user.timestamp()))
        else:  # The one error after which the connection stays.
            message = "Failed to create audio stream relay"
            run.reply(ConnectionRefusal(code="STREAM_CREATE_FAILED", message=message, timestamp=user.timestamp()))

    def _end_relay(self, _: AppRun, request: AudioStreamEnd) -> None:
        if relay := self._user.sound_relays.find(self._user.user_id, request.stream_id):
            relay.end()

    def _relay_at(self, url: str) -> SoundRelay | None:
        base, _, stream_id = url.rpartition("/")
        is_relay = base + "/" == http_base(self._user.websocket_url) + relay_path(self._user.user_id, "")
        return self._user.sound_relays.find(self._user.user_id, stream_id) if is_relay else None

    def _answer(self, playback: "_Playback", *, success: bool = True, duration_s: float | None = None) -> None:
        reply = AudioPlayReply(
            session_id=session_id_of(self._user.user_id, playback.run.package_name),
            request_id=playback.request_id,
            success=success,
            error=None if success else self.failure,
            duration_ms=None if duration_s is None else round(duration_s * 1000),
            timestamp=self._user.timestamp(),
        )
        self._user.to_cloud(lambda: playback.run.send(reply))


@dataclass(frozen=True, slots=True, eq=False)
class _Playback:
    run: AppRun
    request_id: str
    sound: PlayedSound
    began_at: float
