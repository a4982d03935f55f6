"""What the virtual phone's console holds of an app: what its code declares, else what ``app_config.json`` says.

Ports from other languages declare nothing, and bring the file; so do apps that are no Python.
"""

from pathlib import Path

import msgspec

from mentra_cli.console_file import permissions_of, read_file, settings_of
from mentra_cli.dev.journal import Journal, Note
from mentra_cli.dev.reports import Ready
from mentra_cli.errors import CliError


class ConsoleRecord:
    """The record of an app, with the project's file read anew for each load of code.

    Args:
        file: The ``app_config.json``, which need not be there.
        journal: Told what is wrong with the file, once.
    """

    def __init__(self, file: Path, journal: Journal) -> None:
        self._file = file
        self._journal = journal
        self._told = ""

    def of(self, app: Ready) -> Ready:
        """Return the app with the settings and permissions of the file where its code declares none."""
        if app.settings is not None and app.permissions is not None:
            return app
        try:
            completed = self._completed(app)
        except CliError as problem:
            self._tell(problem)
            return app
        self._told = ""
        return completed

    def _completed(self, app: Ready) -> Ready:
        document = read_file(self._file) or {}
        settings = settings_of(document, self._file) if app.settings is None else app.settings
        permissions = permissions_of(document, self._file) if app.permissions is None else app.permissions
        return msgspec.structs.replace(app, settings=settings, permissions=permissions)

    def _tell(self, problem: CliError) -> None:
        if problem.message == self._told:
            return
        self._told = problem.message
        text = f"{problem.message} Nothing of it is used."
        self._journal.add(Note(text=text, fix="Correct it, and save it.", is_problem=True))
