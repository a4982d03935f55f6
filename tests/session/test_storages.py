"""One user has one storage, and what is not stored at the end of the server is told."""

import asyncio
import gc

import pytest

from mentra.errors import StorageError
from tests.helpers.storage_cloud import StorageCloud, refused
from tests.helpers.waiting import clock


@pytest.fixture
async def cloud():
    async with StorageCloud() as cloud:
        yield cloud


async def test_everybody_gets_the_same_data_of_a_user_whatever_the_case(cloud: StorageCloud):
    data = cloud.of("user1@example.com")

    assert cloud.of("User1@Example.com") is data
    assert cloud.of("user2@example.com") is not data
    assert cloud.storages.of(cloud.api("ws://127.0.0.1:999/app-ws"), "user1@example.com") is not data


async def test_data_is_fetched_anew_for_who_wants_that(cloud: StorageCloud):
    data = cloud.of()
    assert await data.all() == {}
    data.write({"mine": "1"})
    cloud.data = {"theirs": "2"}

    assert await cloud.of().all() == {"mine": "1"}
    assert await cloud.of(anew=True).all() == {"theirs": "2", "mine": "1"}


async def test_data_that_nobody_uses_is_forgotten_once_it_is_stored(cloud: StorageCloud):
    data = cloud.of()
    number = id(data)
    data.write({"a": "1"})
    del data
    gc.collect()
    assert id(cloud.of()) == number

    await asyncio.sleep(10)
    gc.collect()

    assert cloud.data == {"a": "1"}
    assert len(cloud.storages._data) == 0


async def test_what_was_written_by_another_address_of_the_cloud_goes_out_at_once(cloud: StorageCloud):
    data = cloud.of()
    data.write({"a": "1"})

    cloud.storages.of(cloud.api("ws://127.0.0.1:999/app-ws"), "USER1@example.com")
    await asyncio.sleep(0.001)

    assert cloud.asked == [(0.0, 'PUT {"a": "1"}')]


async def test_the_end_stores_everything(cloud: StorageCloud):
    first, second = cloud.of("user1@example.com"), cloud.of("user2@example.com")
    first.write({"a": "1"})
    second.write({"b": "2"})

    await cloud.storages.close()

    assert clock() == pytest.approx(0.0)
    assert cloud.data == {"a": "1", "b": "2"}


async def test_what_cannot_be_stored_at_the_end_is_told_by_its_keys_only(
    cloud: StorageCloud, caplog: pytest.LogCaptureFixture
):
    data = cloud.of()
    cloud.answers = [refused(503)]
    with pytest.raises(StorageError):
        await data.remove("old")
    data.write({"note": "private words", "b": "2"})
    cloud.answers = [refused(503)] * 9

    await cloud.storages.close()
    await asyncio.sleep(60)

    message = (
        "Data of 'User1@example.com' is lost, because the server stops: 'old (removal)', 'note', 'b'. The reason: The "
        "cloud answered 503 about the data of 'User1@example.com' (no)."
    )
    assert caplog.messages == [message]
    assert len(cloud.requests) == 3


async def test_the_end_waits_no_longer_than_told(cloud: StorageCloud, caplog: pytest.LogCaptureFixture):
    cloud.takes_s = 9.0
    data = cloud.of()
    data.write({"a": "1"})

    await cloud.storages.close(timeout=2)

    assert clock() == pytest.approx(2.0)
    assert caplog.messages == [
        "Data of 'User1@example.com' is lost, because the server stops: 'a'. The reason: no answer within 2 s"
    ]


async def test_after_the_end_nothing_is_kept(cloud: StorageCloud):
    data = cloud.of()
    await cloud.storages.close()

    with pytest.raises(StorageError, match="the server has stopped"):
        data.write({"a": "1"})
    with pytest.raises(StorageError, match="the server has stopped"):
        await data.remove("a")
    with pytest.raises(StorageError, match="the server has stopped"):
        await data.clear()


async def test_addresses_of_clouds_are_forgotten_with_the_data(cloud: StorageCloud):
    for number in range(100):
        cloud.storages.of(cloud.api(f"wss://{number}.mentra.glass/app-ws"), "user1@example.com")

    assert len(cloud.storages._bases) <= 1


async def test_a_copy_is_forgotten_and_nothing_is_made_when_a_session_begins(cloud: StorageCloud):
    cloud.storages.refresh(cloud.api(), "user1@example.com")
    data = cloud.of()
    assert await data.all() == {}
    cloud.data = {"theirs": "2"}

    cloud.storages.refresh(cloud.api(), "USER1@example.com")

    assert await data.all() == {"theirs": "2"}
    assert cloud.requests == ["GET", "GET"]


async def test_data_goes_out_when_a_session_ends_whoever_wrote_it(cloud: StorageCloud):
    cloud.storages.flush_soon(cloud.api(), "user1@example.com")
    data = cloud.of()
    data.write({"a": "1"})

    cloud.storages.flush_soon(cloud.api(), "USER1@example.com")
    await asyncio.sleep(0.001)

    assert cloud.asked == [(0.0, 'PUT {"a": "1"}')]
