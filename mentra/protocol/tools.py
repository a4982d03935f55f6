"""Tools, as the developer console describes them to the AI assistant.

Source: @mentra/sdk 2.1.29 dist/types/models.d.ts (ToolSchema); docs/protocol.md, App record.
"""

from typing import Literal

from mentra.protocol.base import Wire


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
