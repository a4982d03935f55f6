"""The text of what an app wrote on the dashboard, as the cloud reads it: it looks at the kind of a layout only.

Source: MentraOS cloud/packages/cloud/src/services/dashboard/DashboardManager.ts (Nov 2025); ECMA-262 (2025), ToBoolean
and ToString.
"""

from typing import Any

import msgspec

from mentra.protocol.layouts import DashboardCard, DoubleTextWall, ReferenceCard, TextWall

_ABSENT = "undefined"
"""How JavaScript writes a field that is not there."""


class _Wall(TextWall, frozen=True, kw_only=True):
    text: Any = None


class _Walls(DoubleTextWall, frozen=True, kw_only=True):
    top_text: Any = None
    bottom_text: Any = None


class _Columns(DashboardCard, frozen=True, kw_only=True):
    left_text: Any = None
    right_text: Any = None


class _Card(ReferenceCard, frozen=True, kw_only=True):
    title: Any = _ABSENT
    text: Any = _ABSENT


def text_of(content: Any) -> str:
    """Return the text of a layout or of text; anything else has none."""
    if isinstance(content, str):
        return content
    match _read(content):
        case _Wall(text=text):
            return _joined("", text)
        case _Walls(top_text=top, bottom_text=bottom):
            return _joined("\n", top, bottom)
        case _Columns(left_text=left, right_text=right):
            return _joined(" | ", left, right)
        case _Card(title=title, text=text):
            return f"{written(title)}\n{written(text)}"
        case _:
            return ""


def is_something(value: Any) -> bool:
    """Return whether JavaScript takes a value for true; an empty list and an empty object are."""
    return isinstance(value, list | dict) or bool(value)


def written(value: Any) -> str:
    """Return a value as JavaScript writes it into a text. *Unverified*: numbers of more than 15 digits."""
    match value:
        case str():
            return value
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case [*parts]:
            return ",".join("" if part is None else written(part) for part in parts)
        case dict():
            return "[object Object]"
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value)


def _read(content: Any) -> _Wall | _Walls | _Columns | _Card | None:
    try:
        return msgspec.convert(content, _Wall | _Walls | _Columns | _Card)
    except msgspec.ValidationError:
        return None


def _joined(between: str, *parts: Any) -> str:
    return between.join(written(part) for part in parts if is_something(part))
