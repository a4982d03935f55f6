"""How a key is shown wherever a command prints what others wrote: source code, log lines, messages of the wire."""

import re
from collections.abc import Iterable

from mentra_cli.local_key import LOCAL_PREFIX, is_local

_SHORTEST_SOUGHT = 8

# What the console issues, and the digest of a key in the header of tool calls; what mentra new makes up.
_LOOKS_LIKE_A_KEY = re.compile(rf"\b[0-9a-f]{{64}}\b|\b{LOCAL_PREFIX}[0-9A-Za-z]{{16,}}\b")


_KEY_IN_CODE = re.compile(r"""(\bapi_?key\b["']?\s*[:=]\s*["'])([^"'\s]{8,})(?=["'])""", re.IGNORECASE)
"""A key written into source code, or into a file of settings."""


_PASSWORD_IN_MESSAGE = re.compile(r'("hotspotPassword"\s*:\s*")((?:[^"\\]|\\.)+)(?=")')
"""The password of the glasses' own network, in a message of the cloud."""

_TOKEN_IN_MESSAGE = re.compile(r'("authToken"\s*:\s*")((?:[^"\\]|\\.)+)(?=")')
"""What lets the glasses upload a photo to a server of the developer's choice."""

_KEY_OF_STREAM = re.compile(r"(\brtmps?://[^\s\"'<>]*/)([^\s\"'<>/]+)")
"""The end of an address to which video is streamed: who has it can stream in its owner's name."""


def mask(secret: str) -> str:
    """Return what may be shown of a key: enough to tell two keys apart, and its length."""
    head = LOCAL_PREFIX if is_local(secret) else secret[:4] if len(secret) >= 16 else ""
    return f"{head}... ({len(secret)} characters)"


def mask_all(text: str, secrets: Iterable[str]) -> str:
    """Mask these secrets, and whatever looks like a key, wherever they stand in a text.

    A secret of less than eight characters is not searched for: it may be a common word.
    """
    # The longest first: one secret may be the beginning of another.
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SOUGHT:
            text = text.replace(secret, mask(secret))
    text = _LOOKS_LIKE_A_KEY.sub(lambda match: mask(match.group()), text)
    text = _TOKEN_IN_MESSAGE.sub(r"\1...", text)
    text = _KEY_OF_STREAM.sub(r"\1...", text)
    text = _PASSWORD_IN_MESSAGE.sub(r"\1...", text)
    return _KEY_IN_CODE.sub(lambda match: match[1] + (match[2] if "... (" in match[2] else mask(match[2])), text)
