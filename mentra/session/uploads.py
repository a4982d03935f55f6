"""Which session waits for which upload: the desk between the server's one upload route and its many sessions."""

from collections.abc import Callable
from dataclasses import dataclass, field

from mentra.errors import MentraError
from mentra.session.requests import Requests, new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadedPhoto:
    """A photo as it was posted."""

    data: bytes = field(repr=False)
    mime_type: str
    filename: str


class Uploads:
    """The uploads that all sessions of a server wait for, by the ids of their requests.

    An id serves once: whoever posts with it, whatever it is, is the only one.

    Args:
        is_ours: Tells of an id whether an upload with it comes to this process.
    """

    def __init__(self, is_ours: Callable[[str], bool] = lambda _: True) -> None:
        self._is_ours = is_ours
        self._waiting: dict[str, Requests] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def new_id(self) -> str:
        """Return an id for a request whose photo is to be uploaded here."""
        while not self._is_ours(request_id := new_id("photo_req")):
            pass
        return request_id

    def expect(self, request_id: str, requests: Requests) -> None:
        """Wait for an upload; its outcome goes to the call of this id in ``requests``."""
        self._waiting[request_id] = requests

    def forget(self, request_id: str) -> None:
        """Wait no more. Nothing happens when nobody does."""
        self._waiting.pop(request_id, None)

    def is_expected(self, request_id: str) -> bool:
        """Return whether somebody waits for this upload."""
        requests = self._waiting.get(request_id)
        return requests is not None and requests.has(request_id)

    def settle(self, request_id: str, outcome: UploadedPhoto | MentraError) -> None:
        """Give the call its photo, or its error."""
        requests = self._waiting.pop(request_id, None)
        if requests is None:
            return
        if isinstance(outcome, MentraError):
            requests.fail(request_id, outcome)
        else:
            requests.answer(request_id, outcome)
