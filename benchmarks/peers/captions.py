"""Shows what is said. With ``BENCH_STREAM=audio_chunk``: counts the frames of sound, and shows every fiftieth count.

With ``BENCH_ASYNC=1`` the handler of what is said is ``async``, as in most apps.
With ``BENCH_WORK_MS`` each start and each text takes so many milliseconds of CPU more, as the work of an app would.
"""

import os
import time

from mentra import AppServer, AppSession, AudioChunk, Transcription

FRAMES_PER_ANSWER = 50
ASYNC = os.environ.get("BENCH_ASYNC") == "1"
WORK_S = float(os.environ.get("BENCH_WORK_MS", "0")) / 1000


class Captions(AppServer):
    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        if WORK_S:
            work()
        if os.environ["BENCH_STREAM"] == "audio_chunk":
            count_frames(session)
        else:
            show_speech(session)


def show_speech(session: AppSession) -> None:
    def show(speech: Transcription) -> None:
        if WORK_S:
            work()
        session.layouts.show_text_wall(speech.text)

    async def show_async(speech: Transcription) -> None:
        show(speech)

    session.events.on("transcription:en-US", show_async if ASYNC else show)


def work() -> None:
    until = time.thread_time() + WORK_S  # CPU and not time: while another process has the core, nothing is done.
    while time.thread_time() < until:
        pass


def count_frames(session: AppSession) -> None:
    frames = 0

    def count(_: AudioChunk) -> None:
        nonlocal frames
        frames += 1
        if frames % FRAMES_PER_ANSWER == 0:
            session.layouts.show_text_wall(f"frames {frames}")

    session.events.on("audio_chunk", count)


Captions().run()
