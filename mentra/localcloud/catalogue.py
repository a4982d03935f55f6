"""The apps that a local cloud knows: what the developer console holds about each of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Any, Literal

import msgspec

from mentra.errors import ConfigError, MentraError
from mentra.localcloud.hardware import HardwareRequirement
from mentra.protocol.settings import Setting


class NotInstalled(MentraError, LookupError):
    """No app of this package name is installed in the local cloud."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledApp:
    """What the developer console holds about an app.

    Source: MentraOS (Jun-2026) cloud/packages/cloud/src/models/app.model.ts
    """

    package_name: str
    api_key: str = field(repr=False)
    public_url: str
    """Where the app's server is reached, without a slash at the end: ``http://127.0.0.1:3000``."""
    webhook_path: str = "/webhook"
    """Where its server takes webhooks. The real cloud posts to ``/webhook`` always: for an app with another path a
    proxy has to rewrite it there."""
    name: str = ""
    permissions: tuple[str, ...] = ("ALL",)
    settings: tuple[Mapping[str, Any] | Setting, ...] = ()
    """The console's schema, also as the JSON objects that it exports. Apps are told what ``Setting`` has of them."""
    app_type: Literal["standard", "background"] = "standard"
    """Of the standard apps only one runs at a time; background apps run beside it and beside each other. Apps that are
    made in the console are ``background`` unless somebody says otherwise."""
    hardware_requirements: tuple[HardwareRequirement, ...] = ()
    """What glasses must have for the app to be started on them, and to go on when they are changed."""

    def __post_init__(self) -> None:
        """Check the schema.

        Raises:
            ConfigError: An entry of ``settings`` is none; the message says which.
        """
        try:
            self.schema()
        except msgspec.ValidationError as error:
            raise ConfigError(f"The settings of {self.package_name} are no schema of the console: {error}") from error

    def schema(self) -> list[Setting]:
        """Return the console's schema as apps are told it."""
        return msgspec.convert(self.settings, list[Setting])


class Catalogue:
    """Installed apps by package name."""

    def __init__(self) -> None:
        self._apps: dict[str, InstalledApp] = {}

    def __iter__(self) -> Iterator[InstalledApp]:
        return iter(self._apps.values())

    def add(self, app: InstalledApp) -> None:
        """Install an app, in place of one with the same package name."""
        self._apps[app.package_name] = app

    def remove(self, package_name: str) -> None:
        """Forget an app; nothing happens when there is none."""
        self._apps.pop(package_name, None)

    def find(self, package_name: str) -> InstalledApp | None:
        """Return an app, or ``None``."""
        return self._apps.get(package_name)

    def get(self, package_name: str) -> InstalledApp:
        """Return an app.

        Raises:
            NotInstalled: There is none of this name; the message lists those there are.
        """
        if app := self._apps.get(package_name):
            return app
        installed = ", ".join(self._apps) or "nothing"
        raise NotInstalled(f"{package_name!r} is not installed in this local cloud. Installed: {installed}.")

    def accepts(self, package_name: str, api_key: str) -> bool:
        """Return whether this key belongs to this package."""
        app = self._apps.get(package_name)
        return app is not None and compare_digest(app.api_key.encode(), api_key.encode())
