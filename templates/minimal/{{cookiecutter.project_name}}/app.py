"""The smallest app: it greets, then shows what it hears."""

from mentra import AppServer, AppSession, Transcription


class HelloApp(AppServer):
    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        session.layouts.show_text_wall("Hello! Say something.")

        @session.events.on_transcription
        def echo(speech: Transcription) -> None:
            session.layouts.show_text_wall(speech.text)


if __name__ == "__main__":
    HelloApp().run()
