"""``session.logger``."""

import logging
from collections.abc import Mapping, MutableMapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

from mentra.wrong_names import unknown_name


class SessionLogger(logging.LoggerAdapter[logging.Logger]):
    """Logs to ``mentra.session`` with the user in front, and with the ids as fields of the record."""

    logger = logging.getLogger("mentra.session")

    def __init__(self, *, session_id: str, user_id: str, package_name: str) -> None:
        # LoggerAdapter.__init__ would set in each what is the same in all, or made with each record.
        self._ids = (session_id, user_id, package_name)

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Add user and session to a log record."""
        kwargs["extra"] = {**(self.extra or {}), **(kwargs.get("extra") or {})}
        # Escaped, because anybody who reaches the webhook chooses it: a line break would forge a line of the log.
        escaped = repr(self._ids[1])[1:-1].replace("%", r"\x25")
        return f"[{escaped}] {msg}", kwargs

    if not TYPE_CHECKING:  # Where it is an attribute.

        @property
        def extra(self) -> Mapping[str, object]:
            """The fields of each record."""
            # Made with each record: each session has a logger, and few write.
            return dict(zip(("session_id", "user_id", "package_name"), self._ids, strict=True))

        @extra.setter
        def extra(self, _: object) -> None:
            """Ignore what ``LoggerAdapter`` would set."""

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
