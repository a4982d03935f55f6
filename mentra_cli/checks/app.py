"""The developer's app: it can be found and imported, and it does something when a user starts it."""

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mentra.errors import ConfigError
from mentra.server.app import AppServer
from mentra_cli.checks.findings import Finding
from mentra_cli.environment import Environment, as_environment
from mentra_cli.errors import CliError, ExitCode
from mentra_cli.location import Location
from mentra_cli.project import AppImportError, construct, find, imported_files

_KEY_WORTH_A_SEARCH = 16


@dataclass(frozen=True)
class InspectedApp:
    """What an import of the app has shown."""

    findings: list[Finding]
    app: AppServer | None = None
    """``None`` when it could not be made."""
    config_error: Finding | None = None
    """Why not, when its options are to blame; the rules about the settings may have said it better already."""


def inspect_app(location: Location, environment: Environment) -> InspectedApp:
    """Import the app into this process, with the project's environment, and check it."""
    findings: list[Finding] = []
    try:
        # What the app prints while it is imported must not get between the findings on stdout.
        with as_environment(environment), contextlib.redirect_stdout(sys.stderr):
            candidate = find(location)
            findings += [_found(candidate.how, location), has_on_session(candidate.kind, location)]
            return InspectedApp(findings, construct(candidate, location).app)
    except AppImportError as failure:
        if isinstance(failure.error, ConfigError):
            return InspectedApp(findings, config_error=_bad_config(failure.error, location))
        return InspectedApp([*findings, import_failed(failure, location)])
    except CliError as problem:
        return InspectedApp([not_found(problem, location)])


def not_found(problem: CliError, location: Location | None = None) -> Finding:
    """Report that no file, or no single app in it, could be found."""
    if problem.code is not ExitCode.NOT_FOUND:
        rule = "app.ambiguous" if location else "app.bad-setting"
    else:
        rule = "app.no-app" if location else "app.not-found"
    where = location.shown if location else ""
    return Finding(rule, "error", problem.message.rstrip("."), fix=problem.fix, where=where)


def import_failed(failure: AppImportError, location: Location) -> Finding:
    """Report what the developer's code raised, with the lines where it did."""
    frame, error = failure.frame, failure.error
    where = location.shown
    if frame is not None:
        where = f"{frame.file.relative_to(location.root).as_posix()}:{frame.line}"
    fix = "Mend the code; python shows the whole traceback: python " + location.shown
    if isinstance(error, ModuleNotFoundError) and error.name:
        fix = f"Install it into this environment, such as: python -m pip install {error.name.partition('.')[0]}"
    elif isinstance(error, SystemExit):
        fix = 'Put the lines that start or end the program under: if __name__ == "__main__":'
    return Finding(
        "app.import-failed",
        "error",
        f"the app cannot be imported: {failure}",
        fix=fix,
        where=where,
        detail=str(frame) if frame else "",
    )


def has_on_session(kind: type[AppServer], location: Location) -> Finding:
    """An app without ``on_session`` does nothing when a user starts it, unless it only answers tool calls."""
    if kind.on_session is not AppServer.on_session:
        return Finding("app.on-session", "ok", f"{kind.__name__} defines on_session", where=location.shown)
    if kind.on_tool_call is not AppServer.on_tool_call:
        return Finding("app.on-session", "ok", f"{kind.__name__} answers tool calls", where=location.shown)
    return Finding(
        "app.no-on-session",
        "error",
        f"{kind.__name__} does not define on_session: nothing happens when a user starts it",
        fix="Write in the class: async def on_session(self, session, session_id, user_id): ...",
        where=location.shown,
    )


def key_in_source(api_key: str, location: Location) -> Iterator[Finding]:
    """A key that stands in the code is published with it."""
    if len(api_key) < _KEY_WORTH_A_SEARCH:
        return
    for file in sorted(imported_files(location.root)):
        before, found, _ = _source(file).partition(api_key)
        if found:
            yield Finding(
                "app.key-in-source",
                "warning",
                "the API key is written in the source code",
                fix="Move it to .env as API_KEY=<the key>, which AppServer reads by itself",
                where=f"{file.relative_to(location.root).as_posix()}:{before.count(chr(10)) + 1}",
            )


def _source(file: Path) -> str:
    """Return the text of a module; nothing for one that is not text."""
    try:
        return file.read_text(encoding="utf-8") if file.suffix == ".py" else ""
    except (OSError, UnicodeDecodeError):
        return ""


def _found(how: str, location: Location) -> Finding:
    return Finding("app.found", "ok", f"the app is {how} ({location.how})", where=location.shown)


def _bad_config(error: ConfigError, location: Location) -> Finding:
    return Finding("app.bad-config", "error", str(error), fix="Correct the option it names", where=location.shown)
