import asyncio
import gc
import sys
from collections.abc import Iterator

import pytest

from mentra.server.process import COLLECT_AFTER, event_loop, rare_collections


@pytest.fixture(autouse=True)
def _collector_as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def test_a_server_that_runs_collects_rarely_and_leaves_all_as_it_was() -> None:
    gc.set_threshold(700, 10, 10)

    with rare_collections():
        within = gc.get_threshold(), gc.get_freeze_count() > 0

    assert within == (COLLECT_AFTER, True)
    assert (gc.get_threshold(), gc.get_freeze_count()) == ((700, 10, 10), 0)


def test_a_program_that_collects_more_rarely_itself_keeps_that() -> None:
    gc.set_threshold(100_000, 5, 20)

    with rare_collections():
        within = gc.get_threshold()

    assert within == (100_000, COLLECT_AFTER[1], 20)


def test_a_program_that_never_collects_keeps_that() -> None:
    gc.set_threshold(0, 10, 10)

    with rare_collections():
        within = gc.get_threshold()[0]

    assert within == 0


def test_objects_that_a_program_has_frozen_stay_so() -> None:
    gc.freeze()
    frozen = gc.get_freeze_count()

    with rare_collections():
        pass

    assert gc.get_freeze_count() == frozen


def kind_of_loop() -> str:
    loop = event_loop()
    loop.close()
    return type(loop).__module__


def test_a_server_runs_on_uvloop():
    assert kind_of_loop() == "uvloop"


def test_where_there_is_no_uvloop_a_server_runs_on_the_loop_of_asyncio(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "uvloop", None)

    assert kind_of_loop() == "asyncio.unix_events"


def test_a_program_that_has_chosen_its_event_loop_gets_that(monkeypatch: pytest.MonkeyPatch):
    class Chosen(asyncio.SelectorEventLoop):
        pass

    monkeypatch.setattr("asyncio.new_event_loop", Chosen)

    assert kind_of_loop() == Chosen.__module__
