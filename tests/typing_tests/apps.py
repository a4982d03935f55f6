"""Apps as developers write them. Read by type checkers only; nothing here runs."""

import enum
from typing import Annotated, Any, Literal, assert_type

from mentra import (
    AppServer,
    AppSession,
    AudioChunk,
    Capabilities,
    StopReason,
    Subscription,
    ToolCall,
    ToolError,
    ToolSchema,
    Transcription,
    View,
    tool,
)
from mentra.testing import SimulatedGlasses, simulate


class Colour(enum.Enum):
    RED = "red"


class MyApp(AppServer):
    users_who_stopped: set[str]

    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        assert_type(session.session_id, str)
        assert_type(session.capabilities, Capabilities | None)
        assert_type(session.stop_reason, str | None)
        session.logger.info("User %s connected", user_id)
        session.layouts.show_text_wall("text")
        session.layouts.show_text_wall(72, view=View.DASHBOARD, duration=2.5)
        session.layouts.show_reference_card("title", "text", view="dashboard", duration=2)
        session.layouts.clear()
        await self.listen(session)
        self.look_at_settings(session)

    async def listen(self, session: AppSession) -> None:
        def plain(speech: Transcription) -> None:
            assert_type(speech.text, str)
            assert_type(speech.is_final, bool)

        async def asynchronous(speech: Transcription) -> str:
            return speech.text

        assert_type(session.events.on_transcription(plain), Subscription)
        assert_type(session.events.on_transcription(asynchronous, language="es-ES"), Subscription)
        assert_type(session.events.on_transcription(lambda speech: speech.text.upper()), Subscription)

        @session.events.on_transcription
        def bare(speech: Transcription) -> None: ...

        assert_type(bare, Subscription)

        @session.events.on_transcription(language="de-DE")
        async def with_options(speech: Transcription) -> None: ...

        assert_type(with_options, Subscription)

        @session.events.on("audio_chunk")
        def sound(chunk: AudioChunk) -> None:
            assert_type(chunk.data, bytes)

        assert_type(sound, Subscription)

        with session.events.on(
            "button_press", lambda press: session.layouts.show_text_wall(press.button_id)
        ) as subscription:
            assert_type(subscription, Subscription)
            assert_type(subscription.active, bool)

        async for speech in session.events.transcriptions("en-US"):
            assert_type(speech, Transcription)

    def look_at_settings(self, session: AppSession) -> None:
        lines: int = session.settings.get("lines", 3)
        session.layouts.show_text_wall(lines + 1)

        @session.settings.on_change("lines")
        async def changed(new: Any, old: Any) -> None: ...

        session.settings.on_change("lines", lambda new, old: session.logger.info("%s after %s", new, old))

    async def on_stop(self, session_id: str, user_id: str, reason: str) -> None:
        if reason == StopReason.USER_DISABLED:
            self.users_who_stopped.add(user_id)

    async def on_tool_call(self, tool_name: str, args: dict[str, Any], user_id: str) -> str:
        return f"{tool_name} {args} {user_id}"

    @tool
    async def add(self, a: int, b: float = 0.5) -> str:
        """Add two numbers."""
        if a < 0:
            raise ToolError("a must not be negative.")
        return str(a + b)

    @tool(name="paint_it", phrases=["paint it"])
    def paint(
        self,
        colour: Annotated[Colour, "What to paint it"],
        call: ToolCall,
        user_id: str,
        size: Literal["small", "large"] = "small",
        note: str | None = None,
    ) -> dict[str, str]:
        """Paint it."""
        return {"colour": colour.value, "size": size, "by": user_id, "note": note or call.name}

    def calls_its_own_tools(self) -> dict[str, str]:
        return self.paint(Colour.RED, ToolCall(name="x", parameters={}, user_id="u"), "u", size="large")


async def serve() -> None:
    app = MyApp(package_name="com.example.app", api_key="key", port=0, webhook_path="/w", mentraos_websocket_url=None)
    await app.start()
    assert_type(app.url, str)
    assert_type(app.session_for("user@example.com"), AppSession | None)
    assert_type(app.tools, list[ToolSchema])
    for session_id, session in app.sessions.items():
        assert_type(session_id, str)
        assert_type(session, AppSession)
    await app.stop()
    async with MyApp() as same:
        assert_type(same, MyApp)


async def test() -> None:
    async with simulate(MyApp) as glasses:
        assert_type(glasses, SimulatedGlasses)
        await glasses.say("hello", language="es-ES", is_final=False)
        assert_type(glasses.display, str)
        assert_type(await glasses.call_tool("add", {"a": 1}), str | None)
    async with simulate(MyApp(package_name="com.example.app", api_key="key"), permissions=["MICROPHONE"]):
        pass


def main() -> None:
    MyApp(package_name="com.example.app", api_key="key").run()
