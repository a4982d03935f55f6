"""The conversation of one user with the assistant: hears questions, looks, answers; one answer at a time."""

import asyncio
import uuid
from collections.abc import Callable, MutableSequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from mentra import AppSession, MentraError, Photo, Timer, Transcription

from answers import Answer
from hearing import after_wake_word, is_about_view, is_stop
from settings import AssistantSettings

READ_PER_S = 12.0
"""Letters; so long an answer stays on the glasses, and five seconds at least."""


@dataclass(kw_only=True)
class Exchange:
    """A question and its answer."""

    question: str
    answer: str = ""
    """Empty while there is none."""
    photo: Photo | None = None
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    asked_at: datetime = field(default_factory=lambda: datetime.now(UTC))


class Conversation:
    """Answers one user, as long as the session lives.

    Args:
        answer: Where answers come from.
        exchanges: Where questions and answers are kept.
        changed: Called with each exchange that is new or different.
        listens_s: How long the question may be away from the wake word.
    """

    def __init__(
        self,
        session: AppSession,
        answer: Answer,
        exchanges: MutableSequence[Exchange],
        changed: Callable[[Exchange], object],
        *,
        listens_s: float,
    ) -> None:
        self._session = session
        self._chosen = session.settings.of(AssistantSettings)
        self._answer = answer
        self._exchanges = exchanges
        self._changed = changed
        self._listens_s = listens_s
        self._listening: Timer | None = None
        self._answering: asyncio.Task[None] | None = None

    def hear(self, speech: Transcription) -> None:
        """Find out whether something was said to the assistant, and what."""
        said = after_wake_word(speech.text, self._chosen.wake_words.split(","))
        if said is None and self._listening:
            said = speech.text
        if said is None:
            return
        if not speech.is_final:
            self._session.layouts.show_text_wall(f"Listening ...\n{said}", duration=self._listens_s)
        elif not said.strip():
            self.listen()
        elif is_stop(said):
            self.be_quiet()
        else:
            self.ask(said)

    def listen(self) -> None:
        """Take what is said next for a question, without the wake word."""
        self.be_quiet()
        self._listening = self._session.call_later(self._listens_s, self.be_quiet)
        self._session.layouts.show_text_wall("Listening ...", duration=self._listens_s)

    def ask(self, question: str) -> None:
        """Answer a question, and no other one any more."""
        self.be_quiet()
        self._answering = self._session.start_soon(self._reply(question))

    def be_quiet(self) -> None:
        """Stop listening and answering. Speech is cut off: to cancel ``speak`` stops it."""
        if self._listening:
            self._listening.cancel()
            self._listening = None
        if self._answering:
            self._answering.cancel()
            self._answering = None
        self._session.layouts.clear()

    async def _reply(self, question: str) -> None:
        exchange = Exchange(question=question)
        self._exchanges.append(exchange)
        self._changed(exchange)
        self._session.layouts.show_text_wall(f"{question}\n...")
        try:
            exchange.photo = await self._look(question)
            exchange.answer = await self._answer(question, exchange.photo)
        except MentraError as error:
            exchange.answer = str(error)
        except asyncio.CancelledError:
            exchange.answer = "(interrupted)"
            raise
        except Exception:
            self._session.logger.exception("There is no answer.")
            exchange.answer = "Sorry, there is no answer. Please try again."
        finally:
            self._changed(exchange)
        await self._say(exchange.answer)

    async def _look(self, question: str) -> Photo | None:
        """Take a photo if the question needs one, or the user wants one with each."""
        if self._chosen.photos == "Never":
            return None
        if is_about_view(question):
            return await self._session.camera.request_photo()
        if self._chosen.photos == "With each question" and self._session.has_camera:
            try:
                return await self._session.camera.request_photo()
            except MentraError as error:
                self._session.logger.warning("The question is answered without a photo: %s", error)
        return None

    async def _say(self, text: str) -> None:
        self._session.layouts.show_text_wall(text, duration=max(5.0, len(text) / READ_PER_S))
        if self._chosen.speak or not self._session.has_display:
            await self._session.audio.speak(text)
