"""The assistant calls an app's tools: checked, converted, and answered with a sentence."""

import asyncio
import enum
import hashlib
from typing import Annotated, Any, Literal

import pytest

from mentra import ConfigError, ToolCall, ToolError, ToolResponse, tool
from mentra.transport.base import Network
from mentra.transport.memory import MemoryNetwork
from tests.conversations.world import Diary, World, serving
from tests.helpers.scripted_cloud import API_KEY, PACKAGE_NAME, USER_ID, ScriptedCloud, body_of


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Toolbox(Diary):
    @tool
    async def add(self, a: int, b: float = 0.5) -> str:
        """Add two numbers.

        More for developers.
        """
        return f"{a!r} + {b!r}"

    @tool(name="paint_it", phrases=["paint it red", "make it blue"])
    def paint(
        self,
        colour: Annotated[Colour, "What to paint it"],
        size: Literal["small", "large"] = "small",
        *,
        shiny: bool = False,
        note: str | None = None,
    ) -> dict[str, Any]:
        """Paint it."""
        return {"colour": colour.value, "size": size, "shiny": shiny, "note": note}

    @tool
    async def who(self, user_id: str, call: ToolCall) -> list[object]:
        """Say who calls."""
        return [user_id, call.name, call.user_id, dict(call.parameters), call.timestamp]

    @tool
    async def nothing(self) -> None:
        """Do nothing."""

    @tool
    async def picky(self, city: str) -> str:
        """Raise a ToolError."""
        raise ToolError(f"I do not know {city}. Ask for a city in Austria.")

    @tool
    def breaks(self) -> str:
        """Raise something else."""
        raise RuntimeError("the password is hunter2")

    @tool
    def unspeakable(self) -> object:
        """Return what JSON cannot express."""
        return object()

    async def on_tool_call(self, tool_name: str, args: dict[str, Any], user_id: str) -> Any:
        return f"{tool_name}({args}) for {user_id}"


async def call(network: MemoryNetwork, cloud: ScriptedCloud, name: str, **parameters: Any) -> tuple[int, Any]:
    """Return the status, and the reply or else the message."""
    async with serving(Toolbox(), network) as app:
        reply = await cloud.call_tool(app, name, parameters)
        body = body_of(reply)
        return reply.status, body["reply"] if reply.status == 200 else body["message"]


async def test_a_tool_is_called_by_the_assistant_without_any_session(world: World):
    glasses = world.cloud.connect_glasses(USER_ID)
    app = await world.serve(Toolbox())

    answer = await glasses.call_tool(PACKAGE_NAME, "add", {"a": 1})

    assert answer == {"status": "success", "reply": "1 + 0.5"}
    assert app.calls == []


async def test_on_tool_call_answers_what_is_not_declared(world: World):
    glasses = world.cloud.connect_glasses(USER_ID)
    await world.serve(Toolbox())

    answer = await glasses.call_tool(PACKAGE_NAME, "other", {"x": [1]})

    assert answer == {"status": "success", "reply": f"other({{'x': [1]}}) for {USER_ID}"}


async def test_an_app_without_on_tool_call_answers_null_and_warns(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, caplog: pytest.LogCaptureFixture
):
    async with serving(Diary(), memory) as app:
        reply = await memory_cloud.call_tool(app, "other")

        assert (reply.status, body_of(reply)) == (200, {"status": "success", "reply": None})
        assert "The tool 'other' was called" in caplog.text


@pytest.mark.parametrize(
    ("name", "parameters", "reply"),
    [
        ("add", {"a": 1, "b": 2}, "1 + 2.0"),
        ("add", {"a": "3", "b": "2.5"}, "3 + 2.5"),
        ("add", {"a": 3.0}, "3 + 0.5"),
        ("add", {"a": 1, "b": None}, "1 + 0.5"),
        ("paint_it", {"colour": "red"}, '{"colour":"red","size":"small","shiny":false,"note":null}'),
        (
            "paint_it",
            {"colour": "blue", "size": "large", "shiny": "true", "note": "on wood"},
            '{"colour":"blue","size":"large","shiny":true,"note":"on wood"}',
        ),
        ("paint_it", {"colour": "red", "shiny": "false"}, '{"colour":"red","size":"small","shiny":false,"note":null}'),
        ("who", {}, f'["{USER_ID}","who","{USER_ID}",{{}},"t1"]'),
        ("nothing", {}, None),
        ("paint_it", {"colour": "red", "note": 1010}, '{"colour":"red","size":"small","shiny":false,"note":"1010"}'),
        ("picky", {"city": "Wien"}, "I do not know Wien. Ask for a city in Austria."),
    ],
)
async def test_arguments_are_converted_and_the_result_is_text(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, name: str, parameters: dict[str, Any], reply: str | None
):
    assert await call(memory, memory_cloud, name, **parameters) == (200, reply)


