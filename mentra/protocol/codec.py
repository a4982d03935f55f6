"""Bytes to messages and back. The only place where JSON is met.

A frame is never an exception in app code: an unknown ``type`` becomes ``Unknown``, a known type with impossible
contents, or text that is no message at all, becomes ``Malformed``.

What the cloud sends is read as far as it goes: where a message can do without a field, one that cannot be read counts
as absent, a nullable one as ``None``, and of a list the other members are kept. What apps send is read strictly: the
local cloud has to know what is wrong.
"""

import contextlib
import functools
from collections.abc import Callable, Iterable, Mapping
from types import NoneType
from typing import Any, Literal, Protocol, TypeVar, cast, get_args, get_origin

import msgspec

from mentra.protocol.app_to_cloud import AppMessage
from mentra.protocol.base import wire_name
from mentra.protocol.cloud_to_app import (
    CapabilitiesUpdate,
    CloudMessage,
    ConnectionAck,
    DataStream,
    SettingsUpdate,
    SystemSettingsUpdate,
)
from mentra.protocol.streams import LOCAL_TRANSCRIPTION, STREAMS, StreamData, Transcription
from mentra.protocol.subscriptions import parse_stream
from mentra.protocol.webhooks import SettingsRequest, Webhook

T = TypeVar("T")


class Unknown(msgspec.Struct, frozen=True):
    """A JSON object whose ``type`` this version does not know. Normal: the cloud grows."""

    type: str
    raw: bytes


class Malformed(msgspec.Struct, frozen=True):
    """A frame that is no message, or a message that lacks what its type needs."""

    problem: str
    raw: bytes


class _Typed(msgspec.Struct):
    type: str


class Event(Protocol):
    """A ``data_stream`` whose payload was decoded along with it."""

    stream_type: str
    data: Any


_encoder = msgspec.json.Encoder()
_app_decoder: msgspec.json.Decoder[AppMessage] = msgspec.json.Decoder(AppMessage)
_cloud_decoder: msgspec.json.Decoder[CloudMessage] = msgspec.json.Decoder(CloudMessage)
_webhook_decoder: msgspec.json.Decoder[Webhook] = msgspec.json.Decoder(Webhook)
_typed_decoder = msgspec.json.Decoder(_Typed)
_CLOUD_MESSAGES: dict[str, type[CloudMessage]] = {kind.__struct_config__.tag: kind for kind in get_args(CloudMessage)}
_APP_MESSAGES: dict[str, type[AppMessage]] = {kind.__struct_config__.tag: kind for kind in get_args(AppMessage)}
_WEBHOOKS: dict[str, type[Webhook]] = {kind.__struct_config__.tag: kind for kind in get_args(Webhook)}
# Speech recognised on the phone; the cloud relays it under both names (docs/protocol.md, Language streams).
_STREAM_KINDS: dict[str, type[StreamData]] = {**STREAMS, LOCAL_TRANSCRIPTION: Transcription}
_stream_decoders = {base: msgspec.json.Decoder(kind) for base, kind in _STREAM_KINDS.items()}
_EVENT_TAG = DataStream.__struct_config__.tag
_STREAM_TYPE = b'"%s":' % wire_name(DataStream, "stream_type").encode()
_LONGEST_BEGINNING_BYTES = 1000
_any_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder()

UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
"""What reading JSON raises. A document of a hundred thousand opening brackets ends in a ``RecursionError``."""

_ACK_NAMES = {field.name: field.encode_name for field in msgspec.structs.fields(ConnectionAck)}
_SYSTEM_SETTINGS = (_ACK_NAMES["mentraos_settings"], _ACK_NAMES["augmentos_settings"])


def encode(value: Any) -> bytes:
    """Return a Struct or plain data as JSON, in UTF-8."""
    return _encoder.encode(value)


class Blank:
    """A message that lacks a text and its timestamp: filling them in takes 0.3 us, making and encoding it anew 0.7.

    Args:
        make: Makes the message of a text and a timestamp, which are encoded in this order.
    """

    __slots__ = ("_begin", "_end", "_middle")

    def __init__(self, make: Callable[[str, str], msgspec.Struct]) -> None:
        text, timestamp = "\0text\0", "_timestamp_"  # No name or id reads so, and the one follows the other.
        begin, _, rest = encode(make(text, timestamp)).partition(encode(text))
        self._middle, _, end = rest.rpartition(timestamp.encode())
        self._begin, self._end = _shared(begin), _shared(end)

    def filled(self, text: str, timestamp: str) -> bytes:
        """Return the message as JSON.

        Args:
            timestamp: As ``iso_timestamp`` writes it.

        Raises:
            UnicodeEncodeError: There is half a surrogate pair in the text.
        """
        return b"".join((self._begin, _encoder.encode(text), self._middle, timestamp.encode(), self._end))


