"""``mentra send``: let any event of any stream happen."""

from typing import Annotated

import typer

from mentra_cli.commands.acting import FIRST_USER, Json, User, Values, act

EXAMPLES = """Examples:

  mentra send VAD status=true

  mentra send glasses_connection_state status=CONNECTED wifi.connected=true

  mentra send calendar_event --data '{"eventId": "1", "title": "Lunch", "dtStart": "2026-01-01T12:00:00Z", "dtEnd": ""}'

Keys are those of the wire, as docs/protocol.md has them. Prints what the glasses show afterwards.
"""


def send(
    stream: Annotated[str, typer.Argument(help="Such as VAD, translation:en-US-to-es-ES or touch_event:double_tap.")],
    values: Values = None,
    data: Annotated[str, typer.Option(metavar="JSON", help="The whole event, as one object.")] = "{}",
    user: User = FIRST_USER,
    as_json: Json = False,
) -> None:
    """Let any event of any stream happen. A value is JSON if it can be, else text; a dot leads into an object."""
    from mentra_cli.dev.actions import Send
    from mentra_cli.values import parse_nested, parse_object

    complete = parse_nested(values or [], over=parse_object(data))
    act(Send(stream=stream, data=complete, user=user), as_json=as_json)
