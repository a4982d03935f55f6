"""Why a handler is never called: said once, with the place to fix it.

The cloud drops what an app may not hear without a word, and takes names that nothing is sent for. So each subscription
is looked at here, after it was sent. The rules:

* Each thing is said once per process (with the hardware: and model), as a warning; what only these glasses lack is
  said as information.
* What the app has declared is looked up once per process and cloud, in the background: if wanted, only some time after
  the first subscription that needs a permission, for whoever still lives by then, and not at all if nobody does.
* Nearly all sessions of an app subscribe to the same: what is to be said of that is found out by one of them. It takes
  4 us for each stream.
* A look-up that fails says nothing, and is tried again with the next session that asks.
* ``on_permission_denied`` is told in every session that lives when this is known. Until then a session is on a list,
  which it leaves when it ends, instead of holding a task. The look-up is the server's.

Source: @mentra/sdk 2.1.29 dist/utils/permissions-utils looks the permissions up in the same way; docs/protocol.md,
Streams, Checking credentials.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from mentra.errors import NotConnected
from mentra.protocol import codec, rest
from mentra.protocol.capabilities import Capabilities
from mentra.protocol.cloud_to_app import RefusedStream
from mentra.protocol.permissions import Permission, is_granted
from mentra.protocol.streams import (
    AudioChunk,
    ButtonPress,
    HeadPosition,
    Location,
    PhoneBattery,
    PhotoTaken,
    Transcription,
    Translation,
    VoiceActivity,
    VpsCoordinates,
    permission_for,
)
from mentra.protocol.subscriptions import AUTO, DEFAULT_LANGUAGE, parse_stream
from mentra.session.cloud_api import CloudApi

PATIENCE_S = 30.0
"""How long the look-up waits in production, where it is what imports the HTTP client: 150 ms of CPU, and 15 MB. While
the first sessions start, each would take milliseconds more; and only a developer waits for the explanation."""

REMEMBERED = 200
"""Lists of subscriptions. An app has a few."""
LONGEST_REMEMBERED = 2000
"""Characters of such a list: whoever makes names of streams of what users write may make long ones."""

_OK = 200

_logger = logging.getLogger("mentra.session")

# Sound reaches apps of glasses without a microphone if the phone's is used, so those messages do not say "never".
_NO_MICROPHONE = "sound comes only if the user lets MentraOS use the phone's microphone"
_NEVER = "it will never happen"

_HARDWARE: dict[str, tuple[Callable[[Capabilities], bool], str, str]] = {
    **dict.fromkeys(
        (Transcription.stream, Translation.stream, VoiceActivity.stream, AudioChunk.stream),
        (lambda can: can.has_microphone, "microphone", _NO_MICROPHONE),
    ),
    **dict.fromkeys(
        (PhotoTaken.stream, "rtmp_stream_status", "managed_stream_status"),
        (lambda can: can.has_camera, "camera", _NEVER),
    ),
    ButtonPress.stream: (lambda can: can.has_button, "button", _NEVER),
    HeadPosition.stream: (lambda can: can.has_imu, "motion sensors", _NEVER),
}
"""For a stream: whether glasses can have it, what it takes, and what its lack means."""

_NEVER_SENT = {
    PhoneBattery.stream: "no phone app of MentraOS of today is known to send it",
    VpsCoordinates.stream: "no phone app of MentraOS of today is known to send it",
    "location_stream": f"its events come as {Location.stream!r}: use session.location.on_update(handler)",
    "video": "no cloud sends it",
    "photo_request": "no cloud sends it",
}


class Silence:
    """What one app knows of its silent handlers, over all its sessions. An ``AppServer`` has one.

    Args:
        console: The address of the developer console.
        patience_s: Seconds from the first wish to know what the app has declared to the look-up.
    """

    def __init__(self, console: str = "", *, patience_s: float = 0.0) -> None:
        self.console = console
        self._patience_s = patience_s
        self._said: set[tuple[str, ...]] = set()
        self._declared: dict[str, frozenset[str]] = {}
        self._look_ups: dict[str, asyncio.Task[None]] = {}
        self._looked_at: dict[tuple[object, ...], tuple[tuple[Listening, ...], Capabilities | None]] = {}
        """What is left to find out; see ``unsure_of``."""
        self._curious: dict[Explainer, None] = {}
        """Those to be told, of all clouds; the first one first."""

    def is_news(self, *what: str) -> bool:
        """Return whether this was not said before, and note that it is said now."""
        if what in self._said:
            return False
        self._said.add(what)
        return True

    def unsure_of(
        self, api: CloudApi, calls: Mapping[str, str], capabilities: Capabilities | None, *, options_work: bool
    ) -> "tuple[Listening, ...] | None":
        """Return what is left to find out of subscriptions that were looked at already, for any session.

        Returns:
            Those whose permission is not known yet, if there is nothing else to say; ``None`` if they have to be looked
            at. Arguments as in ``Explainer.look_at``.
        """
        unsure, _ = self._looked_at.get((api.base, *calls.items(), options_work, id(capabilities)), (None, None))
        return None if unsure and api.base in self._declared else unsure

    def note(
        self,
        api: CloudApi,
        calls: Mapping[str, str],
        capabilities: Capabilities | None,
        unsure: "tuple[Listening, ...]",
        *,
        options_work: bool,
    ) -> None:
        """Remember that subscriptions were looked at; see ``unsure_of``."""
        if sum(len(stream) + len(call) for stream, call in calls.items()) > LONGEST_REMEMBERED:
            return
        if len(self._looked_at) >= REMEMBERED:
            self._looked_at.clear()
        # The capabilities are kept, so that no others get their id. Sessions with the same glasses share the object.
        self._looked_at[api.base, *calls.items(), options_work, id(capabilities)] = unsure, capabilities

    def known(self, api: CloudApi) -> frozenset[str] | None:
        """Return the permissions that the app has declared on a cloud; ``None`` while that is not known."""
        return self._declared.get(api.base)

    def ask(self, explainer: "Explainer") -> None:
        """Have someone told what the app has declared, in a later turn of the event loop, once it is known."""
        api = explainer.api
        self._curious[explainer] = None
        if api.base not in self._look_ups:
            self._look_ups[api.base] = asyncio.create_task(self._tell(api), name="look-up of permissions")

    def forget(self, explainer: "Explainer") -> None:
        """Tell it nothing any more."""
        self._curious.pop(explainer, None)

    async def close(self) -> None:
        """End the look-ups."""
        look_ups = list(self._look_ups.values())
        for look_up in look_ups:
            look_up.cancel()
        await asyncio.gather(*look_ups, return_exceptions=True)

    async def _tell(self, api: CloudApi) -> None:
        try:
            declared = self.known(api)
            if declared is None:
                declared = await self._find_out(api)
        finally:
            del self._look_ups[api.base]  # Before anybody is told: who asks from now on needs another one.
        if declared is not None:
            for explainer in self._curious_about(api):
                self.forget(explainer)
                explainer.explain_permissions(declared)

    async def _find_out(self, api: CloudApi) -> frozenset[str] | None:
        await asyncio.sleep(self._patience_s)
        self._patience_s = 0.0  # It is for the start of the server only.
        declared = await _look_up(api) if self._curious_about(api) else None
        if declared is not None:
            self._declared[api.base] = declared
        return declared

    def _curious_about(self, api: CloudApi) -> "list[Explainer]":
        return [explainer for explainer in self._curious if explainer.api.base == api.base]


class Listening(NamedTuple):
    """A subscription, and the call by which it was made."""

    stream: str
    call: str

    @property
    def base(self) -> str:
        """Its stream without language or gesture."""
        return parse_stream(self.stream).base

    def lacks(self, declared: frozenset[str] | None) -> Permission | None:
        """Return the permission that it takes, if that is not among those that are known to be declared."""
        needed = permission_for(self.stream)
        return None if needed is None or (declared is not None and is_granted(needed, declared)) else needed


class Explainer:
    """Looks at the subscriptions of one session.

    Args:
        silence: What was said already.
        api: The cloud of the session.
        denied: Told of each stream for which a permission is missing.
    """

    __slots__ = ("_asked_for", "_denied", "_logger", "_looked_at", "_silence", "_unsure", "api")

    def __init__(
        self,
        silence: Silence,
        api: CloudApi,
        logger: logging.LoggerAdapter[Any],
        *,
        denied: Callable[[RefusedStream], object],
    ) -> None:
        self._silence = silence
        self.api = api
        self._logger = logger
        self._denied = denied
        self._looked_at: tuple[str, ...] = ()  # Of few streams a tuple is smaller than a set, and as quick.
        self._asked_for: tuple[str, ...] = ()
        """Streams whose permission is missing, or was looked up, or is being."""
        self._unsure: tuple[Listening, ...] = ()
        """Those of which it is being."""

    def look_at(
        self, calls: Mapping[str, str], capabilities: Capabilities | None, *, options_work: bool, again: bool = False
    ) -> None:
        """Explain what is new in a list of subscriptions.

        Args:
            calls: Each stream that is subscribed to, with the call by which it was.
            capabilities: What the glasses can do, as far as it is known.
            options_work: Whether this cloud delivers to language streams with options.
            again: Look at everything, for the glasses are others.
        """
        if again:
            self._looked_at = ()
        new = [Listening(stream, call) for stream, call in calls.items() if stream not in self._looked_at]
        self._looked_at += tuple(listening.stream for listening in new)
        for listening in new:
            self._explain_never_sent(listening)
            if capabilities is not None:
                self._explain_hardware(listening, capabilities)
            if not options_work:
                self._explain_auto(listening)
        declared = self._silence.known(self.api)
        unsure = tuple(listening for listening in new if listening.lacks(declared))
        if len(new) == len(calls) and (declared is None or not unsure):
            self._silence.note(self.api, calls, capabilities, unsure, options_work=options_work)
        # Often it is known, and nothing is missing. A task for that would take 10 us of each start.
        if unsure:
            self.ask_for(unsure)

    def ask_for(self, unsure: tuple[Listening, ...]) -> None:
        """Explain which of these may not be heard, once that is known."""
        new = tuple([listening for listening in unsure if listening.stream not in self._asked_for])
        if new:
            self._asked_for += tuple([listening.stream for listening in new])
            self._unsure += new
            self._silence.ask(self)

    def close(self) -> None:
        """Explain nothing any more."""
        self._unsure = ()
        self._silence.forget(self)

    def explain_permissions(self, declared: frozenset[str]) -> None:
        """Explain which permissions are missing, now that it is known which are declared."""
        unsure, self._unsure = self._unsure, ()
        for listening in unsure:
            needed = listening.lacks(declared)
            if needed is not None:
                self._explain_permission(listening, needed)

    def _explain_never_sent(self, listening: Listening) -> None:
        why = _NEVER_SENT.get(listening.base)
        if listening.stream == Translation.stream:
            why = "a translation is subscribed with its languages: use session.events.on_translation"
        if why is not None and self._silence.is_news("never sent", listening.base):
            self._logger.warning("Nothing may ever come to %s: %s.", listening.call, why)

    def _explain_hardware(self, listening: Listening, capabilities: Capabilities) -> None:
        can, part, consequence = _HARDWARE.get(listening.base, (None, "", ""))
        model = capabilities.model_name
        if can is not None and not can(capabilities) and self._silence.is_news("hardware", listening.base, model):
            # No warning: an app for all glasses has handlers for what only some of them have.
            self._logger.info(
                "%s: the glasses are %r, which have no %s, says the cloud; %s. "
                "Ask session.capabilities before, or list the hardware as required in the developer console (%s).",
                listening.call,
                model,
                part,
                consequence,
                self._silence.console,
            )

    def _explain_auto(self, listening: Listening) -> None:
        base, detail, _ = parse_stream(listening.stream)
        if base == Transcription.stream and detail == AUTO and self._silence.is_news("auto"):
            self._logger.warning(
                '%s: this cloud does not recognise speech without a language; %s is listened for instead of "%s".',
                listening.call,
                DEFAULT_LANGUAGE,
                AUTO,
            )

    def _explain_permission(self, listening: Listening, needed: Permission) -> None:
        problem = (
            f"Nothing will come to {listening.call}: {self.api.package_name} has not declared the permission {needed}. "
            f"Add it in the developer console ({self._silence.console}), then start the app again."
        )
        if self._silence.is_news("permission", self.api.base, listening.base):
            self._logger.warning("%s", problem)
        self._denied(RefusedStream(stream=listening.stream, required_permission=needed, message=problem))


async def _look_up(api: CloudApi) -> frozenset[str] | None:
    try:
        reply = await api.request("GET", rest.permissions_path(api.package_name), authorization="")
    except NotConnected as error:
        _logger.debug("The permissions are not known: %s", error)
        return None
    read = codec.decode_as(rest.PermissionsReply, reply.body)
    if reply.status != _OK or isinstance(read, codec.Malformed):
        _logger.debug("The permissions are not known: the cloud answered %d.", reply.status)
        return None
    return frozenset(permission.type for permission in read.permissions)
