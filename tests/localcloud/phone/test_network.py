"""What passes between a phone and the cloud is late, or lost, and never out of order."""

import asyncio

import pytest

from mentra.localcloud.phone.network import NetworkQuality, PhoneNetwork, Way


def now() -> float:
    return asyncio.get_running_loop().time()


class Traveller:
    """Sends numbers, and writes down when they arrive."""

    def __init__(self, network: PhoneNetwork) -> None:
        self._network = network
        self._began = now()
        self.arrived: list[tuple[int, float]] = []

    def send(self, *numbers: int, way: Way = Way.TO_CLOUD, may_be_lost: bool = True) -> None:
        for number in numbers:
            self._network.carry(way, lambda number=number: self._arrive(number), may_be_lost=may_be_lost)

    @property
    def numbers(self) -> list[int]:
        return [number for number, _ in self.arrived]

    def _arrive(self, number: int) -> None:
        self.arrived.append((number, round(now() - self._began, 6)))


@pytest.fixture
async def network():
    return PhoneNetwork()


@pytest.fixture
async def traveller(network):
    return Traveller(network)


def like(
    network: PhoneNetwork, latency_s: float = 0.0, jitter_s: float = 0.0, loss: float = 0.0, seed: int = 0
) -> None:
    network.change(NetworkQuality(latency_s=latency_s, jitter_s=jitter_s, loss=loss, seed=seed))


async def test_a_perfect_network_takes_no_time(traveller):
    traveller.send(1, 2)

    assert traveller.arrived == [(1, 0), (2, 0)]


async def test_latency_goes_for_both_directions_and_each_message(network, traveller):
    like(network, latency_s=0.3)

    traveller.send(1)
    await asyncio.sleep(0.1)
    traveller.send(2, way=Way.TO_PHONE)
    await asyncio.sleep(0.1)
    traveller.send(3)
    await asyncio.sleep(1)

    assert traveller.arrived == [(1, 0.3), (2, 0.4), (3, 0.5)]


async def test_jitter_changes_the_times_and_never_the_order(network, traveller):
    like(network, latency_s=0.1, jitter_s=0.5, seed=3)

    traveller.send(*range(20))
    await asyncio.sleep(1)

    times = [at for _, at in traveller.arrived]
    assert traveller.numbers == list(range(20))
    assert times == sorted(times)
    assert 0.1 <= times[0] < times[-1] <= 0.6


async def test_what_was_sent_before_is_not_overtaken_by_a_network_that_gets_better(network, traveller):
    like(network, latency_s=0.3)
    traveller.send(1)
    like(network)
    traveller.send(2)
    await asyncio.sleep(1)
    traveller.send(3)

    assert traveller.arrived == [(1, 0.3), (2, 0.3), (3, 1)]


async def test_the_same_seed_loses_the_same(network, traveller):
    lost = []
    for seed in (7, 7, 8):
        like(network, loss=0.5, seed=seed)
        traveller.arrived.clear()
        traveller.send(*range(100))
        lost.append(set(range(100)) - set(traveller.numbers))

    assert lost[0] == lost[1] != lost[2]
    assert 30 < len(lost[0]) < 70


async def test_what_somebody_waits_for_is_never_lost(network, traveller):
    like(network, loss=1.0)

    traveller.send(1)
    traveller.send(2, may_be_lost=False)

    assert traveller.numbers == [2]


async def test_one_that_fails_does_not_keep_the_next_from_arriving(network, traveller):
    failures = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context["exception"]))
    like(network, latency_s=0.3)

    network.carry(Way.TO_CLOUD, lambda: 1 / 0, may_be_lost=False)
    traveller.send(2)
    await asyncio.sleep(1)

    assert traveller.numbers == [2]
    assert [type(failure) for failure in failures] == [ZeroDivisionError]


async def test_what_is_under_way_when_it_closes_is_forgotten(network, traveller):
    like(network, latency_s=0.3)
    traveller.send(1)

    network.close()
    await asyncio.sleep(1)

    assert traveller.arrived == []


@pytest.mark.parametrize("wrong", [{"latency_s": -1}, {"jitter_s": -0.1}, {"loss": 5}, {"loss": -0.1}])
async def test_a_number_out_of_range_is_an_error_and_changes_nothing(network, traveller, wrong):
    with pytest.raises(ValueError, match="below zero" if "loss" not in wrong else "0.05"):
        like(network, **wrong)

    traveller.send(1)
    assert traveller.arrived == [(1, 0)]
