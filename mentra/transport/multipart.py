"""Bodies of type ``multipart/form-data``, as browsers, phones and glasses upload files.

Reading is aiohttp's, fed from memory, so that it is the same over sockets, in memory and behind ``mentra dev``.

Source: RFC 7578.
"""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiohttp import MultipartReader

MAX_PARTS = 100
"""How many parts a form may have; a photo has four."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormFile:
    """One file of a form."""

    data: bytes = field(repr=False)
    filename: str = ""
    """As the sender called it: never a path to be written to."""
    content_type: str = ""
    """As the sender says, in lower case and without parameters; empty when it does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a body holds. Of several parts with one name, the first counts."""

    fields: dict[str, str] = field(default_factory=dict[str, str])
    files: dict[str, FormFile] = field(default_factory=dict[str, FormFile])


def is_form(content_type: str) -> bool:
    """Return whether a ``Content-Type`` announces a form."""
    return content_type.partition(";")[0].strip().lower() == "multipart/form-data"


async def read_form(content_type: str, body: bytes) -> Form:
    """Take a form apart. It does not wait for anything.

    Args:
        content_type: The header of the request; it names the boundary.

    Raises:
        ValueError: The body is no such form.
    """
    # aiohttp takes 240 ms to import. Over sockets it is there already; in memory only those who upload need it.
    from aiohttp import MultipartReader, StreamReader
    from aiohttp.base_protocol import BaseProtocol
    from aiohttp.http_exceptions import HttpProcessingError

    loop = asyncio.get_running_loop()
    body = body[_beginning(content_type, body) :]
    # The limit is what may wait before the sender is told to pause; here is none.
    content = StreamReader(BaseProtocol(loop), limit=len(body) + 1, loop=loop)
    content.feed_data(body)
    content.feed_eof()
    try:
        return await _read_parts(MultipartReader({"Content-Type": content_type}, content))
    except (ValueError, LookupError, AssertionError, RuntimeError, HttpProcessingError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"The body is no form: {reason}") from error


def write_form(fields: Mapping[str, str], files: Mapping[str, FormFile]) -> tuple[str, bytes]:
    """Return a form as its ``Content-Type`` and its body, the fields first."""
    boundary = secrets.token_hex(16)
    parts: list[bytes] = []
    for name, text in fields.items():
        parts += [_head(boundary, name), b"\r\n", text.encode(), b"\r\n"]
    for name, file in files.items():
        head = _head(boundary, name, f'; filename="{_quoted(file.filename)}"')
        parts += [head, f"Content-Type: {file.content_type}\r\n\r\n".encode(), file.data, b"\r\n"]
    return f"multipart/form-data; boundary={boundary}", b"".join([*parts, f"--{boundary}--\r\n".encode()])


async def _read_parts(reader: "MultipartReader") -> Form:
    form = Form()
    for _ in range(MAX_PARTS):
        part: Any = await reader.next()
        if part is None:
            return form
        if not hasattr(part, "filename"):
            raise ValueError("a part of it is a form itself")
        data = bytes(await part.read())
        if part.filename is None:
            form.fields.setdefault(part.name or "", data.decode("utf-8", "replace"))
        else:
            content_type = part.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            file = FormFile(data=data, filename=part.filename, content_type=content_type)
            form.files.setdefault(part.name or "", file)
    raise ValueError(f"it has more than {MAX_PARTS} parts")


def _beginning(content_type: str, body: bytes) -> int:
    """Return where the first part begins; 0 if that cannot be said.

    What stands before it means nothing, and aiohttp would read it line by line: for ten megabytes of line ends, ten
    seconds in which nothing else happens.
    """
    header = Message()
    header["content-type"] = content_type
    delimiter = f"--{header.get_boundary('')}".encode()
    if delimiter == b"--" or body.startswith(delimiter):
        return 0
    found = body.find(b"\n" + delimiter)
    return len(body) if found < 0 else found + 1


def _head(boundary: str, name: str, more: str = "") -> bytes:
    return f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"{more}\r\n'.encode()


def _quoted(text: str) -> str:
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
