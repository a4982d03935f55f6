"""Where the virtual phone is, and what the cloud knows of it.

The rules:

* The phone tells the cloud of each move, and the cloud tells the apps that subscribed to it.
* A poll is answered from what the cloud knows if that is young enough for its tier. Otherwise the cloud asks the phone,
  which answers at once if it knows where it is, else with its next move. That answer is for the asking app only, and
  the cloud does not keep it. While the phone is away nobody is asked, and nothing is answered.
* The cloud of 2026 asks the phone for the strongest tier of all location streams. An app that begins such a stream is
  told the last known place, once in a run. That of 2025 loses the tiers: it asks for the weakest, and tells nothing.

Source: MentraOS cloud/packages/cloud/src/services/session/LocationManager.ts, SubscriptionManager.ts (2026);
docs/protocol.md, Location.
"""

from collections.abc import Callable
from datetime import datetime

import msgspec

from mentra.localcloud.app_run import AppRun
from mentra.localcloud.history import Recent
from mentra.localcloud.user import User
from mentra.protocol import codec
from mentra.protocol.app_to_cloud import LocationPollRequest
from mentra.protocol.base import iso_timestamp
from mentra.protocol.cloud_to_app import DataStream
from mentra.protocol.connection import session_id_of
from mentra.protocol.location import LOCATION_STREAM, MAX_AGE_S, Accuracy, strongest
from mentra.protocol.streams import Location, PayloadType

_TIERS = frozenset(Accuracy)


class VirtualLocation:
    """Where the virtual phone is, and who asked.

    Attributes:
        last: Where the phone is, as far as the cloud knows; ``None`` before the first move.
        asked: The accuracy of the last thousand polls for which the cloud asked the phone, oldest first.
    """

    def __init__(self, user: User, now: Callable[[], datetime]) -> None:
        self.last: Location | None = None
        self.asked: Recent[str] = user.recent()
        self._user = user
        self._now = now
        self._known_at: datetime | None = None
        self._waiting: Recent[tuple[AppRun, LocationPollRequest]] = user.recent()
        self._told: set[AppRun] = set()
        user.answers(LocationPollRequest, self._poll)
        if user.generation == 3:
            user.when_subscribed(self._subscribed)
            user.when_stopped(self._told.discard)
        user.when_over(self._begin_anew)

    @property
    def tier(self) -> Accuracy:
        """How exactly the cloud has the phone tell where it is."""
        if self._user.generation != 3:
            return Accuracy.REDUCED
        rates = [rate for run in self._user.running if (rate := _rate(run)) in _TIERS]
        return strongest(Accuracy(rate) for rate in rates) if rates else Accuracy.REDUCED

    def moved(self, location: Location) -> None:
        """Learn where the phone is, before the apps are told."""
        self.last, self._known_at = location, self._now()
        waiting = list(self._waiting)
        self._waiting.clear()
        for run, request in waiting:
            self._tell(run, location, request.correlation_id)

    def _subscribed(self, run: AppRun) -> None:
        if _rate(run) is None or run in self._told:
            return
        self._told.add(run)
        if self.last is not None:
            self._tell(run, self.last)

    def _begin_anew(self) -> None:
        self._waiting.clear()
        self._told.clear()

    def _poll(self, run: AppRun, request: LocationPollRequest) -> None:
        if self.last is not None and self._knows(request.accuracy):
            self._tell(run, self.last, request.correlation_id)
        elif self._user.phone_online:
            self._user.to_phone(lambda: self._locate(run, request))

    def _locate(self, run: AppRun, request: LocationPollRequest) -> None:
        self.asked.append(request.accuracy)
        last = self.last
        if last is None:
            self._waiting.append((run, request))
        else:
            self._user.to_cloud(lambda: self._tell(run, last, request.correlation_id))

    def _knows(self, accuracy: str) -> bool:
        if self._known_at is None:
            return False
        max_age_s = MAX_AGE_S.get(accuracy, MAX_AGE_S[Accuracy.REDUCED])
        return (self._now() - self._known_at).total_seconds() <= max_age_s

    def _tell(self, run: AppRun, location: Location, correlation_id: str | None = None) -> None:
        timestamp = iso_timestamp(self._now())
        fix = Location(
            lat=location.lat,
            lng=location.lng,
            accuracy_m=location.accuracy_m,
            timestamp=timestamp,
            correlation_id=correlation_id,
        )
        data = msgspec.to_builtins(PayloadType(type=Location.stream)) | msgspec.to_builtins(fix)
        run.send(
            DataStream(
                session_id=session_id_of(self._user.user_id, run.package_name),
                stream_type=Location.stream,
                data=msgspec.Raw(codec.encode(data)),
                timestamp=timestamp,
            )
        )


def _rate(run: AppRun) -> str | None:
    return run.location_rate if LOCATION_STREAM in run.subscriptions else None