@pytest.mark.parametrize(
    ("name", "parameters", "sentence"),
    [
        ("add", {}, "add needs the parameter 'a': a"),
        ("add", {"a": None}, "add needs the parameter 'a': a"),
        ("add", {"a": "one"}, "add: a must be a number, not 'one'."),
        ("add", {"a": 1.5}, "add: a must be a number, not 1.5."),
        ("add", {"a": 1, "c": 2}, "add has no parameter 'c'. Its parameters: a, b."),
        ("nothing", {"x": 1}, "nothing has no parameter 'x'. Its parameters: none."),
        ("paint_it", {}, "paint_it needs the parameter 'colour': What to paint it"),
        ("paint_it", {"colour": "green"}, "paint_it: colour must be red or blue, not 'green'."),
        ("paint_it", {"colour": "red", "size": "huge"}, "paint_it: size must be small or large, not 'huge'."),
        ("paint_it", {"colour": "red", "shiny": "maybe"}, "paint_it: shiny must be a boolean, not 'maybe'."),
        ("picky", {"city": ["Wien"]}, "picky: city must be a string, not ['Wien']."),
        ("who", {"user_id": "somebody else"}, "who has no parameter 'user_id'. Its parameters: none."),
    ],
)
async def test_bad_input_is_answered_with_a_sentence_for_the_assistant(
    memory: MemoryNetwork, memory_cloud: ScriptedCloud, name: str, parameters: dict[str, Any], sentence: str
):
    assert await call(memory, memory_cloud, name, **parameters) == (200, sentence)


async def test_an_exception_is_a_500_that_tells_nothing_and_a_traceback_in_the_log_w_http_11(
    network: Network, cloud: ScriptedCloud, caplog: pytest.LogCaptureFixture
):
    async with serving(Toolbox(), network) as app:
        reply = await cloud.call_tool(app, "breaks")

        assert (reply.status, body_of(reply)) == (
            500,
            {"status": "error", "message": "The tool breaks failed; the app's log has the details."},
        )
        assert "RuntimeError: the password is hunter2" in caplog.text


async def test_a_tool_that_reads_a_cancelled_future_is_a_500(
    network: Network, cloud: ScriptedCloud, caplog: pytest.LogCaptureFixture
):
    class Cancelled(Diary):
        async def on_tool_call(self, tool_name: str, args: dict[str, Any], user_id: str) -> Any:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            future.cancel()
            return await future

    async with serving(Cancelled(), network) as app:
        reply = await cloud.call_tool(app, "any")

    assert reply.status == 500
    assert "The tool 'any' raised an exception." in caplog.messages


async def test_a_result_that_json_cannot_express_is_a_500(network: Network, cloud: ScriptedCloud):
    async with serving(Toolbox(), network) as app:
        reply = await cloud.call_tool(app, "unspeakable")

        assert reply.status == 500


@pytest.mark.parametrize("headers", [{"x-app-api-key": "wrong"}, {"x-app-api-key": ""}, {"x-other": "key"}])
async def test_a_call_without_the_key_is_a_401_and_nothing_runs_w_dev_12(
    network: Network, cloud: ScriptedCloud, headers: dict[str, str]
):
    ran: list[str] = []

    class Guarded(Diary):
        @tool
        def secret(self) -> None:
            """Must not run."""
            ran.append("secret")

    async with serving(Guarded(), network) as app:
        reply = await cloud.call_tool(app, "secret", **headers)

        assert reply.status == 401
        assert ran == []


@pytest.mark.parametrize("body", [b"no JSON", b"{}", b'{"toolId": 5}', b'{"toolId": "add", "toolParameters": []}'])
async def test_a_call_that_makes_no_sense_is_a_400(memory: MemoryNetwork, memory_cloud: ScriptedCloud, body: bytes):
    async with serving(Toolbox(), memory) as app:
        headers = {"x-app-api-key": hashlib.sha256(API_KEY.encode()).hexdigest()}
        reply = await memory_cloud.post(app, "/tool", body, headers=headers)

        assert reply.status == 400
        assert body_of(reply)["message"].startswith("Malformed tool call")


async def test_a_slow_tool_delays_no_other_call(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    class Slow(Diary):
        @tool
        async def slow(self) -> str:
            """Take three seconds."""
            await asyncio.sleep(3)
            return "slow"

        @tool
        async def quick(self) -> str:
            """Take none."""
            return "quick"

    async with serving(Slow(), memory) as app:
        calls = [asyncio.create_task(memory_cloud.call_tool(app, name)) for name in ("slow", "quick")]
        done, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)

        assert done == {calls[1]}
        await calls[0]


def test_the_schema_comes_from_the_signature():
    schemas = {schema.id: schema for schema in Toolbox().tools}

    assert sorted(schemas) == ["add", "breaks", "nothing", "paint_it", "picky", "unspeakable", "who"]
    assert schemas["add"].description == "Add two numbers."
    assert schemas["paint_it"].activation_phrases == ["paint it red", "make it blue"]
    assert {
        name: (parameter.type, parameter.required, parameter.enum, parameter.description)
        for name, parameter in schemas["paint_it"].parameters.items()
    } == {
        "colour": ("string", True, ["red", "blue"], "What to paint it"),
        "size": ("string", False, ["small", "large"], "size"),
        "shiny": ("boolean", False, None, "shiny"),
        "note": ("string", False, None, "note"),
    }
    assert schemas["who"].parameters == {}


