from mentra.testing import simulate

from app import CaptionsApp


async def test_speech_appears_on_the_glasses() -> None:
    async with simulate(CaptionsApp) as glasses:
        await glasses.say("good mor", is_final=False)
        await glasses.say("good morning")

        assert glasses.display == "good morning"


async def test_several_languages_are_captioned_at_once() -> None:
    async with simulate(CaptionsApp) as glasses:
        await glasses.change_settings({"languages": ["en-US", "es-ES"]})

        await glasses.say("how are you?")
        await glasses.say("muy bien", language="es-ES")
        await glasses.say("danke", language="de-DE")

        assert glasses.display == "[en]: how are you?\n[es]: muy bien"


async def test_a_language_can_be_changed_for_another() -> None:
    async with simulate(CaptionsApp) as glasses:
        await glasses.change_settings({"languages": ["de-DE"]})

        await glasses.say("hello")
        await glasses.say("guten Tag", language="de-DE")

        assert glasses.display == "guten Tag"


async def test_the_layout_follows_the_settings_at_once() -> None:
    async with simulate(CaptionsApp) as glasses:
        await glasses.say("the quick brown fox jumps over the lazy dog and runs away from all the hounds that follow")
        assert glasses.display == (
            "the quick brown fox jumps over the\nlazy dog and runs away from all the\nhounds that follow"
        )

        await glasses.change_settings({"lines": 2, "width": "Narrow", "break_words": True})

        assert glasses.display == "the lazy dog and runs away from\nall the hounds that follow"


async def test_lines_are_as_wide_as_the_glasses() -> None:
    async with simulate(CaptionsApp) as glasses:
        await glasses.change_settings({"width": "Wide"})
        await glasses.say("a " * 42)
        on_the_g1 = [len(line) for line in glasses.display.splitlines()]

        await glasses.glasses.put_on("Unknown Glasses")

        assert (on_the_g1, [len(line) for line in glasses.display.splitlines()]) == ([45, 37], [41, 41])


class ForgetfulApp(CaptionsApp):
    """Captions that are forgotten soon."""

    forget_after_s = 0.01


async def test_after_a_while_of_silence_the_glasses_begin_anew() -> None:
    async with simulate(ForgetfulApp) as glasses, glasses.open_events("/api/live") as events:
        await glasses.say("hello")
        while (await anext(events)).json() != []:
            pass
        assert glasses.display == ""

        await glasses.say("good bye")
        assert glasses.display == "good bye"
        assert [one["text"] for one in (await glasses.fetch("/api/transcript")).json()] == ["hello", "good bye"]


async def test_the_page_shows_the_transcript() -> None:
    async with simulate(CaptionsApp) as glasses:
        await glasses.say("hello")

        assert (await glasses.fetch("/webview")).headers["content-type"] == "text/html; charset=utf-8"
        transcript = (await glasses.fetch("/api/transcript")).json()
        assert [(one["text"], one["is_final"], one["language"]) for one in transcript] == [("hello", True, "en-US")]


async def test_the_page_is_told_of_each_word() -> None:
    async with simulate(CaptionsApp) as glasses, glasses.open_events("/api/live") as events:
        await glasses.say("hel", is_final=False)
        await glasses.say("hello")

        heard = [await anext(events) for _ in range(4)]

    assert [event.event for event in heard] == ["utterance", "display", "utterance", "display"]
    assert [heard[0].json()["text"], heard[1].json()] == ["hel", ["hel"]]
    assert [heard[2].json()["text"], heard[3].json()] == ["hello", ["hello"]]


async def test_the_transcript_can_be_cleared() -> None:
    async with simulate(CaptionsApp) as glasses:
        await glasses.say("hello")

        await glasses.fetch("/api/transcript", method="DELETE")

        assert (await glasses.fetch("/api/transcript")).json() == []


async def test_strangers_see_nothing() -> None:
    async with simulate(CaptionsApp) as glasses:
        assert (await glasses.fetch("/api/transcript", signed_in=False)).status == 401


async def test_the_page_says_when_the_app_does_not_run() -> None:
    async with simulate(CaptionsApp) as glasses:
        await glasses.stop()

        reply = await glasses.fetch("/api/transcript")

    assert (reply.status, reply.json()["message"]) == (404, "Start Live Captions on your glasses.")
