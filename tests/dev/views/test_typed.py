"""What typed lines do, at a terminal and in a pipe."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from mentra_cli.dev.views.typed import HOLDS_UP_S, TypedLines


class Typist:
    """Typed lines, with everything they do recorded in order."""

    def __init__(self) -> None:
        self.done: list[tuple[str, object]] = []
        self.hears = asyncio.Event()
        self.hears.set()
        self.runs = asyncio.Event()
        self.may_finish = threading.Event()
        self.may_finish.set()
        self._changed = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.lines = TypedLines(
            say=self._say,
            run_command=self._run_command,
            commands=["press", "say", "replay", "new", "dev"],
            own={"filter": lambda text: self._record("filter", text), "quit": lambda _: self._record("quit", "")},
            tell=lambda text, _: self._record("told", text),
        )

    def _record(self, what: str, detail: object) -> None:
        self.done.append((what, detail))
        self._changed.set()

    async def _say(self, text: str) -> None:
        await self.hears.wait()
        self._record("said", text)

    def _run_command(self, words: Sequence[str]) -> int:
        self._loop.call_soon_threadsafe(self.runs.set)
        self.may_finish.wait(10)
        self._loop.call_soon_threadsafe(self._record, "ran", list(words))
        return 0

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    async def has_done(self, *expected: tuple[str, object]) -> None:
        await self.until(lambda: len(self.done) >= len(expected))
        assert self.done == [*expected]


@pytest.fixture
async def typist() -> AsyncIterator[Typist]:
    typist = Typist()
    async with typist.lines:
        yield typist
    typist.may_finish.set()


@pytest.mark.parametrize(
    ("line", "done"),
    [
        ("good morning", [("said", "good morning")]),
        ("  spaces around  ", [("said", "spaces around")]),
        ("//home", [("said", "/home")]),
        ("//", [("said", "/")]),
        ("/press long", [("told", "/press long"), ("ran", ["press", "long"])]),
        ('/say "one two"', [("told", '/say "one two"'), ("ran", ["say", "one two"])]),
        ("/filter two  words ", [("filter", "two  words")]),
        ("/filter", [("filter", "")]),
        ("/prss long", [("told", "/prss long"), ("told", "There is no command /prss. Did you mean /press?")]),
        ("/xyzzy", [("told", "/xyzzy"), ("told", "There is no command /xyzzy. /help lists what there is.")]),
        ("/", [("told", "/"), ("told", "There is no command /. /help lists what there is.")]),
        ("/dev", [("told", "/dev"), ("told", "/dev cannot be typed here. It runs already: this is it.")]),
        (
            "/new x",
            [("told", "/new x"), ("told", "/new cannot be typed here. It asks questions. Run it in another terminal.")],
        ),
        (
            "/say it's",
            [
                ("told", "/say it's"),
                ("told", "A quotation mark is open in /say it's. Close it, or write \\' for an apostrophe."),
            ],
        ),
    ],
)
async def test_a_line_is_a_sentence_or_a_command(typist: Typist, line: str, done: list[tuple[str, object]]):
    typist.lines.enter(line)

    await typist.has_done(*done)


async def test_an_empty_line_does_nothing(typist: Typist):
    typist.lines.enter("   ")
    typist.lines.enter("something")

    await typist.has_done(("said", "something"))


async def test_help_lists_the_commands_without_those_that_make_no_sense_here(typist: Typist):
    typist.lines.enter("/help")

    ((_, text),) = typist.done
    assert "/replay" in str(text)
    assert "/say" in str(text)
    assert "/new" not in str(text)
    assert "/dev" not in str(text)


async def test_speech_waits_for_the_app_and_keeps_its_order_while_the_view_obeys_at_once(typist: Typist):
    typist.hears.clear()
    typist.lines.enter("one")
    typist.lines.enter("two")
    typist.lines.enter("/filter x")
    typist.lines.enter_now("/quit")
    await typist.until(lambda: len(typist.done) == 2)
    before = list(typist.done)

    typist.hears.set()

    assert before == [("filter", "x"), ("quit", "")]
    await typist.has_done(*before, ("said", "one"), ("said", "two"))


async def test_a_command_is_acknowledged_at_once_and_carried_out_after_the_sentence_before_it(typist: Typist):
    typist.lines.enter("one")
    typist.lines.enter("/press")
    acknowledged = list(typist.done)

    assert acknowledged == [("told", "/press")]
    await typist.has_done(("told", "/press"), ("said", "one"), ("ran", ["press"]))


async def test_what_takes_long_goes_on_and_does_not_hold_up_the_rest(typist: Typist):
    typist.hears.clear()
    typist.lines.enter("never heard")
    typist.lines.enter("/press")
    began = asyncio.get_running_loop().time()

    await typist.until(lambda: ("ran", ["press"]) in typist.done)

    # The command runs in a thread, while the virtual clock may jump to the end of the time that it has in its turn.
    assert asyncio.get_running_loop().time() - began in (pytest.approx(HOLDS_UP_S), pytest.approx(2 * HOLDS_UP_S))


async def test_a_command_that_hangs_does_not_keep_it_from_ending():
    typist = Typist()
    typist.may_finish.clear()

    async with typist.lines:
        typist.lines.enter_now("/press")
        await typist.runs.wait()

    thread = next(thread for thread in threading.enumerate() if thread.name == "command")
    assert thread.daemon, "the process does not wait for it"
    typist.may_finish.set()
    thread.join(5)


async def test_a_line_that_fails_is_told_and_the_next_one_works():
    typist = Typist()

    async def fails(_: str) -> None:
        raise OSError("gone")

    lines = TypedLines(
        say=fails,
        run_command=lambda _: 0,
        commands=[],
        own={"filter": lambda text: typist.done.append(("filter", text))},
        tell=lambda text, _: typist.done.append(("told", text)),
    )
    async with lines:
        await lines.carry_out("hello")
        await lines.carry_out("/filter x")

    assert typist.done == [("told", "That failed: OSError('gone')"), ("filter", "x")]


async def test_the_names_are_those_that_can_be_typed(typist: Typist):
    assert typist.lines.names == ["filter", "help", "press", "quit", "replay", "say"]
