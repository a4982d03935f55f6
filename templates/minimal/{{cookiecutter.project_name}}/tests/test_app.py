from mentra.testing import simulate

from app import HelloApp


async def test_the_app_greets() -> None:
    async with simulate(HelloApp) as glasses:
        await glasses.wait_for_display("Hello!")


async def test_speech_appears_on_the_glasses() -> None:
    async with simulate(HelloApp) as glasses:
        await glasses.say("good morning")

        assert "good morning" in glasses.display
