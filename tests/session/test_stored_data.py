"""How data gets to the cloud and back: in time, in order, and never lost without a word (docs/protocol.md, W-STORE)."""

import asyncio
import logging
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from mentra.errors import InvalidApiKey, NotConnected, RateLimited, StorageError, StorageFull
from mentra.session.stored_data import DELAYS_S
from mentra.transport.base import HttpReply
from tests.helpers.storage_cloud import StorageCloud, refused
from tests.helpers.waiting import clock


@pytest.fixture
async def cloud() -> AsyncIterator[StorageCloud]:
    async with StorageCloud() as cloud:
        yield cloud


async def test_the_first_use_reads_everything_in_one_request_w_store_8(cloud: StorageCloud):
    cloud.data = {"a": "1", "b": "2"}
    data = cloud.of()

    assert (await data.get("a"), await data.get("b"), await data.get("c")) == ("1", "2", None)
    assert await data.all() == {"a": "1", "b": "2"}
    assert cloud.requests == ["GET"]
    assert cloud.headers[0]["authorization"] == "Bearer com.example.app:key"


async def test_concurrent_first_uses_share_one_request(cloud: StorageCloud):
    cloud.data, cloud.takes_s = {"a": "1"}, 1.0
    data = cloud.of()

    assert await asyncio.gather(*(data.get("a") for _ in range(5))) == ["1"] * 5
    assert cloud.requests == ["GET"]


async def test_one_who_gives_up_waiting_takes_the_data_from_nobody_else(cloud: StorageCloud):
    cloud.data, cloud.takes_s = {"a": "1"}, 1.0
    data = cloud.of()

    first = asyncio.create_task(data.get("a"))
    second = asyncio.create_task(data.get("a"))
    await asyncio.sleep(0.5)
    first.cancel()

    assert await second == "1"
    assert cloud.requests == ["GET"]


@pytest.mark.parametrize(
    "answer",
    [
        refused(500, "Failed to get storage"),
        HttpReply(200, b"<html>"),
        HttpReply(200, b'{"success":true}'),
        HttpReply(200, b'{"success":false,"data":{}}'),
        HttpReply(200, b'{"success":true,"data":[]}'),
    ],
)
async def test_a_failed_read_is_an_error_and_not_an_empty_storage(cloud: StorageCloud, answer: HttpReply):
    """Defect 20 of the official SDK 2.1.29: a failed load counts as "nothing is stored"."""
    cloud.data, cloud.answers = {"a": "1"}, [answer]
    data = cloud.of()

    with pytest.raises(StorageError):
        await data.get("a")

    assert await data.get("a") == "1"
    assert cloud.requests == ["GET", "GET"]


async def test_a_cloud_that_cannot_be_reached_is_a_storage_error(cloud: StorageCloud):
    data = cloud.storages.of(cloud.api("ws://127.0.0.1:999/app-ws"), "user1@example.com")

    with pytest.raises(StorageError) as caught:
        await data.get("a")

    assert isinstance(caught.value.__cause__, NotConnected)


async def test_writes_count_at_once_and_go_out_together_after_three_idle_seconds_w_store_8(cloud: StorageCloud):
    cloud.data = {"a": "1"}
    data = cloud.of()

    data.write({"a": "2"})
    await asyncio.sleep(1)
    data.write({"b": "3"})

    assert await data.all() == {"a": "2", "b": "3"}
    assert cloud.requests == ["GET"]

    await asyncio.sleep(10)

    assert cloud.asked == [(1.0, "GET"), (4.0, 'PUT {"a": "2", "b": "3"}')]
    assert data.unsaved == []


async def test_constant_writing_goes_out_after_ten_seconds(cloud: StorageCloud):
    data = cloud.of()

    for number in range(12):
        data.write({"n": str(number)})
        await asyncio.sleep(1.5)
    await asyncio.sleep(10)

    assert cloud.asked == [(10.0, 'PUT {"n": "6"}'), (19.5, 'PUT {"n": "11"}')]


async def test_a_write_needs_no_read(cloud: StorageCloud):
    cloud.data = {"a": "1"}
    data = cloud.of()

    data.write({"b": "2"})
    await data.flush()

    assert cloud.requests == ['PUT {"b": "2"}']
    assert await data.all() == {"a": "1", "b": "2"}


async def test_what_is_written_while_a_request_is_under_way_goes_out_with_the_next(cloud: StorageCloud):
    cloud.takes_s = 2.0
    data = cloud.of()

    data.write({"a": "1", "b": "1"})
    await asyncio.sleep(4)
    data.write({"a": "2"})
    await asyncio.sleep(20)

    assert cloud.asked == [(3.0, 'PUT {"a": "1", "b": "1"}'), (7.0, 'PUT {"a": "2"}')]
    assert await data.all() == {"a": "2", "b": "1"}


