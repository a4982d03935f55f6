"""Tools, as the developer console describes them to the AI assistant.

Source: @mentra/sdk 2.1.29 dist/types/models.d.ts (ToolSchema), dist/constants; docs/protocol.md, App record.
"""

from enum import StrEnum
from typing import Literal

from mentra.protocol.base import Wire


class ToolResponse(StrEnum):
    """Replies of a tool that mean more than their text."""

    TAKE_CONTROL = "GIVE_APP_CONTROL_OF_TOOL_RESPONSE"
    """The assistant says nothing itself: the app shows or speaks the answer."""


class ToolParameter(Wire, frozen=True, kw_only=True):
    """One parameter of a tool."""

    type: Literal["string", "number", "boolean"]
    description: str
    enum: list[str] | None = None
    required: bool


class ToolSchema(Wire, frozen=True, kw_only=True):
    """One tool."""

    id: str
    description: str
    activation_phrases: list[str]
    parameters: dict[str, ToolParameter]
