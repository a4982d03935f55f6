"""What one may ask of a running ``mentra dev`` about a user's phone, and about what an app may do: one Struct each.

What happens to the wearer is in ``actions.py``. How it is carried out is in ``phone.py``.
"""

from typing import Literal

import msgspec

from mentra.protocol.permissions import Permission
from mentra_cli.dev.control_messages import VERSION, AppRequest, UserRequest


class OpenPage(AppRequest, frozen=True, kw_only=True):
    """Tell the address at which the phone opens a page of the app, signed in as its user."""

    path = "/open"

    page: str = ""
    """The path; the app's page for users if empty."""


class PageOpened(msgspec.Struct, frozen=True, kw_only=True):
    """Where the page is."""

    version: int = VERSION
    url: str
    """With tokens: to be used within a minute by apps that exchange the temporary one, else within ten minutes."""


class SetCamera(UserRequest, frozen=True, kw_only=True):
    """Decide what the photos are that the app asks for from now on."""

    path = "/camera"

    photo: bytes | None = None
    """The contents of an image file, in JSON base64; ``None`` is a grey picture of the size that is asked for."""
    fail: str = ""
    """The code with which each photo fails instead, such as ``CAMERA_BUSY``."""
    message: str = ""
    by: Literal["phone", "upload", "refusal"] = "phone"
    """Who says that it failed: the phone, the glasses to the app's server, or the cloud, which does not pass it on."""


class Permissions(AppRequest, frozen=True, kw_only=True):
    """Tell which permissions the app has."""

    method = "GET"
    path = "/permissions"


class ChangePermissions(AppRequest, frozen=True, kw_only=True):
    """Grant permissions to the app, or deny them, whatever it declares; for all users."""

    path = "/permissions"

    grant: tuple[Permission, ...] = ()
    deny: tuple[Permission, ...] = ()


class PermissionsNow(msgspec.Struct, frozen=True, kw_only=True):
    """The permissions that the app has."""

    version: int = VERSION
    permissions: list[str]
    warning: str | msgspec.UnsetType = msgspec.UNSET
    """What the app hears all the same until it sends its next list; absent when there is nothing."""