async def test_a_failed_write_is_kept_and_tried_again(cloud: StorageCloud, caplog: pytest.LogCaptureFixture):
    """Defect 20 of the official SDK 2.1.29: a failed flush loses what it should have written."""
    cloud.answers = [refused(503), refused(503)]
    data = cloud.of()

    data.write({"secret-key": "secret value"})
    await asyncio.sleep(60)

    first, second = DELAYS_S[:2]
    assert [at for at, _ in cloud.asked] == [3.0, 3.0 + first, 3.0 + first + second]
    assert cloud.data == {"secret-key": "secret value"}
    warning = (
        "Data of 'User1@example.com' is not stored yet, and is tried again: The cloud answered 503 about the data of "
        "'User1@example.com' (no)."
    )
    assert caplog.messages == [warning, warning]


async def test_a_failed_write_goes_out_with_newer_ones_and_the_newest_value_counts(cloud: StorageCloud):
    cloud.answers = [refused(503)]
    data = cloud.of()

    data.write({"a": "1", "b": "1"})
    await asyncio.sleep(4)
    data.write({"a": "2"})
    await asyncio.sleep(60)

    assert cloud.asked == [(3.0, 'PUT {"a": "1", "b": "1"}'), (8.0, 'PUT {"a": "2", "b": "1"}')]


async def test_retries_become_rare_and_go_on(cloud: StorageCloud):
    cloud.answers = [refused(503)] * 100
    data = cloud.of()

    data.write({"a": "1"})
    await asyncio.sleep(320)

    times = [at for at, _ in cloud.asked]
    assert [later - earlier for earlier, later in pairwise(times)] == [*DELAYS_S, 60, 60, 60]


async def test_a_cloud_that_wants_fewer_requests_is_left_alone_as_long_as_it_says(cloud: StorageCloud):
    cloud.answers = [refused(429, **{"retry-after": "90"})]
    data = cloud.of()

    data.write({"a": "1"})
    await asyncio.sleep(50)
    data.write({"b": "1"})
    await asyncio.sleep(100)

    assert [at for at, _ in cloud.asked] == [3.0, 93.0]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refused(413), StorageFull),
        (refused(429), RateLimited),
        (refused(401, "Invalid API key"), InvalidApiKey),
        (refused(400, "All values must be strings"), StorageError),
        (refused(404), StorageError),
        (HttpReply(502, b"<html>"), StorageError),
        (HttpReply(302), StorageError),
    ],
)
async def test_flush_raises_what_failed_and_keeps_it(cloud: StorageCloud, answer: HttpReply, kind: type[Exception]):
    cloud.answers = [answer]
    data = cloud.of()
    data.write({"a": "1"})

    with pytest.raises(kind) as caught:
        await data.flush()

    assert type(caught.value) is kind
    assert data.unsaved == ["a"]

    await data.flush()

    assert (cloud.data, data.unsaved) == ({"a": "1"}, [])


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("1.5", 1.5), ("Fri, 31 Jan 2026 12:00:00 GMT", None), ("-1", None), ("nan", None)],
)
async def test_the_error_says_how_long_to_wait(cloud: StorageCloud, header: str, seconds: float | None):
    cloud.answers = [refused(429, **{"retry-after": header})]
    data = cloud.of()
    data.write({"a": "1"})

    with pytest.raises(RateLimited) as caught:
        await data.flush()

    assert caught.value.retry_after_s == seconds


async def test_flush_waits_for_a_write_under_way(cloud: StorageCloud):
    cloud.takes_s = 2.0
    data = cloud.of()
    data.write({"a": "1"})
    await asyncio.sleep(4)

    await data.flush()

    assert clock() == pytest.approx(5.0)
    assert cloud.requests == ['PUT {"a": "1"}']


async def test_flush_with_nothing_unsaved_asks_nobody(cloud: StorageCloud):
    await cloud.of().flush()

    assert cloud.requests == []


async def test_a_removal_goes_out_at_once_and_drops_the_unsaved_value(cloud: StorageCloud):
    cloud.data = {"a": "0", "b": "0"}
    data = cloud.of()
    data.write({"a": "1", "c": "1"})

    await data.remove("a")
    await asyncio.sleep(10)

    assert cloud.asked == [(0.0, "DELETE a"), (3.0, 'PUT {"c": "1"}')]
    assert await data.all() == cloud.data == {"b": "0", "c": "1"}


async def test_clearing_goes_out_at_once_and_drops_all_unsaved_values(cloud: StorageCloud):
    """Defect 20 of the official SDK 2.1.29: pending writes come back after ``clear``."""
    cloud.data = {"a": "0", "b": "0"}
    data = cloud.of()
    data.write({"a": "1"})

    await data.clear()
    await asyncio.sleep(60)

    assert cloud.requests == ["DELETE"]
    assert await data.all() == cloud.data == {}


