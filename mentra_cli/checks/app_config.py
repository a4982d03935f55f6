"""``app_config.json``, if the project has one: does it say what the code says?"""

from collections.abc import Iterator
from pathlib import Path

from mentra.server.app import AppServer
from mentra_cli.app_config import compare, declared_by
from mentra_cli.checks.findings import Finding
from mentra_cli.console_file import FILE, read_file
from mentra_cli.errors import CliError


def check_app_config(app: AppServer | None, root: Path) -> Iterator[Finding]:
    """Compare the file with the app's code; nothing is said of a project without one."""
    if app is None:
        return
    file = root / FILE
    try:
        document = read_file(file)
        if document is None:
            return
        found = compare(declared_by(app, root), document, file)
    except CliError as problem:
        yield Finding("config.unreadable", "warning", problem.message.rstrip("."), fix=problem.fix, where=FILE)
        return
    if found:
        places = "one place" if len(found) == 1 else f"{len(found)} places"
        yield Finding(
            "config.differs",
            "warning",
            f"the code and {FILE} differ in {places}: settings, tools or permissions",
            fix="See them: mentra config check. Write what the code says: mentra config export",
            where=FILE,
        )
    else:
        yield Finding("config.same", "ok", f"{FILE} says what the code says", where=FILE)
