"""Live captions in several languages at once: on the glasses, and as a transcript on a page."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from mentra import (
    AppServer,
    AppSession,
    Channel,
    Permission,
    Request,
    Response,
    ServerEvent,
    Subscription,
    Timer,
    Transcription,
    WebError,
    route,
)

from settings import CaptionSettings
from transcript import Transcript, Utterance

PAGE = Path(__file__).with_name("page.html")
FINAL_STAYS_S = 20.0
PIXELS_PER_COLUMN = 14
"""A letter on the Even Realities G1, on the average."""
USUAL_WIDTH, USUAL_LINES = 576, 5
WIDTHS = {"Narrow": 0.7, "Medium": 0.85, "Wide": 1.0}


class Captions:
    """The captions of one user who wears glasses."""

    def __init__(self, session: AppSession, pages: Channel[ServerEvent], *, forget_after_s: float) -> None:
        self.transcript = Transcript()
        self._session = session
        self._pages = pages
        self._forget_after_s = forget_after_s
        self._chosen = session.settings.of(CaptionSettings)
        self._subscriptions: list[Subscription] = []
        self._silence: Timer | None = None
        session.settings.on_change("languages", lambda new, old: self.listen())
        session.settings.on_change(lambda changes: self.show())
        session.events.on_capabilities_update(lambda update: self.show())

    def listen(self) -> None:
        """Listen for the languages that are chosen; if none is, for whatever is spoken."""
        for subscription in self._subscriptions:
            subscription.cancel()
        languages: Sequence[str] = self._chosen.languages or ["auto"]
        self._subscriptions = [
            self._session.events.on_transcription(self._hear, language=language) for language in languages
        ]

    def show(self, *, duration: float | None = FINAL_STAYS_S) -> None:
        """Show the newest lines, as many and as wide as the user wants and the glasses can."""
        lines = self.lines()
        if lines:
            self._session.layouts.show_text_wall("\n".join(lines), duration=duration)
        else:
            self._session.layouts.clear()
        self._pages.publish(self._session.user_id, ServerEvent(event="display", data=lines))

    def lines(self) -> list[str]:
        """Return what is on the glasses."""
        display = self._session.capabilities.display if self._session.capabilities else None
        pixels = display.resolution.width if display and display.resolution else USUAL_WIDTH
        return self.transcript.lines(
            int(pixels * WIDTHS[self._chosen.width] / PIXELS_PER_COLUMN),
            keep=min(self._chosen.lines, int((display and display.max_text_lines) or USUAL_LINES)),
            break_words=self._chosen.break_words,
        )

    def _hear(self, speech: Transcription) -> None:
        utterance = self.transcript.hear(speech, datetime.now(UTC))
        self._pages.publish(self._session.user_id, ServerEvent(event="utterance", data=utterance))
        self.show(duration=FINAL_STAYS_S if speech.is_final else None)
        if self._silence:
            self._silence.cancel()
        self._silence = self._session.call_later(self._forget_after_s, self._forget)

    def _forget(self) -> None:
        self.transcript.clear_glasses()
        self.show()


class CaptionsApp(AppServer):
    """Live captions in several languages."""

    settings = CaptionSettings
    permissions = (Permission.MICROPHONE,)
    forget_after_s = 40.0
    """After so much silence the glasses begin anew."""

    def __init__(self) -> None:
        super().__init__()
        self._pages: Channel[ServerEvent] = Channel()
        self._captions: dict[str, Captions] = {}

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        captions = Captions(session, self._pages, forget_after_s=self.forget_after_s)
        self._captions[session_id] = captions
        captions.listen()

    async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
        self._captions.pop(session_id, None)

    @route.get("/webview", auth=True)
    def page(self, request: Request) -> Response:
        """The transcript, as a page."""
        return Response.html(PAGE.read_text("utf-8"))

    @route.get("/api/transcript", auth=True)
    def transcript(self, request: Request) -> list[Utterance]:
        return self._captions_for(request).transcript.utterances()

    @route.delete("/api/transcript", auth=True)
    def clear(self, request: Request) -> None:
        self._captions_for(request).transcript.clear()

    @route.get("/api/live", auth=True)
    def live(self, request: Request) -> AsyncIterator[ServerEvent]:
        """Each utterance while it is spoken, and the lines on the glasses."""
        return self._pages.listen(request.user_id)

    def _captions_for(self, request: Request) -> Captions:
        captions = self._captions.get(request.session.session_id) if request.session else None
        if captions is None:
            raise WebError(404, "Start Live Captions on your glasses.")
        return captions


if __name__ == "__main__":
    CaptionsApp().run()
