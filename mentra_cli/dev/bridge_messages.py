"""What the two ends of a bridge say to each other. Both are of the same version, so this may change at will."""

from typing import TypeAlias

import msgspec


class Message(msgspec.Struct, frozen=True, array_like=True):
    """One message."""

    number: int
    """Which connection or request it belongs to. The end that began it chose the number."""


class Open(Message, frozen=True, array_like=True, tag="open"):
    """Open a connection."""

    path: str
    headers: dict[str, str]


class Opened(Message, frozen=True, array_like=True, tag="opened"):
    """The connection is open."""


class Refused(Message, frozen=True, array_like=True, tag="refused"):
    """No connection, or no answer to a request."""


class Text(Message, frozen=True, array_like=True, tag="text"):
    """A text frame."""

    data: bytes


class Binary(Message, frozen=True, array_like=True, tag="binary"):
    """A binary frame."""

    data: bytes


class Close(Message, frozen=True, array_like=True, tag="close"):
    """The connection is closed."""

    code: int
    reason: str


class Request(Message, frozen=True, array_like=True, tag="request"):
    """An HTTP request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Reply(Message, frozen=True, array_like=True, tag="reply"):
    """The answer to a request, or its head."""

    status: int
    headers: dict[str, str]
    cookies: tuple[str, ...]
    body: bytes
    streams: bool
    """The body follows in chunks."""


class Chunk(Message, frozen=True, array_like=True, tag="chunk"):
    """A part of a body."""

    data: bytes


class End(Message, frozen=True, array_like=True, tag="end"):
    """There are no more chunks."""

    problem: str
    """Why it is not the whole body; empty if it is."""


class Taken(Message, frozen=True, array_like=True, tag="taken"):
    """The reader has taken so much of the chunks: as much more may be sent."""

    size_bytes: int


class Enough(Message, frozen=True, array_like=True, tag="enough"):
    """The reader wants no more chunks."""


AnyMessage: TypeAlias = Open | Opened | Refused | Text | Binary | Close | Request | Reply | Chunk | End | Taken | Enough

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[AnyMessage] = msgspec.msgpack.Decoder(AnyMessage)


def encode(message: AnyMessage) -> bytes:
    """Return a message as it goes over the stream."""
    return _encoder.encode(message)


def decode(data: bytes | bytearray) -> AnyMessage:
    """Read a message."""
    return _decoder.decode(data)
