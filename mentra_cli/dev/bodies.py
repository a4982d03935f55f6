"""Bodies and greetings as the journal keeps them: without tokens and keys; of what nobody reads, the size."""

from collections.abc import Mapping

import msgspec

from mentra.protocol import codec, web_tokens
from mentra.protocol.app_to_cloud import ConnectionInit
from mentra.transport.base import HttpReply
from mentra_cli.masking import mask

_READABLE = ("json", "xml", "x-www-form-urlencoded")
_PARTS_OF_PAGES = frozenset({"text/html", "text/css", "text/javascript"})


def noted(body: bytes, headers: Mapping[str, str]) -> bytes:
    """Return a body as it is kept; of files and pages the size."""
    kind = _kind(headers)
    is_text = kind.startswith("text/") and kind not in _PARTS_OF_PAGES
    if not body or not kind or is_text or kind.endswith(_READABLE):
        return web_tokens.masked_body(body)
    return f"<{len(body):,} bytes of {kind}>".encode()


def noted_reply(reply: HttpReply) -> bytes:
    """Return the body of a reply as it is kept; of a stream nobody knows how long it will be."""
    if reply.chunks is None:
        return noted(reply.body, reply.headers)
    return f"<a stream of {_kind(reply.headers) or 'bytes'}>".encode()


def without_key(frame: bytes) -> bytes:
    """Return a greeting as it may be shown. Masked by what it is, because a short key would not be found in it."""
    message = codec.decode_from_app(frame)
    if not isinstance(message, ConnectionInit):
        return frame
    return codec.encode(msgspec.structs.replace(message, api_key=mask(message.api_key)))


def _kind(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()