@pytest.mark.parametrize("loaded", [True, False])
async def test_a_removal_waits_for_the_write_under_way(cloud: StorageCloud, loaded: bool):
    data = cloud.of()
    if loaded:
        await data.all()
    cloud.takes_s = 2.0
    data.write({"a": "1"})
    await asyncio.sleep(4)

    removal = asyncio.create_task(data.remove("a"))
    await asyncio.sleep(0)
    assert await data.get("a") is None if loaded else True

    await removal

    assert cloud.requests[-2:] == ['PUT {"a": "1"}', "DELETE a"]
    assert (cloud.data, await data.all()) == ({}, {})


@pytest.mark.parametrize("clear", [True, False])
async def test_what_is_written_after_a_removal_stays_whatever_waits_in_line(cloud: StorageCloud, clear: bool):
    cloud.data, cloud.takes_s = {"a": "0"}, 1.0
    data = cloud.of()
    reading = asyncio.create_task(data.all())
    await asyncio.sleep(0)
    data.write({"a": "1"})
    flushing = asyncio.create_task(data.flush())
    await asyncio.sleep(0.1)

    removing = asyncio.create_task(data.clear() if clear else data.remove("a"))
    await asyncio.sleep(0.1)
    data.write({"a": "2"})
    await asyncio.gather(reading, flushing, removing)
    await data.flush()

    assert cloud.data == {"a": "2"}
    assert await data.all() == {"a": "2"}


async def test_the_same_value_written_again_after_a_removal_stays(cloud: StorageCloud):
    data = cloud.of()
    cloud.takes_s = 1.0
    data.write({"a": "1"})
    flushing = asyncio.create_task(data.flush())
    await asyncio.sleep(0.5)
    removing = asyncio.create_task(data.remove("a"))
    await asyncio.sleep(0)
    data.write({"a": "1"})
    await asyncio.gather(flushing, removing)
    await asyncio.sleep(20)

    assert (cloud.data, data.unsaved) == ({"a": "1"}, [])


async def test_removing_what_was_never_stored_is_no_error_w_store_3(cloud: StorageCloud):
    data = cloud.of()

    await data.remove("a")
    await data.clear()

    assert cloud.requests == ["DELETE a", "DELETE"]


@pytest.mark.parametrize("clear", [True, False])
async def test_a_failed_removal_is_raised_and_tried_again(cloud: StorageCloud, clear: bool):
    cloud.data, cloud.answers = {"a": "0"}, [refused(503)]
    data = cloud.of()
    data.write({"b": "1"})

    with pytest.raises(StorageError):
        await (data.clear() if clear else data.remove("a"))
    data.write({"c": "1"})
    await asyncio.sleep(60)

    assert cloud.data == ({"c": "1"} if clear else {"b": "1", "c": "1"})
    assert await data.all() == cloud.data


async def test_a_removal_that_the_cloud_never_takes_blocks_no_writes(cloud: StorageCloud):
    cloud.answers = [refused(500), refused(500)]
    data = cloud.of()

    with pytest.raises(StorageError):
        await data.remove("a")
    data.write({"b": "1"})
    with pytest.raises(StorageError):
        await data.flush()

    assert cloud.requests == ["DELETE a", "DELETE a", 'PUT {"b": "1"}']
    assert (cloud.data, data.unsaved) == ({"b": "1"}, ["a (removal)"])


async def test_one_who_gives_up_a_removal_does_not_stop_it(cloud: StorageCloud):
    cloud.data, cloud.takes_s = {"a": "0"}, 1.0
    data = cloud.of()

    removing = asyncio.create_task(data.remove("a"))
    await asyncio.sleep(0.5)
    removing.cancel()
    await asyncio.sleep(10)

    assert (cloud.requests, cloud.data, data.unsaved) == (["DELETE a"], {}, [])


async def test_a_key_that_the_cloud_nested_is_read_as_it_was_written_w_store_4(cloud: StorageCloud):
    cloud.data = {"a": {"b": "1", "c": {"d": "2"}}, "e": 5, "f": None, "g": ["x"], "h": "3"}

    assert await cloud.of().all() == {"a.b": "1", "a.c.d": "2", "h": "3"}


async def test_what_failed_in_the_background_is_no_unhandled_error(
    cloud: StorageCloud, caplog: pytest.LogCaptureFixture
):
    cloud.answers, cloud.takes_s = [refused(503)], 1.0
    data = cloud.of()

    reading = asyncio.create_task(data.all())
    await asyncio.sleep(0.5)
    reading.cancel()
    await asyncio.sleep(5)

    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
