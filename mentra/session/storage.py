"""``session.storage`` and ``app.storage_for``: text under keys, which the cloud keeps for each user of the app.

How it gets there: ``mentra/session/stored_data.py``.

Source: @mentra/sdk 2.1.29 dist/app/session/modules/simple-storage.d.ts; docs/protocol.md, Simple storage.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, overload

from mentra.errors import StorageFull
from mentra.protocol import codec, rest
from mentra.session import moved_names
from mentra.session.stored_data import StoredData
from mentra.wrong_names import unknown_name

T = TypeVar("T")
D = TypeVar("D")


class Storage:
    """What the app keeps for one user: text under keys. It outlives sessions, servers and reinstallations.

    Everything is fetched at the first use, with one request, and read from memory from then on: until the next session
    of the user begins, or ``app.storage_for`` is asked while there is none. So what another server writes meanwhile is
    not seen.

    Writing returns at once. What was written goes out together, after three seconds without another write and after
    ten at most, and when the session or the server ends. What the cloud did not take is kept and tried again, as long
    as the server runs; if it is lost after all, the log names its keys.

    All methods that read raise ``StorageError`` if the cloud did not answer or said no, as a failure never counts as
    "nothing is stored", and ``InvalidApiKey`` if it does not accept the app's key.
    """

    def __init__(self, data: StoredData) -> None:
        self._data = data

    @overload
    async def get(self, key: str) -> str | None: ...
    @overload
    async def get(self, key: str, default: D) -> str | D: ...
    async def get(self, key: str, default: Any = None) -> Any:
        """Return the text under a key; the default if there is none."""
        value = await self._data.get(key)
        return default if value is None else value

    @overload
    async def get_json(self, key: str, default: Any = None) -> Any: ...
    @overload
    async def get_json(self, key: str, *, as_type: type[T]) -> T | None: ...
    @overload
    async def get_json(self, key: str, default: T, *, as_type: type[T]) -> T: ...
    async def get_json(self, key: str, default: Any = None, *, as_type: Any = Any) -> Any:
        """Return what ``set_json`` stored under a key; the default if there is nothing.

        Args:
            as_type: What it is: a dataclass, a ``msgspec.Struct``, ``list[str]``, ``dict[str, int]`` and so on. A field
                that has a default may be missing in what was stored. Plain ``dict``, ``list``, ``str``, ``int``,
                ``float``, ``bool`` and ``None`` if left out.

        Raises:
            ValueError: There is something, and it is no JSON, or not of this type. It is left as it is.
        """
        text = await self._data.get(key)
        if text is None:
            return default
        value = codec.decode_as(as_type, text)
        if isinstance(value, codec.Malformed):
            kind = "JSON" if as_type is Any else f"a {getattr(as_type, '__name__', as_type)}"
            raise ValueError(f"What is stored under {key!r} is not {kind}: {value.problem}.")
        return value

    async def contains(self, key: str) -> bool:
        """Return whether there is something under a key."""
        return await self._data.get(key) is not None

    async def keys(self) -> list[str]:
        """Return all keys."""
        return list(await self._data.all())

    async def all(self) -> dict[str, str]:
        """Return everything, as a mapping of your own: changing it stores nothing."""
        return await self._data.all()

    async def set(self, key: str, value: str) -> None:
        """Store text under a key.

        Args:
            key: Any text without a dot that does not begin with ``$``: the cloud takes these for its own notation, and
                would not find the value again.
            value: Up to 100 000 characters, counted in UTF-16, as the cloud counts. All values of one user may have
                1 000 000 together; ``flush`` tells if they have more.

        Raises:
            ValueError: There can be no such key, or half a surrogate pair in the text. Nothing was stored.
            StorageFull: The value is too long. Nothing was stored.
        """
        await self.update({key: value})

    async def set_json(self, key: str, value: object) -> None:
        """Store anything under a key that JSON can express; also dataclasses, ``msgspec.Struct``, dates and enums.

        Raises:
            TypeError: JSON cannot express it. Nothing was stored.
            ValueError: As ``set``.
            StorageFull: As ``set``.
        """
        await self.set(key, codec.encode(value).decode())

    async def update(self, values: Mapping[str, str]) -> None:
        """Store several values, all of them or none; otherwise as ``set``."""
        for key, value in values.items():
            _check(key, value)
        self._data.write(values)

    async def delete(self, key: str) -> None:
        """Remove what is under a key, now; nothing happens if there is nothing.

        Raises:
            ValueError: There can be no such key.
            StorageError: The cloud did not do it. It counts as removed here, and is tried again.
        """
        if "" in key.split("."):
            # Beyond "there is none": a path that ends in /. or /.. is shortened on its way, to that of everything.
            raise ValueError(f"There can be no key {key!r}.")
        await self._data.remove(key)

    async def clear(self) -> None:
        """Remove everything, now.

        Raises:
            StorageError: The cloud did not do it. Everything counts as removed here, and it is tried again.
        """
        await self._data.clear()

    async def flush(self) -> None:
        """Store now what is not stored yet, and wait for it. To be sure, or to hear what is wrong; never necessary.

        Raises:
            StorageFull: All values of this user together are too large.
            RateLimited: The cloud wants fewer requests; ``retry_after_s`` says when.
            StorageError: The cloud said no for another reason, or could not be reached.
            InvalidApiKey: The cloud does not accept the app's key.

        Whichever it is, nothing is lost: it is tried again.
        """
        await self._data.flush()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise unknown_name(self, name, moved=moved_names.STORAGE)


def _check(key: object, value: object) -> None:
    """Refuse what cannot be stored.

    Raises:
        TypeError: Key or value is no text.
        ValueError: The cloud would lose the key, or nobody could send the value.
        StorageFull: The value is too long.
    """
    if not isinstance(key, str) or not isinstance(value, str):
        raise TypeError(
            f"Storage keeps text under text, not {type(value).__name__} under {type(key).__name__}. "
            "For anything else: await storage.set_json(key, value)."
        )
    if not key or key.startswith("$") or "." in key or "\0" in key:
        raise ValueError(
            f"There can be no key {key!r}: keys are text without dots that does not begin with '$', because the cloud "
            "takes those for nesting. Use another character, such as ':'."
        )
    try:
        key.encode()
        length = rest.characters(value)
    except UnicodeEncodeError as error:
        raise ValueError(f"What is under {key!r} cannot be stored: it has half a surrogate pair.") from error
    if length > rest.VALUE_LIMIT:
        raise StorageFull(
            f"The value under {key!r} has {length:,} characters; at most {rest.VALUE_LIMIT:,} can be stored.",
            code="VALUE_TOO_LONG",
        )
