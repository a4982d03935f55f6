"""``session.logger``."""

import logging
from collections.abc import MutableMapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

from mentra.wrong_names import unknown_name


class SessionLogger(logging.LoggerAdapter[logging.Logger]):
    """Logs to ``mentra.session`` with the user in front, and with the ids as fields of the record."""

    def __init__(self, *, session_id: str, user_id: str, package_name: str) -> None:
        extra = {"session_id": session_id, "user_id": user_id, "package_name": package_name}
        super().__init__(logging.getLogger("mentra.session"), extra)
        # Escaped, because anybody who reaches the webhook chooses it: a line break would forge a line of the log.
        escaped = repr(user_id)[1:-1].replace("%", r"\x25")
        self._prefix = f"[{escaped}] "

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Add user and session to a log record."""
        kwargs["extra"] = {**(self.extra or {}), **(kwargs.get("extra") or {})}
        return f"{self._prefix}{msg}", kwargs

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            raise unknown_name(self, name, moved=_MOVED)


_FIELDS = 'Fields come with each call: session.logger.info("text", extra={"key": value}).'
_MOVED = MappingProxyType(
    {
        "child": _FIELDS,
        "getChild": _FIELDS,
        "trace": "session.logger.debug(...)",
        "fatal": "session.logger.critical(...)",
    }
)