@functools.lru_cache(maxsize=64)
def _shared(part: bytes) -> bytes:
    """Return the same object for the same bytes: what all sessions share stays in the processor's caches."""
    return part


def decode_from_cloud(text: str | bytes) -> CloudMessage | Unknown | Malformed:
    """Read a text frame that the cloud sent."""
    try:
        return _cloud_decoder.decode(text)
    except UNREADABLE as error:
        return _second_reading(_CLOUD_MESSAGES, text, error)


def decode_from_app(text: str | bytes) -> AppMessage | Unknown | Malformed:
    """Read a text frame that an app sent."""
    try:
        return _app_decoder.decode(text)
    except UNREADABLE as error:
        return _unreadable(_APP_MESSAGES, text, error)


def decode_webhook(body: str | bytes) -> Webhook | Unknown | Malformed:
    """Read the body of ``POST /webhook``."""
    try:
        return _webhook_decoder.decode(body)
    except UNREADABLE as error:
        return _second_reading(_WEBHOOKS, body, error)


def decode_settings_request(body: str | bytes) -> SettingsRequest | Malformed:
    """Read the body of ``POST /settings``."""
    request = decode_as(SettingsRequest, body)
    return _readable_part(SettingsRequest, request) if isinstance(request, Malformed) else request


def decode_stream(stream_type: str, data: bytes | msgspec.Raw) -> StreamData | Any | Malformed:
    """Read the payload of a ``data_stream``.

    Returns:
        The Struct of that stream; plain data (dict, list, ...) for a stream without one.
    """
    base = parse_stream(stream_type).base
    try:
        return _stream_decoders.get(base, _any_decoder).decode(data)
    except UNREADABLE as error:
        malformed = Malformed(str(error), bytes(data))
        kind = _STREAM_KINDS.get(base)
        return _readable_part(kind, malformed) if kind else malformed


def beginning_of(frame: bytes, stream_type: str) -> bytes:
    """Return how all events of one stream and session probably begin: a frame up to its ``streamType``.

    Returns:
        Nothing if it is not written there, or not in the usual way.
    """
    name = frame.find(_STREAM_TYPE) + len(_STREAM_TYPE)
    beginning = frame[: frame.find(b'"', name + 2) + 1]
    is_usual = beginning[name:].strip() == b'"%s"' % stream_type.encode() and len(beginning) <= _LONGEST_BEGINNING_BYTES
    return beginning if is_usual else b""


def event_decoder(stream_type: str) -> Callable[[bytes], Event]:
    """Return what decodes a whole ``data_stream`` in one pass, which takes half as long as envelope and payload do.

    It raises one of ``UNREADABLE`` for all that is not exactly so: the others read more leniently, and know what is
    wrong.
    """
    return _event_decoder(_STREAM_KINDS.get(parse_stream(stream_type).base, Any))


@functools.cache
def _event_decoder(kind: Any) -> Callable[[bytes], Event]:
    fields = [("type", Literal[_EVENT_TAG]), ("stream_type", str), ("data", kind)]
    return msgspec.json.Decoder(cast(type[Event], msgspec.defstruct("Event", fields, rename="camel", gc=False))).decode


def decode_as(kind: type[T], body: str | bytes) -> T | Malformed:
    """Read a JSON document as one Struct, or as ``dict`` or ``list``."""
    try:
        return msgspec.json.decode(body, type=kind)
    except UNREADABLE as error:
        return Malformed(str(error), _bytes(body))


def plain(message: msgspec.Struct) -> dict[str, Any]:
    """Return a Struct as plain data with the names of the wire, also what it has undecoded."""
    return msgspec.json.decode(_encoder.encode(message), type=dict[str, Any])


def decode_leniently(kind: type[T], part: bytes | msgspec.Raw) -> T | Malformed:
    """Read a part of a message that was left undecoded; what can be missed counts as absent."""
    return _readable_part(kind, Malformed("", bytes(part)))


