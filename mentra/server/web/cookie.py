"""The cookie by which an app knows a user again, so that not every request needs a token.

Its value is ``<user id>.<when it was made>.<signature>``: the id as URL-safe base64, the moment in seconds since 1970,
and an HMAC-SHA256 over both. The key of the HMAC is made of the whole API key, or of the app's own secret. The cookies
of the official SDK are others: their default secret is the package name and eight characters of the key.

Source: RFC 6265; docs/protocol.md, Web pages.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

LASTS = timedelta(days=30)
CLOCK_DRIFT = timedelta(minutes=2)
"""How far in the future a cookie may be made, by another server of the same app."""


@dataclass(frozen=True, slots=True)
class KnownUser:
    """What a valid cookie says."""

    user_id: str
    needs_renewal: bool
    """Half of its time is over."""


class SessionCookie:
    """Makes and reads the cookies of one app.

    Args:
        package_name: The app's.
        secret: What nobody else knows.
        now: The time.
    """

    def __init__(self, package_name: str, secret: str, now: Callable[[], datetime]) -> None:
        # Browsers do not tell ports apart: two apps on one machine would sign each other's users out.
        self.name = f"mentra-{package_name}"
        self._key = hmac.digest(secret.encode(), f"mentra cookie 1 {package_name}".encode(), hashlib.sha256)
        self._now = now

    def make(self, user_id: str, *, secure: bool) -> str:
        """Return a header ``set-cookie``.

        Args:
            secure: Whether the browser came by HTTPS; then the cookie goes nowhere else.
        """
        # Lax: no other site can make the browser send it with a request that changes something.
        attributes = f"Path=/; Max-Age={int(LASTS.total_seconds())}; HttpOnly; SameSite=Lax"
        return f"{self.name}={self._value(user_id)}; {attributes}{'; Secure' if secure else ''}"

    def read(self, value: str) -> KnownUser | None:
        """Return what a cookie says, if it is one of ours and not too old."""
        said, _, signature = value.rpartition(".")
        if not said.isascii() or not signature.isascii() or not hmac.compare_digest(self._signature(said), signature):
            return None
        encoded, _, made = said.rpartition(".")
        try:
            user_id = base64.urlsafe_b64decode(encoded).decode()
            age = self._now() - datetime.fromtimestamp(int(made), tz=self._now().tzinfo)
        except (ValueError, OverflowError, OSError, binascii.Error):
            return None  # Signed, and yet nonsense: not by this code.
        if not -CLOCK_DRIFT <= age <= LASTS:
            return None
        return KnownUser(user_id, needs_renewal=age > LASTS / 2)

    def _value(self, user_id: str) -> str:
        encoded = base64.urlsafe_b64encode(user_id.encode()).decode()
        said = f"{encoded}.{int(self._now().timestamp())}"
        return f"{said}.{self._signature(said)}"

    def _signature(self, said: str) -> str:
        return hmac.new(self._key, said.encode(), hashlib.sha256).hexdigest()
