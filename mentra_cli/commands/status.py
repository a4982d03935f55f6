"""``mentra status``: how the running ``mentra dev``, or ``mentra cloud``, is."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mentra_cli import console
from mentra_cli.commands.acting import Json, end_with
from mentra_cli.commands.network import described
from mentra_cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    from mentra_cli.dev.control_messages import Problem, StatusNow, UserStatus

EXAMPLES = """Examples:

  mentra status

  mentra status --json

Exits with 0 when the code serves as it was saved last, with 7 when it does not load or its on_session failed, with 1
while it is being loaded for the first time or when it did not start for a user, and with 5 when no mentra dev is
running. Of mentra cloud: with 0 when the servers of all apps answer and their apps started, else with 1.
"""


def status(as_json: Json = False) -> None:
    """Tell how the running mentra dev of this folder is."""
    import asyncio

    from mentra_cli.dev.control_client import call
    from mentra_cli.dev.control_messages import Status, StatusNow

    now = asyncio.run(call(Path.cwd(), Status(), StatusNow))
    if as_json:
        console.json(now)
    else:
        _show(now)
    if now.problem is not None:
        end_with(failure(now.problem))
    for failed in (failed for user in now.users for failed in user.failed):
        end_with(CliError(failed.problem, fix=failed.fix))
    serves = now.app is not None or (bool(now.apps) and all(app.answers for app in now.apps))
    raise typer.Exit(ExitCode.OK if serves else ExitCode.GENERAL)


def failure(problem: "Problem") -> CliError:
    """Return the error for code that does not load, or whose ``on_session`` failed."""
    place = f"\n       {problem.file}:{problem.line}" if problem.file and problem.line else ""
    return CliError(
        problem.message + place,
        fix=problem.fix or "Mend the code and save it, or see more: mentra logs",
        code=ExitCode.VALIDATION,
    )


def _show(now: "StatusNow") -> None:
    console.data(f"cloud     {'LOCAL, with virtual glasses' if now.cloud == 'local' else f'REAL, {now.cloud}'}")
    console.data(f"address   {now.url}")
    for app in now.apps:
        state = "answers" if app.answers else "does not answer"
        console.data(f"app       {app.package_name} ({app.kind}): its server {state} at {app.server}")
    if not now.apps:
        console.data(f"app       {now.file} ({now.found})")
        console.data(f"code      {_code(now)}")
        for session in now.sessions:
            console.data(f"session   {session.user}, {'connected' if session.connected else 'not connected'}")
    for user in now.users:
        model = user.glasses if user.worn else f"{user.glasses}, taken off"
        console.data(f"glasses   {user.user} ({model}): {_indented(user.display) or '(empty)'}")
        if not user.online or user.latency_s or user.jitter_s or user.loss:
            console.data(f"network   {user.user}: {described(user)}")
        if now.apps:
            console.data(f"running   {user.user}: {_running(user, now)}")
        if user.light:
            console.data(f"light     {user.user}: {user.light}")
        if user.sound:
            console.data(f"sound     {user.user}: {user.sound}")
        if user.video:
            console.data(f"video     {user.user}: {user.video}")
    console.data(f"process   {now.pid}, mentra {now.mentra}")


def _running(user: "UserStatus", now: "StatusNow") -> str:
    from mentra.protocol.connection import session_id_of

    connected = {session.session_id for session in now.sessions if session.connected}
    states = {name: session_id_of(user.user, name) in connected for name in user.apps}
    return ", ".join(name if here else f"{name} (not connected)" for name, here in states.items()) or "nothing"


def _indented(text: str) -> str:
    return text.replace("\n", "\n          ")


def _code(now: "StatusNow") -> str:
    if now.app is None:
        return "does not serve" if now.problem else "is being loaded"
    is_behind = now.problem is not None and not now.problem.in_on_session
    state = "serves, as it was before the last save" if is_behind else "serves"
    again = "1 reload" if now.reloads == 1 else f"{now.reloads} reloads"
    return f"{state}: {now.app.how}, {now.app.package_name}, loaded in {now.last_load_ms or 0:.0f} ms, {again}"
