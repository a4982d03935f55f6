"""What the connected glasses have, asked by name.

Source: docs/protocol.md, Capabilities.
"""

import asyncio
import difflib
from typing import Literal, get_args

from mentra.errors import HardwareUnavailable, RequestTimeout, SessionStopped
from mentra.protocol.capabilities import Capabilities

Feature = Literal["camera", "display", "microphone", "speaker", "imu", "button", "light", "wifi"]
"""A part that glasses have or lack."""

FEATURES: tuple[Feature, ...] = get_args(Feature)
_WORDS: dict[Feature, str] = {"imu": "motion sensors", "wifi": "Wi-Fi"}


def has(capabilities: Capabilities | None, feature: Feature) -> bool:
    """Return whether glasses are known to have something."""
    return capabilities is not None and bool(getattr(capabilities, f"has_{feature}"))


def require(capabilities: Capabilities | None, feature: Feature) -> None:
    """Check that glasses have something; while nobody knows what they have, they may.

    Raises:
        HardwareUnavailable: They lack it.
        ValueError: There is no such thing to have.
    """
    if feature not in FEATURES:
        close = difflib.get_close_matches(feature, FEATURES, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else f" There are: {', '.join(FEATURES)}."
        raise ValueError(f"Glasses have no {feature!r}.{hint}")
    if capabilities is not None and not has(capabilities, feature):
        word = _WORDS.get(feature, feature)
        article = "" if feature in _WORDS else "a "
        raise HardwareUnavailable(
            f"This needs glasses with {article}{word}; the {capabilities.model_name} have none.",
            feature=feature,
            model_name=capabilities.model_name,
        )


class Hardware:
    """What is known of the connected glasses, and who waits to know it."""

    __slots__ = ("_capabilities", "_news", "_over")

    def __init__(self) -> None:
        self._capabilities: Capabilities | None = None
        self._news: asyncio.Event | None = None
        """Made when somebody waits: few apps do."""
        self._over: str | None = None
        """Why the session ended."""

    @property
    def capabilities(self) -> Capabilities | None:
        """What the glasses can do; ``None`` while nobody knows."""
        return self._capabilities

    @capabilities.setter
    def capabilities(self, capabilities: Capabilities | None) -> None:
        self._capabilities = capabilities
        if self._news is not None:
            self._news.set()

    def close(self, reason: str) -> None:
        """Learn that the session ended."""
        self._over = reason
        if self._news is not None:
            self._news.set()

    async def wait(self, timeout: float | None) -> Capabilities:
        """Wait until it is known what the glasses can do; see ``AppSession.wait_capabilities``."""
        try:
            async with asyncio.timeout(timeout):
                while self._capabilities is None:
                    if self._over is not None:
                        raise SessionStopped(f"The session ended: {self._over}.")
                    self._news = self._news or asyncio.Event()
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError as error:
            raise RequestTimeout(
                f"The cloud did not say within {timeout:g} s what the glasses can do: it does not know their model, "
                "or none are connected."
            ) from error
        return self._capabilities


REMEMBERED_MODELS = 100
"""Of how many models of glasses a server keeps what they can do. There are five."""


class KnownGlasses:
    """What glasses can do, over all sessions of one server: of equal ones they have the same object.

    So the capabilities of a thousand sessions take 1.1 kB, and not 1.1 MB.
    """

    def __init__(self) -> None:
        self._by_model: dict[str, Capabilities] = {}

    def shared(self, capabilities: Capabilities) -> Capabilities:
        """Return the object for what equals this."""
        model = capabilities.model_name
        known = self._by_model.get(model)
        if known is not None and known == capabilities:
            return known
        if len(self._by_model) >= REMEMBERED_MODELS:
            self._by_model.clear()
        self._by_model[model] = capabilities
        return capabilities
