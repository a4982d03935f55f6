"""Tools as pure functions: from a signature to a schema, from a call to arguments."""

import enum
from datetime import date, datetime, time
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


class Documented:
    @tool
    def remind(
        self,
        what: str,
        due: date | None = None,
        at: Annotated[time, "At what time"] | None = None,
        by: datetime = datetime(2026, 1, 31),
        *,
        how: Annotated[Literal["softly", "loudly"], "In which way"] = "softly",
    ) -> list[Any]:
        """Remind the user
        of something.

        Args:
            what (str): What to remind of,
                in a few words.
            due: When it is due.
            at: Not this one: an annotation goes first.

        Returns:
            how: Not of this section.
        """
        return [what, due, at, by, how]

    @tool
    def undocumented(self) -> None: ...


def remind(**parameters: Any) -> Any:
    return tools_of(Documented())["remind"](ToolCall(name="remind", parameters=parameters, user_id="you"))


def test_descriptions_come_from_the_docstring_where_no_annotation_has_them():
    described = {
        "what": ToolParameter(type="string", description="What to remind of, in a few words", required=True),
        "due": ToolParameter(type="string", description="When it is due, such as 2026-01-31", required=False),
        "at": ToolParameter(type="string", description="At what time, such as 18:30", required=False),
        "by": ToolParameter(type="string", description="by, such as 2026-01-31T18:30", required=False),
        "how": ToolParameter(type="string", description="In which way", enum=["softly", "loudly"], required=False),
    }

    schema = tools_of(Documented())["remind"].schema

    assert schema.description == "Remind the user of something."
    assert schema.parameters == described


def test_a_tool_without_a_docstring_is_described_by_its_name():
    assert tools_of(Documented())["undocumented"].schema.description == "undocumented"


def test_dates_and_times_are_parsed():
    moment = datetime.fromisoformat("2026-02-01T09:00:00Z")

    result = remind(what="tea", due="2026-02-03", at="18:30", by="2026-02-01T09:00:00Z")

    assert result == ["tea", date(2026, 2, 3), time(18, 30), moment, "softly"]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"due": "tomorrow"}, "remind: due must be like 2026-01-31, not 'tomorrow'"),
        ({"due": 7}, "remind: due must be like 2026-01-31, not '7'"),
        ({"at": "half past six"}, "remind: at must be like 18:30, not 'half past six'"),
        ({"by": "2026-02-03"}, "remind: by must be like 2026-01-31T18:30, not '2026-02-03'"),
    ],
)
def test_what_is_no_date_is_a_sentence_for_the_assistant(parameters: dict[str, Any], words: str):
    with pytest.raises(ToolError, match=words):
        remind(what="tea", **parameters)


@pytest.mark.parametrize("hint", [list[str], dict[str, int], bytes, str | int])
def test_a_type_that_tools_do_not_have_is_refused(hint: Any):
    class Wrong:
        @tool
        def wrong(self, items: Any) -> None:
            """Take them."""

    Wrong.wrong.__annotations__["items"] = hint

    with pytest.raises(ConfigError, match=r"cannot have the parameter items.*: tools take str, int, float, bool"):
        tools_of(Wrong())


def test_an_annotation_that_cannot_be_read_is_refused():
    class Late:
        @tool
        def late(self, x: "Nowhere") -> None:  # noqa: F821 - that is the test.
            """Take it."""

    with pytest.raises(ConfigError, match=r"annotations of the tool .*late cannot be read: name 'Nowhere'"):
        tools_of(Late())


def test_a_call_is_plain_data():
    assert ToolCall(name="x", parameters={"a": 1}, user_id="you") == ToolCall(
        name="x", parameters={"a": 1}, user_id="you", timestamp=None, session=None
    )
