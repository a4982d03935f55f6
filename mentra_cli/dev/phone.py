"""The control interface about a user's phone: pages, the camera, permissions."""

from collections.abc import Callable, Collection, Mapping

import msgspec

from mentra.protocol.permissions import Permission
from mentra.protocol.streams import permission_for
from mentra_cli.dev.actions import Shown
from mentra_cli.dev.control_messages import Handler, Refused, Request
from mentra_cli.dev.local_users import LocalUsers, Unheard
from mentra_cli.dev.phone_requests import (
    ChangePermissions,
    OpenPage,
    PageOpened,
    Permissions,
    PermissionsNow,
    SetCamera,
)
from mentra_cli.dev.wearer import OfUsers

DEFAULT_PAGE = "/webview"
"""Where the phone looks for the page of an app whose routes nobody knows."""

Address = Callable[[], str]


class Phone(OfUsers):
    """Carries out what a user's phone does.

    Args:
        server_url: Returns where the public port is reached; ``None`` where apps are reached at their own addresses.
        cloud_url: Returns where the cloud's REST routes are reached on this machine.
    """

    def __init__(self, users: LocalUsers | None, *, server_url: Address | None, cloud_url: Address) -> None:
        super().__init__(users)
        self._server_url = server_url
        self._cloud_url = cloud_url

    def handlers(self) -> Mapping[type[Request], Handler]:
        """Return what answers each request."""
        return {
            OpenPage: self._open,
            SetCamera: self._set_camera,
            Permissions: self._permissions,
            ChangePermissions: self._change_permissions,
        }

    async def _open(self, asked: OpenPage) -> PageOpened:
        app, glasses = self._app(asked), await self._glasses(asked)
        page = asked.page or (DEFAULT_PAGE if app.page is None else app.page)
        if not page:
            raise Refused(
                404,
                "The app has no page for users.",
                f'Write a method for it, below @route.get("{DEFAULT_PAGE}", auth=True), '
                "or name a path: mentra open /path",
            )
        if not page.startswith("/"):
            raise ValueError(f"{page!r} is no path of a page. Write it from the first slash on: /{page}")
        server_url = None if self._server_url is None else self._server_url()
        url = glasses.webview_url(app.package_name, page, server_url=server_url, cloud_url=self._cloud_url())
        return PageOpened(url=url)

    async def _set_camera(self, asked: SetCamera) -> Shown:
        if asked.photo is not None and asked.fail:
            raise ValueError("A photo cannot be taken and fail: give one of the two.")
        glasses = await self._glasses(asked)
        camera, capabilities = glasses.camera, glasses.capabilities
        if asked.fail:
            camera.fail(asked.fail, asked.message, by=asked.by)
        else:
            camera.work()
            camera.photo = asked.photo
        if capabilities is None or capabilities.has_camera:
            return Shown(display=glasses.display)
        unheard = Unheard(
            f"These glasses have no camera ({glasses.model}): apps get no photo from them.",
            'Put on others: mentra wear "Mentra Live"',
        )
        self._there.tell(unheard)
        return Shown(display=glasses.display, heard=False, problem=unheard.problem, fix=unheard.fix)

    async def _permissions(self, asked: Permissions) -> PermissionsNow:
        package_name = self._app(asked).package_name
        permissions = self._there.permissions(package_name)
        return PermissionsNow(permissions=list(permissions), warning=self._still_heard(package_name, permissions))

    async def _change_permissions(self, asked: ChangePermissions) -> PermissionsNow:
        package_name = self._app(asked).package_name
        granted = set(self._there.permissions(package_name)) | set(asked.grant)
        if Permission.ALL in granted and asked.deny:
            granted |= set(Permission) - {Permission.ALL}
        denied = {*asked.deny, Permission.ALL} if asked.deny else set[str]()
        self._there.change_permissions(package_name, [each for each in Permission if each in granted - denied])
        return await self._permissions(Permissions(app=asked.app, user=asked.user))

    def _still_heard(self, package_name: str, permissions: Collection[str]) -> str | msgspec.UnsetType:
        subscriptions = (each for glasses in self._there.all_glasses for each in glasses.subscriptions(package_name))
        allowed = {None, *permissions}
        heard = ", ".join(sorted({each for each in subscriptions if permission_for(each) not in allowed}))
        if not heard or Permission.ALL in permissions:
            return msgspec.UNSET
        app = f" --app {package_name}" if len(self._there.apps) > 1 else ""
        return (
            f"Until {package_name} sends a new list of subscriptions it hears {heard}. "
            f"It does after a break: mentra drop{app}"
        )
