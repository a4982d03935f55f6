"""The settings that the app will really use, and where each one was set."""

from dataclasses import dataclass, field

from mentra.config import DEFAULT_PORT
from mentra.server.app import AppServer
from mentra_cli.checks.findings import Finding, Level
from mentra_cli.environment import Environment

KEY_NAMES = ("API_KEY", "MENTRAOS_API_KEY")


@dataclass(frozen=True)
class Setting:
    """One setting as it was written, before anything was stripped or checked."""

    name: str
    """The name of the environment variable."""
    value: str = field(repr=False)
    """Empty when it is not set."""
    where: str
    """``".env:3"``, ``"shell"``, or the app's file; empty when it is not set."""

    @property
    def usable(self) -> str:
        """The value as the SDK takes it: without white space around it."""
        return self.value.strip()

    @property
    def absence(self) -> str:
        """How it is missing, for messages."""
        return "is empty" if self.where else "is not set"

    def finding(self, rule: str, level: Level, what: str, *, fix: str = "") -> Finding:
        """Say what a rule found about this setting; ``what`` follows its name."""
        return Finding(rule, level, f"{self.name} {what}", fix=fix, where=self.where)


@dataclass(frozen=True)
class Settings:
    """The settings that rules look at."""

    package_name: Setting
    api_key: Setting
    port: Setting
    """Empty: the default port."""
    websocket_url: Setting
    """Empty: the cloud that calls the app."""


def read_settings(environment: Environment, app: AppServer | None, file: str) -> Settings:
    """Join the environment and what the app's code sets itself.

    Args:
        app: The developer's app; ``None`` when it could not be made.
        file: The app's file, for messages.
    """
    config = app.config if app else None

    def setting(name: str, in_use: str | None, default: str = "") -> Setting:
        written = environment.values.get(name, "")
        if in_use is None or in_use == (written.strip() or default):
            return Setting(name, written, environment.where(name))
        return Setting(name, in_use, file)

    key_name = next((name for name in KEY_NAMES if environment.values.get(name)), KEY_NAMES[0])
    return Settings(
        package_name=setting("PACKAGE_NAME", config.package_name if config else None),
        api_key=setting(key_name, config.api_key.reveal() if config else None),
        port=setting("PORT", str(config.port) if config else None, str(DEFAULT_PORT)),
        websocket_url=setting("MENTRAOS_WEBSOCKET_URL", config.mentraos_websocket_url if config else None),
    )
