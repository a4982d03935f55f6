"""What an app does when its server starts and stops."""

import asyncio

import pytest

from mentra.server.lifespan import SHUTDOWN_WITHIN_S, Lifespan
from tests.helpers.waiting import clock


class App:
    def __init__(self) -> None:
        self.story: list[str] = []
        self.fails = False

    async def on_startup(self) -> None:
        self.story.append("startup")
        if self.fails:
            raise RuntimeError("no database")

    async def on_shutdown(self) -> None:
        self.story.append("shutdown")


async def test_the_hooks_come_first_and_last_and_the_handlers_in_reverse():
    app = App()
    lifespan = Lifespan(app)
    lifespan.add(lambda: app.story.append("first handler"))
    lifespan.add(lambda: app.story.append("second handler"))

    await lifespan.begin()
    await lifespan.end()

    assert app.story == ["startup", "shutdown", "second handler", "first handler"]


async def test_it_can_begin_again_without_the_handlers_of_before():
    app = App()
    lifespan = Lifespan(app)
    lifespan.add(lambda: app.story.append("handler"))

    for _ in range(2):
        await lifespan.begin()
        await lifespan.end()

    assert app.story == ["startup", "shutdown", "handler", "startup", "shutdown"]


async def test_where_the_start_failed_only_the_handlers_run():
    app = App()
    app.fails = True
    lifespan = Lifespan(app)
    lifespan.add(lambda: app.story.append("handler"))

    with pytest.raises(RuntimeError, match="no database"):
        await lifespan.begin()
    await lifespan.end()

    assert app.story == ["startup", "handler"]


async def test_a_plain_hook_works_as_well():
    class Plain(App):
        def on_startup(self) -> None:  # type: ignore[override]  # as people write it.
            self.story.append("startup")

    app = Plain()
    await Lifespan(app).begin()

    assert app.story == ["startup"]


async def test_a_shutdown_that_hangs_is_cancelled_and_the_handlers_run(caplog: pytest.LogCaptureFixture):
    class Hangs(App):
        async def on_shutdown(self) -> None:
            await asyncio.Event().wait()

    app = Hangs()
    lifespan = Lifespan(app)
    lifespan.add(lambda: app.story.append("handler"))
    await lifespan.begin()

    await lifespan.end()

    assert (app.story, clock()) == (["startup", "handler"], pytest.approx(SHUTDOWN_WITHIN_S))
    assert len(caplog.messages) == 1
