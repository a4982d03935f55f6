"""Live captions: what is said around you, as rolling lines on the glasses."""

import textwrap

from mentra import AppServer, AppSession, Permission, Settings, Transcription, setting

LINE_WIDTH = 40  # characters


class CaptionsSettings(Settings):
    lines: int = setting(4, min=1, max=8, label="Lines that stay")


def roll(lines: list[str], speech: str, *, keep: int) -> list[str]:
    """Write speech below the lines that are there, and keep the last ones."""
    return [*lines, *textwrap.wrap(speech, LINE_WIDTH)][-keep:]


class CaptionsApp(AppServer):
    settings = CaptionsSettings
    permissions = (Permission.MICROPHONE,)

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        settings = session.settings.of(CaptionsSettings)  # What the user chooses on the phone, at any time.
        finished: list[str] = []  # What was said before the current sentence. Each user has their own session.
        session.layouts.show_text_wall("Listening ...")

        @session.events.on_transcription
        def show(speech: Transcription) -> None:
            nonlocal finished
            lines = roll(finished, speech.text, keep=settings.lines)
            session.layouts.show_text_wall("\n".join(lines))
            # Until it is final, a sentence comes again and again, longer and corrected: each one replaces the last.
            if speech.is_final:
                finished = lines


if __name__ == "__main__":
    CaptionsApp().run()
