"""The examples of the AppServer page of the MentraOS documentation, as its reader would write them in Python.

Nothing here knows that it is tested. Only the last lines of each example, which construct and start a server, are
left out: a test cannot block.
"""

from mentra import AppServer, AppSession, Transcription


class MyApp(AppServer):
    """Basic Setup."""

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        # Your app logic goes here
        pass


class MultiUserApp(AppServer):
    """Multiple Users."""

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self.active_sessions: dict[str, AppSession] = {}

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        # Each user gets their own session
        self.active_sessions[session_id] = session
        session.layouts.show_text_wall(f"Active users: {len(self.active_sessions)}")

    async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
        del self.active_sessions[session_id]


class WeatherApp(AppServer):
    """Complete Example."""

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        session.logger.info(f"User {user_id} connected")

        # Show welcome message
        session.layouts.show_text_wall("Weather App Ready")

        # Listen for voice commands
        @session.events.on_transcription
        async def heard(data: Transcription) -> None:
            if data.is_final and "weather" in data.text:
                await self.show_weather(session)

    async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
        print(f"Session ended: {reason}")  # noqa: T201 - as on the page.

    async def show_weather(self, session: AppSession) -> None:
        session.layouts.show_reference_card("Weather", "Sunny, 72°F")
