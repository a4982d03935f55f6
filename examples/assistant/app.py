"""A voice assistant that sees: "Hey Mentra, what is this?"."""

import os
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import TypedDict

from mentra import AppServer, AppSession, Channel, Permission, Request, Response, WebError, route

from answers import Answer, answer_by
from conversation import Conversation, Exchange
from settings import AssistantSettings

PAGE = Path(__file__).with_name("page.html")
KEPT = 20
"""Questions of each user that the page shows, with their photos."""


class PageEntry(TypedDict):
    """A question and its answer, as the page gets them."""

    id: str
    question: str
    answer: str
    has_photo: bool
    asked_at: datetime


class AssistantApp(AppServer):
    """Ask anything by voice, also about what you see.

    Args:
        answer: Where answers come from: a language model if the environment names one, else the offline answers.
    """

    settings = AssistantSettings
    permissions = (Permission.MICROPHONE, Permission.CAMERA)
    listens_s = 10.0
    """How long the question may be away from the wake word."""

    def __init__(self, answer: Answer | None = None) -> None:
        super().__init__()
        self._answer = answer or answer_by(os.environ)
        self._exchanges: defaultdict[str, deque[Exchange]] = defaultdict(lambda: deque(maxlen=KEPT))
        self._pages: Channel[PageEntry] = Channel()

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        conversation = Conversation(
            session,
            self._answer,
            self._exchanges[user_id.lower()],
            lambda exchange: self._pages.publish(user_id, _for_page(exchange)),
            listens_s=self.listens_s,
        )
        session.events.on_transcription(conversation.hear)
        session.events.on_button_press(lambda press: conversation.ask("What do you see?"), press="short")
        session.events.on_button_press(lambda press: conversation.listen(), press="long")
        session.layouts.show_text_wall('Say "Hey Mentra" and your question.', duration=10)

    @route.get("/webview", auth=True)
    def page(self, request: Request) -> Response:
        """The conversation, as a page."""
        return Response.html(PAGE.read_text("utf-8"))

    @route.get("/api/conversation", auth=True)
    def conversation(self, request: Request) -> list[PageEntry]:
        """The newest questions with their answers, oldest first."""
        return [_for_page(exchange) for exchange in self._exchanges[request.user_id.lower()]]

    @route.get("/api/live", auth=True)
    def live(self, request: Request) -> AsyncIterator[PageEntry]:
        """Each question when it is asked, and again when it is answered."""
        return self._pages.listen(request.user_id)

    @route.get("/api/photos/{id}", auth=True)
    def photo(self, request: Request) -> Response:
        """The photo of one question."""
        for exchange in self._exchanges[request.user_id.lower()]:
            if exchange.photo and exchange.id == request.params["id"]:
                return Response(exchange.photo.data, headers={"content-type": exchange.photo.mime_type})
        raise WebError(404, "There is no such photo any more.")


def _for_page(exchange: Exchange) -> PageEntry:
    return {
        "id": exchange.id,
        "question": exchange.question,
        "answer": exchange.answer,
        "has_photo": exchange.photo is not None,
        "asked_at": exchange.asked_at,
    }


if __name__ == "__main__":
    AssistantApp().run()
