"""``Storage``: what it takes, what it refuses, and what comes out again."""

import enum
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec
import pytest

from mentra.errors import StorageFull
from mentra.session.storage import Storage
from tests.helpers.storage_cloud import StorageCloud


class Unit(enum.Enum):
    METRIC = "metric"


@dataclass
class Prefs:
    lines: int = 3
    unit: Unit = Unit.METRIC
    since: date = date(2026, 1, 31)
    tags: list[str] = field(default_factory=list)


class Note(msgspec.Struct):
    text: str
    done: bool = False


@pytest.fixture
async def cloud() -> AsyncIterator[StorageCloud]:
    async with StorageCloud() as cloud:
        yield cloud


@pytest.fixture
async def storage(cloud: StorageCloud) -> Storage:
    return Storage(cloud.of())


async def test_text_is_stored_and_read(storage: Storage, cloud: StorageCloud):
    await storage.set("a", "1")
    await storage.update({"b": "2", "empty": ""})

    assert (await storage.get("a"), await storage.get("empty", "x")) == ("1", "")
    assert (await storage.get("c"), await storage.get("c", "default")) == (None, "default")
    assert (await storage.contains("empty"), await storage.contains("c")) == (True, False)
    assert await storage.keys() == ["a", "b", "empty"]
    assert await storage.all() == {"a": "1", "b": "2", "empty": ""}

    await storage.flush()
    assert cloud.data == {"a": "1", "b": "2", "empty": ""}

    await storage.delete("a")
    assert cloud.data == {"b": "2", "empty": ""}

    await storage.clear()
    assert (cloud.data, await storage.all()) == ({}, {})


async def test_changing_what_all_returned_stores_nothing(storage: Storage):
    await storage.set("a", "1")
    await storage.flush()

    (await storage.all())["a"] = "2"

    assert await storage.get("a") == "1"


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (Prefs(lines=5, tags=["x"]), Prefs),
        (Note(text="buy milk", done=True), Note),
        ([Note(text="a"), Note(text="b")], list[Note]),
        ({"a": 1}, dict[str, int]),
        (True, bool),
        (Unit.METRIC, Unit),
        (None, Any),
    ],
)
async def test_values_come_back_as_their_type(storage: Storage, value: Any, kind: Any):
    await storage.set_json("value", value)

    assert await storage.get_json("value", as_type=kind) == value


async def test_without_a_type_json_comes_back_as_plain_data(storage: Storage):
    await storage.set_json("prefs", Prefs(lines=5))

    assert await storage.get("prefs") == '{"lines":5,"unit":"metric","since":"2026-01-31","tags":[]}'
    assert await storage.get_json("prefs") == {"lines": 5, "unit": "metric", "since": "2026-01-31", "tags": []}


async def test_json_has_a_default(storage: Storage):
    assert await storage.get_json("prefs") is None
    assert await storage.get_json("prefs", {}) == {}
    assert await storage.get_json("prefs", Prefs(), as_type=Prefs) == Prefs()


async def test_fields_that_are_missing_in_older_data_have_their_default(storage: Storage):
    await storage.set("prefs", '{"lines": 5, "forgotten": 1}')

    assert await storage.get_json("prefs", as_type=Prefs) == Prefs(lines=5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"lines": "many"}', "What is stored under 'prefs' is not a Prefs: Expected `int`, got `str` - at `$.lines`."),
        ("lines=5", "What is stored under 'prefs' is not a Prefs: JSON is malformed: invalid character (byte 0)."),
    ],
)
async def test_what_does_not_fit_is_an_error_and_not_the_default(storage: Storage, text: str, message: str):
    await storage.set("prefs", text)

    with pytest.raises(ValueError, match="prefs") as caught:
        await storage.get_json("prefs", Prefs(), as_type=Prefs)

    assert str(caught.value) == message
    assert await storage.get("prefs") == text


async def test_what_is_no_json_says_so(storage: Storage):
    await storage.set("a", "hello")

    with pytest.raises(ValueError, match="What is stored under 'a' is not JSON"):
        await storage.get_json("a")


@pytest.mark.parametrize("key", ["", "a.b", ".", "$set", "a\0b"])
async def test_a_key_that_the_cloud_would_lose_is_refused_w_store_4(storage: Storage, cloud: StorageCloud, key: str):
    with pytest.raises(ValueError, match="There can be no key"):
        await storage.update({"fine": "1", key: "2"})
    await storage.flush()

    assert cloud.requests == []


@pytest.mark.parametrize("key", ["", ".", "..", "a..b"])
async def test_a_removal_never_becomes_that_of_everything(storage: Storage, cloud: StorageCloud, key: str):
    with pytest.raises(ValueError, match="There can be no key"):
        await storage.delete(key)

    assert cloud.requests == []


async def test_a_key_of_another_sdk_with_a_dot_can_be_read_and_removed(storage: Storage, cloud: StorageCloud):
    cloud.data = {"a": {"b": "1"}}

    assert await storage.get("a.b") == "1"

    await storage.delete("a.b")

    assert cloud.requests == ["GET", "DELETE a.b"]


@pytest.mark.parametrize("key", ["with space", "slash/and?query#hash", "ü:日本", "100%", "__proto__"])
async def test_any_other_key_works(storage: Storage, cloud: StorageCloud, key: str):
    await storage.set(key, "1")
    await storage.flush()

    assert cloud.data == {key: "1"}
    assert await storage.get(key) == "1"


async def test_a_value_may_have_100_000_characters_as_the_cloud_counts_them_w_store_7(storage: Storage):
    await storage.set("a", "x" * 100_000)
    await storage.set("emoji", "😀" * 50_000)

    with pytest.raises(StorageFull, match="has 100,001 characters") as caught:
        await storage.update({"fine": "1", "b": "x" * 100_001})
    with pytest.raises(StorageFull, match="has 100,002 characters"):
        await storage.set("b", "😀" * 50_001)

    assert caught.value.code == "VALUE_TOO_LONG"
    assert await storage.keys() == ["a", "emoji"]


async def test_half_a_character_is_refused(storage: Storage):
    with pytest.raises(ValueError, match="half a surrogate pair"):
        await storage.set("a", "\ud800")
    with pytest.raises(ValueError, match="half a surrogate pair"):
        await storage.set("\ud800", "a")


@pytest.mark.parametrize("value", [1, None, True, b"bytes", {"a": 1}])
async def test_what_is_no_text_is_refused_with_the_way_out(storage: Storage, value: Any):
    with pytest.raises(TypeError, match="set_json"):
        await storage.set("a", value)


async def test_what_json_cannot_express_is_refused(storage: Storage):
    with pytest.raises(TypeError):
        await storage.set_json("a", object())

    assert await storage.keys() == []


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("setMultiple", "update({...})"),
        ("hasKey", "contains(key)"),
        ("getAllData", "all()"),
        ("size", "len(await session.storage.all())"),
        ("getJson", "'get_json'"),
    ],
)
async def test_wrong_names_name_the_right_ones(storage: Storage, wrong: str, right: str):
    with pytest.raises(AttributeError) as caught:
        getattr(storage, wrong)

    assert right in str(caught.value)
