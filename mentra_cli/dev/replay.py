"""Which event is delivered once more."""

from collections.abc import Container

from mentra.protocol import codec
from mentra.protocol.cloud_to_app import DataStream
from mentra_cli.dev.control_messages import Refused
from mentra_cli.dev.journal import Frame, Journal


def event_to_replay(journal: Journal, number: int | None, session_ids: Container[str]) -> tuple[Frame, DataStream]:
    """Find the event to replay.

    Args:
        number: Of its entry; ``None`` is the last one of a session that lives.
        session_ids: Those that live.

    Raises:
        Refused: There is none.
    """
    for entry in reversed(journal.after(0)):
        if number not in (None, entry.number):
            continue
        event = codec.decode_from_cloud(entry.text) if isinstance(entry, Frame) and not entry.from_app else None
        if isinstance(entry, Frame) and isinstance(event, DataStream):
            if entry.session_id in session_ids:
                return entry, event
            if number is not None:
                raise Refused(409, f"The session of entry {number}, {entry.session_id}, has ended.")
        elif number is not None:
            raise Refused(
                409,
                f"Entry {number} is no event of a stream.",
                'Only frames with "type": "data_stream" can be replayed: mentra logs --filter data_stream',
            )
    if number is not None:
        raise Refused(404, f"There is no entry {number}.", "See which are kept: mentra logs --json")
    raise Refused(404, "Nothing has happened yet that could be replayed.", 'Make something happen: mentra say "hi"')
