"""What a user has in the cloud, with a session or without: settings, data, tools and pages of every app.

Source: docs/protocol.md, Settings, Simple storage, HTTP, Web pages.
"""

import copy
import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

from mentra.localcloud.backend import Backend
from mentra.localcloud.storage import Fault
from mentra.protocol.chosen_settings import chosen_values
from mentra.protocol.settings import Setting
from mentra.protocol.webhooks import ToolRequest
from mentra.transport.base import http_base


class Account:
    """One user's part of what the cloud keeps. What is about one app raises ``NotInstalled`` where there is none."""

    def __init__(self, user_id: str, backend: Backend) -> None:
        self._user_id = user_id
        self._backend = backend

    def permissions(self, package_name: str) -> tuple[str, ...]:
        """Return what an app has declared, for all users."""
        return self._backend.catalogue.get(package_name).permissions

    def change_permissions(self, package_name: str, permissions: Collection[str]) -> None:
        """Change what an app has declared; requests are judged by it at once, subscriptions with the next list."""
        app = dataclasses.replace(self._backend.catalogue.get(package_name), permissions=tuple(permissions))
        self._backend.catalogue.add(app)

    def settings(self, package_name: str) -> list[Setting]:
        """Return the settings of an app as it is told them."""
        return self._backend.app_settings.list_for(self._user_id, self._backend.catalogue.get(package_name))

    def save_settings(self, package_name: str, values: Mapping[str, Any]) -> list[Setting]:
        """Store choices, and return the full list.

        Raises:
            ValueError: There is no such setting, or it cannot have such a value. Nothing was stored.
        """
        app = self._backend.catalogue.get(package_name)
        return self._backend.app_settings.save(self._user_id, app, chosen_values(app.schema(), values))

    def stored(self, package_name: str) -> dict[str, Any]:
        """Return what an app keeps."""
        return copy.deepcopy(self._backend.storage.read(self._user_id, package_name))

    def store(self, package_name: str, values: Mapping[str, str]) -> None:
        """Put values into what an app keeps."""
        self._backend.storage.write(self._user_id, package_name, values)

    def fail_storage(self, fault: Fault, *, times: int) -> None:
        """Refuse the next requests of apps about their data."""
        self._backend.storage.fail(self._user_id, fault, times=times)

    async def call_tool(self, package_name: str, tool_id: str, parameters: Mapping[str, Any]) -> Any:
        """Call a tool of an app in this user's name."""
        request = self._backend.http.tool_request(self._user_id, tool_id, parameters)
        return await self.trigger_tool(package_name, request)

    async def trigger_tool(self, package_name: str, request: ToolRequest | Mapping[str, Any]) -> Any:
        """Call a tool of an app with just these fields."""
        return await self._backend.http.tool(self._backend.catalogue.get(package_name), request)

    def webview_url(self, package_name: str, path: str, *, server_url: str | None, cloud_url: str | None) -> str:
        """Return the address at which the phone opens a page of an app."""
        app = self._backend.catalogue.get(package_name)
        cloud_url = cloud_url or http_base(self._backend.websocket_url)
        query = self._backend.web_tokens.query(self._user_id, app, cloud_url)
        before, mark, fragment = path.partition("#")
        return f"{server_url or app.public_url}{before}{'&' if '?' in before else '?'}{query}{mark}{fragment}"
