import asyncio

import pytest
from mentra import Photo
from mentra.testing import simulate

from app import AssistantApp

LIVE = "Mentra Live"
"""Glasses with a camera and a button, and without a display."""
PHOTO = b"\xff\xd8\xff\xe0 what the camera sees"


class ParrotApp(AssistantApp):
    """An assistant that answers with the question, and tells whether it saw something."""

    def __init__(self) -> None:
        super().__init__(parrot)


async def parrot(question: str, photo: Photo | None) -> str:
    return f"{question} {'I see.' if photo else 'I hear.'}"


class StubbornApp(AssistantApp):
    """An assistant that thinks about its first question for ever."""

    def __init__(self) -> None:
        super().__init__(self.think)
        self.given_up: list[str] = []

    async def think(self, question: str, photo: Photo | None) -> str:
        if question == "first":
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.given_up.append(question)
                raise
        return f"Answer to {question}"


class BrokenApp(AssistantApp):
    """An assistant whose language model cannot be reached."""

    def __init__(self) -> None:
        super().__init__(self.fail)

    async def fail(self, question: str, photo: Photo | None) -> str:
        raise OSError("no network")


async def test_a_question_is_answered_on_the_glasses_and_aloud() -> None:
    async with simulate(ParrotApp) as glasses:
        await glasses.say("Hey Mentra, how are you?")

        await glasses.wait_for_display("how are you? I hear.")
        assert glasses.spoken == ("how are you? I hear.",)


async def test_it_answers_without_any_account() -> None:
    async with simulate(AssistantApp) as glasses:
        await glasses.say("hey mentra, who are you?")

        await glasses.wait_for_display("You asked: who are you?")


async def test_what_others_say_is_none_of_its_business() -> None:
    async with simulate(ParrotApp) as glasses:
        await glasses.say("How are you?")

        assert glasses.display == 'Say "Hey Mentra" and your question.'


async def test_the_question_may_follow_the_wake_word() -> None:
    async with simulate(ParrotApp) as glasses:
        await glasses.say("Hey Mentra.")
        assert glasses.display == "Listening ..."

        await glasses.say("How are", is_final=False)
        assert glasses.display == "Listening ...\nHow are"

        await glasses.say("How are you?")
        await glasses.wait_for_display("How are you? I hear.")


class ImpatientApp(ParrotApp):
    """An assistant that does not wait for the question."""

    listens_s = 0.01


async def test_it_does_not_listen_for_ever() -> None:
    async with simulate(ImpatientApp) as glasses:
        gone = asyncio.Event()
        await glasses.say("Hey Mentra.")
        glasses.glasses.on_display(lambda _: gone.set())
        async with asyncio.timeout(5):
            await gone.wait()
        assert glasses.display == ""

        await glasses.say("How are you?")
        assert glasses.display == ""


async def test_a_new_question_ends_the_answer_before() -> None:
    async with simulate(StubbornApp) as glasses:
        await glasses.say("hey mentra first")
        await glasses.say("hey mentra second")

        await glasses.wait_for_display("Answer to second")
        assert isinstance(glasses.app, StubbornApp)
        assert glasses.app.given_up == ["first"]
        conversation = (await glasses.fetch("/api/conversation")).json()
        assert [one["answer"] for one in conversation] == ["(interrupted)", "Answer to second"]


async def test_it_can_be_told_to_stop() -> None:
    async with simulate(StubbornApp) as glasses:
        await glasses.say("hey mentra first")
        await glasses.say("hey mentra, never mind")

        assert isinstance(glasses.app, StubbornApp)
        assert (glasses.display, glasses.app.given_up) == ("", ["first"])


async def test_a_question_about_the_view_takes_a_photo() -> None:
    async with simulate(ParrotApp, model=LIVE) as glasses:
        glasses.photo(PHOTO)

        await glasses.say("Hey Mentra, what is this?")
        await glasses.wait_for_display("what is this? I see.")

        [shown] = (await glasses.fetch("/api/conversation")).json()
        assert shown["has_photo"] is True
        photo = await glasses.fetch(f"/api/photos/{shown['id']}")
        assert (photo.headers["content-type"], photo.body) == ("image/jpeg", PHOTO)


async def test_a_press_of_the_button_asks_what_there_is_to_see() -> None:
    async with simulate(ParrotApp, model=LIVE) as glasses:
        await glasses.press()

        await glasses.wait_for_display("What do you see? I see.")


async def test_a_long_press_stands_for_the_wake_word() -> None:
    async with simulate(ParrotApp, model=LIVE) as glasses:
        await glasses.press(press_type="long")
        await glasses.say("How are you?")

        await glasses.wait_for_display("How are you? I hear.")


async def test_glasses_without_a_camera_say_so() -> None:
    async with simulate(ParrotApp) as glasses:
        await glasses.say("Hey Mentra, what is this?")

        await glasses.wait_for_display("This needs glasses with a camera; the Even Realities G1 have none.")


async def test_a_camera_that_fails_is_told() -> None:
    async with simulate(ParrotApp, model=LIVE) as glasses:
        glasses.fail_photos("CAMERA_BUSY", "The camera is busy")

        await glasses.say("Hey Mentra, what is this?")

        await glasses.wait_for_display("The camera is busy")


@pytest.mark.parametrize(
    ("chosen", "question", "answer"),
    [
        ("With each question", "how are you?", "how are you? I see."),
        ("Never", "what is this?", "what is this? I hear."),
    ],
)
async def test_the_user_decides_about_photos(chosen: str, question: str, answer: str) -> None:
    async with simulate(ParrotApp, model=LIVE) as glasses:
        await glasses.change_settings({"photos": chosen})

        await glasses.say(f"Hey Mentra, {question}")

        await glasses.wait_for_display(answer)


async def test_a_photo_that_is_not_needed_may_fail() -> None:
    async with simulate(ParrotApp, model=LIVE) as glasses:
        await glasses.change_settings({"photos": "With each question"})
        glasses.fail_photos()

        await glasses.say("Hey Mentra, how are you?")

        await glasses.wait_for_display("how are you? I hear.")


async def test_the_user_decides_about_speech_and_the_wake_word() -> None:
    async with simulate(ParrotApp) as glasses:
        await glasses.change_settings({"speak": False, "wake_words": "computer, hello there"})

        await glasses.say("Hello there! How are you?")

        await glasses.wait_for_display("How are you? I hear.")
        assert glasses.spoken == ()


async def test_without_an_answer_it_apologizes() -> None:
    async with simulate(BrokenApp) as glasses:
        await glasses.say("Hey Mentra, how are you?")

        await glasses.wait_for_display("Sorry, there is no answer. Please try again.")


async def test_the_page_is_told_of_question_and_answer() -> None:
    async with simulate(ParrotApp) as glasses, glasses.open_events("/api/live") as events:
        await glasses.say("Hey Mentra, how are you?")

        asked, answered = [(await anext(events)).json() for _ in range(2)]

    assert (asked["question"], asked["answer"]) == ("how are you?", "")
    assert (answered["id"], answered["answer"]) == (asked["id"], "how are you? I hear.")


async def test_strangers_see_nothing() -> None:
    async with simulate(ParrotApp) as glasses:
        assert (await glasses.fetch("/api/conversation", signed_in=False)).status == 401
        assert (await glasses.fetch("/webview")).status == 200
