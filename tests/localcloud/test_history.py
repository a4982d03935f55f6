"""What is remembered: much for one user, less for each of many, and never without a bound."""

import gc

from mentra.localcloud.history import FEWEST, MOST, TOGETHER, History


def test_one_list_keeps_the_last_thousand():
    recent = History().recent()

    for number in range(MOST + 5):
        recent.append(number)

    assert list(recent) == list(range(5, MOST + 5))


def test_many_lists_share_one_bound():
    history = History()
    lists = [history.recent() for _ in range(TOGETHER // 200)]

    for number in range(1000):
        lists[0].append(number)

    assert list(lists[0]) == list(range(800, 1000))


def test_a_list_that_is_too_long_for_many_shrinks_with_the_next_entry():
    history = History()
    recent = history.recent()
    for number in range(MOST):
        recent.append(number)

    others = [history.recent() for _ in range(TOGETHER)]
    recent.append(MOST)

    assert (len(others), len(recent), recent[-1]) == (TOGETHER, FEWEST, MOST)


def test_lists_that_are_gone_count_no_more():
    history = History()
    lists = [history.recent() for _ in range(TOGETHER)]
    assert history.bound == FEWEST

    lists.clear()
    gc.collect()

    assert history.bound == MOST
