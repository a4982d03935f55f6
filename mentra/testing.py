"""Test an app without network, account, phone or glasses.

    from mentra.testing import simulate

    async def test_speech_appears_on_the_glasses():
        async with simulate(CaptionsApp) as glasses:
            await glasses.say("hello world")
            assert "hello world" in glasses.display

The app, a local cloud and a pair of virtual glasses run in one process and talk through memory.
"""

import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from mentra.errors import ToolError
from mentra.localcloud import DEFAULT_MODEL, DEFAULT_USER, InstalledApp, LocalCloud, StartFailed, VirtualGlasses
from mentra.protocol.layouts import Layout
from mentra.server.app import AppServer, fallback_environment
from mentra.transport.memory import MemoryNetwork

__all__ = ["PACKAGE_NAME", "SimulatedGlasses", "StartFailed", "simulate"]

PACKAGE_NAME = "com.example.simulated"
"""The package name of an app that is given to ``simulate`` as a class."""


class SimulatedGlasses:
    """A user who wears virtual glasses and has started the app.

    Attributes:
        app: The app under test.
        glasses: The virtual glasses with everything they can do.
    """

    def __init__(self, app: AppServer, glasses: VirtualGlasses) -> None:
        self.app = app
        self.glasses = glasses

    @property
    def user_id(self) -> str:
        """The user's id."""
        return self.glasses.user_id

    @property
    def display(self) -> str:
        """The text on the glasses now; empty when they show nothing."""
        return self.glasses.display

    @property
    def layout(self) -> Layout | None:
        """What the glasses show now, as the app sent it."""
        return self.glasses.layout

    async def wait_for_display(self, text: str, *, timeout: float = 5.0) -> str:
        """Wait until the glasses show a text, as a part of what they show; return all they show.

        Raises:
            TimeoutError: They did not; the message says what they show instead.
        """
        return await self.glasses.wait_for_display(text, timeout=timeout)

    async def say(self, text: str, *, language: str = "en-US", is_final: bool = True) -> None:
        """Speak to the app, and give it a moment to react.

        The moment is a few turns of the event loop. If the app waits for anything, use ``wait_for_display`` next.
        """
        await self.glasses.say(text, language=language, is_final=is_final)

    async def press(self, button_id: str = "main", press_type: str = "short") -> None:
        """Press a button of the glasses."""
        await self.glasses.press(button_id, press_type)

    async def send(self, stream: str, data: Mapping[str, Any]) -> None:
        """Send an event of any stream, with the field names of the wire."""
        await self.glasses.send(stream, data)

    async def change_settings(self, values: Mapping[str, Any]) -> None:
        """Change settings of the app, as the user does on the phone."""
        await self.glasses.change_settings(self.app.config.package_name, values)

    async def call_tool(self, name: str, parameters: Mapping[str, Any] | None = None) -> str | None:
        """Call a tool of the app, as the AI assistant does, and return its reply.

        Raises:
            ToolError: The tool raised an exception, and the app's log has its traceback; or there is no such tool.
        """
        tools = [tool.id for tool in self.app.tools]
        if name not in tools and type(self.app).on_tool_call is AppServer.on_tool_call:
            raise ToolError(
                f"The app has no tool {name!r} and no on_tool_call. Its tools: {', '.join(tools) or 'none'}."
            )
        answer = await self.glasses.call_tool(self.app.config.package_name, name, parameters)
        if answer.get("status") != "success":
            raise ToolError(f"The tool {name!r} failed: {answer}")
        reply: str | None = answer.get("reply")
        return reply

    async def stop(self) -> None:
        """Stop the app, as the user does on the phone."""
        await self.glasses.stop(self.app.config.package_name)

    async def start(self) -> None:
        """Start the app again."""
        await self.glasses.start(self.app.config.package_name)


@contextlib.asynccontextmanager
async def simulate(
    app: type[AppServer] | AppServer,
    *,
    user_id: str = DEFAULT_USER,
    model: str = DEFAULT_MODEL,
    permissions: Sequence[str] = ("ALL",),
    settings: Sequence[Mapping[str, Any]] = (),
) -> AsyncGenerator[SimulatedGlasses, None]:
    """Run an app with one user who wears virtual glasses; the app is started when the block begins.

    Args:
        app: The class, called without arguments, or an instance that is not started. Without credentials in the
            environment it gets some.
        user_id: The user's e-mail address.
        model: The glasses, such as ``"Even Realities G1"`` or ``"Mentra Live"``.
        permissions: What the app has declared in the developer console.
        settings: The app's settings as the developer console describes them: type, key, label, defaultValue.

    Raises:
        ConfigError: The app could not be made.
        StartFailed: The app did not connect.
    """
    with fallback_environment({"PACKAGE_NAME": PACKAGE_NAME, "API_KEY": "simulated"}):
        server = app if isinstance(app, AppServer) else app()
    network = MemoryNetwork()
    async with LocalCloud(network) as cloud:
        await server.start(network=network, host="127.0.0.1", port=0, hosted=True)
        try:
            package_name = server.config.package_name
            cloud.install(
                InstalledApp(
                    package_name=package_name,
                    api_key=server.config.api_key.reveal(),
                    public_url=server.url,
                    webhook_path=server.config.webhook_path,
                    permissions=tuple(permissions),
                    settings=tuple(settings),
                )
            )
            glasses = cloud.connect_glasses(user_id, model=model)
            await glasses.start(package_name)
            yield SimulatedGlasses(server, glasses)
        finally:
            await server.stop()