def indented(document: bytes) -> str:
    """Return JSON for people to read, whole and indented; what is none, as it is."""
    try:
        return msgspec.json.format(document, indent=2).decode(errors="replace")
    except UNREADABLE:
        return document.decode(errors="replace")


def changes_ack(message: object) -> bool:
    """Return whether an acknowledgement would read differently after this message; see ``resumed_ack``."""
    return isinstance(message, SettingsUpdate | SystemSettingsUpdate | CapabilitiesUpdate)


def resumed_ack(ack: bytes, updates: Iterable[bytes]) -> bytes:
    """Return an acknowledgement as it would read now.

    For whoever hands a live connection to newer code. Fields that no Struct knows are kept.

    Args:
        ack: The frame, as it came or as this function returned it.
        updates: Frames for which ``changes_ack`` is true, in their order.
    """
    current = msgspec.json.decode(ack, type=dict[str, Any])
    for update in updates:
        # Undecoded values: our Structs do not have everything that the cloud writes into them.
        fields = msgspec.json.decode(update, type=dict[str, Any])
        match decode_from_cloud(update):
            case SettingsUpdate():
                current[_ACK_NAMES["settings"]] = fields[_ACK_NAMES["settings"]]
            case CapabilitiesUpdate():
                current[_ACK_NAMES["capabilities"]] = fields[_ACK_NAMES["capabilities"]]
            case SystemSettingsUpdate(settings=changed):
                for name in [name for name in _SYSTEM_SETTINGS if name in current] or _SYSTEM_SETTINGS[:1]:
                    known = current.get(name)
                    current[name] = {**known, **changed} if isinstance(known, dict) else changed
            case _:
                pass
    return _encoder.encode(current)


def _unreadable(kinds: Mapping[str, type[Any]], text: str | bytes, error: Exception) -> Unknown | Malformed:
    raw = _bytes(text)
    tag = _tag_of(raw)
    if tag is None:
        return Malformed(str(error), raw)
    return Malformed(f"{tag}: {error}", raw) if tag in kinds else Unknown(tag, raw)


def _tag_of(raw: bytes) -> str | None:
    try:
        return _typed_decoder.decode(raw).type
    except UNREADABLE:
        return None


def _second_reading(kinds: Mapping[str, type[T]], text: str | bytes, error: Exception) -> T | Unknown | Malformed:
    problem = _unreadable(kinds, text, error)
    kind = kinds.get(_tag_of(problem.raw) or "")
    return _readable_part(kind, problem) if kind and isinstance(problem, Malformed) else problem


def _readable_part(kind: type[T], malformed: Malformed) -> T | Malformed:
    try:
        return cast(T, _read_leniently(kind, malformed.raw))
    except UNREADABLE:
        return malformed


def _read_leniently(kind: Any, raw: bytes | msgspec.Raw) -> Any:
    """Read JSON of any type that a field may have; Structs and lists in it without what can be missed.

    Raises:
        DecodeError: Something that cannot be missed cannot be read.
    """
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError:
        for part in (kind,) if get_origin(kind) is list else (get_args(kind) or (kind,)):
            if get_origin(part) is list:
                return _readable_members(get_args(part)[0], raw)
            if isinstance(part, type) and issubclass(part, msgspec.Struct):
                return _readable_struct(part, raw)
        raise


def _readable_members(kind: Any, raw: bytes | msgspec.Raw) -> list[Any]:
    readable: list[Any] = []
    for member in msgspec.json.decode(raw, type=list[msgspec.Raw]):
        with contextlib.suppress(msgspec.ValidationError):
            readable.append(_read_leniently(kind, member))
    return readable


def _readable_struct(kind: type[msgspec.Struct], raw: bytes | msgspec.Raw) -> msgspec.Struct:
    given = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        try:
            values[field.name] = _read_leniently(field.type, given[field.encode_name])
        except (KeyError, msgspec.ValidationError) as error:
            if not field.required:
                continue
            if isinstance(error, KeyError):
                raise msgspec.ValidationError(f"Object missing required field `{field.encode_name}`") from None
            if NoneType not in get_args(field.type):
                raise
            values[field.name] = None
    return kind(**values)


def _bytes(text: str | bytes) -> bytes:
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else bytes(text)
