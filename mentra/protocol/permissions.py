"""What a user must allow an app to do, as the developer console names it.

Source: MentraOS cloud/packages/cloud/src/services/permissions/simple-permission-checker.ts (Dec 2025).
"""

from collections.abc import Collection
from enum import StrEnum


class Permission(StrEnum):
    """A permission of the developer console."""

    MICROPHONE = "MICROPHONE"
    LOCATION = "LOCATION"
    BACKGROUND_LOCATION = "BACKGROUND_LOCATION"
    CALENDAR = "CALENDAR"
    CAMERA = "CAMERA"
    NOTIFICATIONS = "NOTIFICATIONS"
    READ_NOTIFICATIONS = "READ_NOTIFICATIONS"
    POST_NOTIFICATIONS = "POST_NOTIFICATIONS"
    ALL = "ALL"


def is_granted(needed: Permission | None, declared: Collection[str]) -> bool:
    """Return whether an app that declared these permissions has the needed one.

    ``ALL`` satisfies everything; the old ``NOTIFICATIONS`` includes ``READ_NOTIFICATIONS``.
    """
    if needed is None or needed in declared or Permission.ALL in declared:
        return True
    return needed is Permission.READ_NOTIFICATIONS and Permission.NOTIFICATIONS in declared
