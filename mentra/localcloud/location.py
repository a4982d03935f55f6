"""Where the virtual phone is, and what the cloud knows of it.

The rules:

* The phone tells the cloud of each move, and the cloud tells the apps that subscribed to it.
* A poll is answered from what the cloud knows if that is young enough for its tier. Otherwise the cloud asks the phone,
  which answers at once if it knows where it is, else with its next move. That answer is for the asking app only.
* The cloud of 2025 loses the tiers of location streams, so the phone is never asked for more than the weakest.

Source: MentraOS (Jun-2026) cloud/packages/cloud/src/services/session/LocationManager.ts; docs/protocol.md, Location.
"""

from collections.abc import Callable
from datetime import datetime

import msgspec

from mentra.localcloud.app_run import AppRun
from mentra.localcloud.user import User
from mentra.protocol import codec
from mentra.protocol.app_to_cloud import LocationPollRequest
from mentra.protocol.base import iso_timestamp
from mentra.protocol.cloud_to_app import DataStream
from mentra.protocol.connection import session_id_of
from mentra.protocol.location import MAX_AGE_S, Accuracy
from mentra.protocol.streams import Location, PayloadType


class VirtualLocation:
    """Where the virtual phone is, and who asked.

    Attributes:
        last: Where the phone is, as far as the cloud knows; ``None`` before the first move.
        asked: The accuracy of each poll for which the cloud asked the phone, oldest first.
    """

    def __init__(self, user: User, now: Callable[[], datetime]) -> None:
        self.last: Location | None = None
        self.asked: list[str] = []
        self._user = user
        self._now = now
        self._known_at: datetime | None = None
        self._waiting: list[tuple[AppRun, LocationPollRequest]] = []
        user.answers(LocationPollRequest, self._poll)

    def moved(self, location: Location) -> None:
        """Learn where the phone is, before the apps are told."""
        self.last, self._known_at = location, self._now()
        waiting, self._waiting = self._waiting, []
        for run, request in waiting:
            self._answer(run, request, location)

    def _poll(self, run: AppRun, request: LocationPollRequest) -> None:
        if not self._knows(request.accuracy):
            self.asked.append(request.accuracy)
        if self.last is None:
            self._waiting.append((run, request))
        else:
            self._answer(run, request, self.last)

    def _knows(self, accuracy: str) -> bool:
        if self._known_at is None:
            return False
        max_age_s = MAX_AGE_S.get(accuracy, MAX_AGE_S[Accuracy.REDUCED])
        return (self._now() - self._known_at).total_seconds() <= max_age_s

    def _answer(self, run: AppRun, request: LocationPollRequest, location: Location) -> None:
        timestamp = iso_timestamp(self._now())
        fix = Location(
            lat=location.lat,
            lng=location.lng,
            accuracy_m=location.accuracy_m,
            timestamp=timestamp,
            correlation_id=request.correlation_id,
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
