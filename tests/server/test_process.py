import gc
from collections.abc import Iterator

import pytest

from mentra.server.process import COLLECT_AFTER, rare_collections


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