def test_a_tool_that_cannot_be_described_fails_when_the_app_is_made():
    class Wrong(Diary):
        @tool
        def wrong(self, items: list[str]) -> None:
            """Take a list."""

    with pytest.raises(ConfigError, match=r"Wrong\.wrong cannot have the parameter items: list\[str\]"):
        Wrong()


def test_two_tools_of_the_same_id_fail_when_the_app_is_made():
    class Twice(Diary):
        @tool
        def one(self) -> None:
            """One."""

        @tool(name="one")
        def two(self) -> None:
            """Two."""

    with pytest.raises(ConfigError, match="Two tools have the id 'one'"):
        Twice()


async def test_a_call_knows_the_users_session_if_there_is_one(world: World):
    class Showing(Diary):
        @tool
        def show(self, text: str, call: ToolCall) -> str:
            """Show a text."""
            if call.session is None:
                return "The app does not run."
            call.session.layouts.show_text_wall(text)
            return "Shown."

    app = await world.serve(Showing())
    glasses = await world.wear(app)
    other = world.cloud.connect_glasses("user2@example.com")

    assert await glasses.call_tool(PACKAGE_NAME, "show", {"text": "hello"}) == {"status": "success", "reply": "Shown."}
    assert await glasses.wait_for_display("hello") == "hello"
    assert await other.call_tool(PACKAGE_NAME, "show", {"text": "x"}) == {
        "status": "success",
        "reply": "The app does not run.",
    }


async def test_an_app_that_answers_itself_takes_control(world: World):
    class Silent(Diary):
        @tool
        def answer(self) -> ToolResponse:
            """Answer on the glasses."""
            return ToolResponse.TAKE_CONTROL

    glasses = world.cloud.connect_glasses(USER_ID)
    await world.serve(Silent())

    assert await glasses.call_tool(PACKAGE_NAME, "answer") == {
        "status": "success",
        "reply": "GIVE_APP_CONTROL_OF_TOOL_RESPONSE",
    }


async def test_a_slow_tool_runs_once_though_the_cloud_would_ask_twice_w_http_12(memory: MemoryNetwork):
    ran: list[str] = []

    class Slow(Diary):
        @tool
        async def buy(self, what: str) -> str:
            """Buy something."""
            ran.append(what)
            await asyncio.sleep(60)
            return "bought"

        @tool
        async def fail(self) -> str:
            """Fail."""
            ran.append("failed")
            raise RuntimeError

    async with World(memory) as world:
        glasses = world.cloud.connect_glasses(USER_ID)
        await world.serve(Slow())

        slow = await glasses.call_tool(PACKAGE_NAME, "buy", {"what": "milk"})
        failed = await glasses.call_tool(PACKAGE_NAME, "fail")

    assert slow["status"] == "success"
    assert "buy took longer than 18 s and was stopped" in slow["reply"]
    assert failed == {
        "error": True,
        "message": "Webhook failed: Request failed with status code 500",
        "details": {"status": "error", "message": "The tool fail failed; the app's log has the details."},
    }
    assert ran == ["milk", "failed"]


async def test_how_long_a_tool_may_take_is_the_apps_choice(memory: MemoryNetwork, memory_cloud: ScriptedCloud):
    class Quick(Diary):
        tool_timeout = 2.0

        @tool
        async def think(self) -> None:
            """Think."""
            await asyncio.sleep(3)

    async with serving(Quick(), memory) as app:
        reply = await memory_cloud.call_tool(app, "think")

    assert "think took longer than 2 s" in body_of(reply)["reply"]


async def test_the_address_of_tools_can_be_looked_at_w_http_11(network: Network, cloud: ScriptedCloud):
    async with serving(Diary(), network) as app:
        reply = await cloud.post(app, "/tool", b"", method="GET")

        assert (reply.status, body_of(reply)) == (200, {"status": "success", "reply": "Hello, world!"})


async def test_a_tool_can_be_called_without_http_and_without_a_server():
    app = Toolbox()

    assert await app.call_tool("add", {"a": "1"}, user_id=USER_ID) == "1 + 0.5"
    assert await app.call_tool("picky", {"city": "Wien"}, user_id=USER_ID) == (
        "I do not know Wien. Ask for a city in Austria."
    )
    assert await app.call_tool("add", {}, user_id=USER_ID) == "add needs the parameter 'a': a"
    assert await app.call_tool("who", user_id=USER_ID) == f'["{USER_ID}","who","{USER_ID}",{{}},null]'
    assert await app.call_tool("other", {"x": 1}, user_id=USER_ID) == f"other({{'x': 1}}) for {USER_ID}"
    with pytest.raises(RuntimeError):
        await app.call_tool("breaks", user_id=USER_ID)
