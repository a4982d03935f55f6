from mentra.testing import simulate

from app import LINE_WIDTH, CaptionsApp, roll


def test_a_long_sentence_is_wrapped() -> None:
    lines = roll([], "word " * 20, keep=10)

    assert len(lines) > 1
    assert all(len(line) <= LINE_WIDTH for line in lines)


def test_the_oldest_line_rolls_away() -> None:
    assert roll(["one", "two", "three"], "four", keep=3) == ["two", "three", "four"]


async def test_speech_appears_on_the_glasses() -> None:
    async with simulate(CaptionsApp) as glasses:
        await glasses.say("hello world")

        assert "hello world" in glasses.display


async def test_earlier_sentences_stay_above() -> None:
    async with simulate(CaptionsApp) as glasses:
        await glasses.say("how are you")
        await glasses.say("fine, thank you")

        await glasses.wait_for_display("how are you\nfine, thank you")


async def test_a_sentence_is_replaced_while_it_is_spoken() -> None:
    async with simulate(CaptionsApp) as glasses:
        await glasses.say("nice too", is_final=False)
        await glasses.say("nice to meet you", is_final=False)

        await glasses.wait_for_display("nice to meet you")
        assert "nice too" not in glasses.display


async def test_the_user_chooses_how_many_lines_stay() -> None:
    async with simulate(CaptionsApp) as glasses:
        await glasses.change_settings({"lines": 1})
        await glasses.say("how are you")
        await glasses.say("fine, thank you")

        await glasses.wait_for_display("fine, thank you")
        assert "how are you" not in glasses.display
