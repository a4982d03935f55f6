"""Tools as pure functions: from a signature to a schema, from a call to arguments."""

import enum
from typing import Annotated, Any, Literal

import pytest

from mentra import ConfigError, ToolCall, ToolError, ToolParameter, ToolSchema, tool
from mentra.server.tools import tools_of


class Size(enum.Enum):
    SMALL = "small"
    LARGE = "large"


class Shop:
    @tool(phrases=["order"])
    def order(
        self,
        what: Annotated[str, "What to order"],
        user_id: str,
        call: ToolCall,
        count: int = 1,
        size: Size = Size.SMALL,
        where: Literal["here", "there"] | None = None,
    ) -> list[Any]:
        """Order something.

        Not part of the description.
        """
        return [what, user_id, call.name, count, size, where]


def call(**parameters: Any) -> Any:
    return tools_of(Shop())["order"](ToolCall(name="order", parameters=parameters, user_id="you"))


def test_a_signature_is_the_schema():
    assert tools_of(Shop())["order"].schema == ToolSchema(
        id="order",
        description="Order something.",
        activation_phrases=["order"],
        parameters={
            "what": ToolParameter(type="string", description="What to order", required=True),
            "count": ToolParameter(type="number", description="count", required=False),
            "size": ToolParameter(type="string", description="size", enum=["small", "large"], required=False),
            "where": ToolParameter(type="string", description="where", enum=["here", "there"], required=False),
        },
    )


@pytest.mark.parametrize(
    ("parameters", "result"),
    [
        ({"what": "tea"}, ["tea", "you", "order", 1, Size.SMALL, None]),
        ({"what": 7, "count": "3", "size": "large"}, ["7", "you", "order", 3, Size.LARGE, None]),
        ({"what": "tea", "count": None, "where": "there"}, ["tea", "you", "order", 1, Size.SMALL, "there"]),
    ],
)
def test_arguments_are_converted(parameters: dict[str, Any], result: list[Any]):
    assert call(**parameters) == result


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({}, "order needs the parameter 'what': What to order"),
        ({"what": None}, "order needs the parameter 'what'"),
        ({"what": "tea", "count": "many"}, "count must be a number, not 'many'"),
        ({"what": "tea", "size": "huge"}, "size must be small or large, not 'huge'"),
        ({"what": "tea", "user_id": "somebody else"}, "order has no parameter 'user_id'"),
    ],
)
def test_a_wrong_argument_is_a_sentence_for_the_assistant(parameters: dict[str, Any], words: str):
    with pytest.raises(ToolError, match=words):
        call(**parameters)


def test_two_tools_of_one_id_are_refused():
    class Twice(Shop):
        @tool(name="order")
        def other(self) -> None:
            """Do the same."""

    with pytest.raises(ConfigError, match="Two tools have the id 'order'"):
        tools_of(Twice())
