"""The error of an app that could not be loaded, or not be started."""

from mentra_cli.errors import CliError, ExitCode


class AppFailed(CliError):
    """The app could not be loaded, or not be started.

    Attributes:
        traceback: Where in its code; empty if that says nothing.
    """

    def __init__(self, message: str, *, fix: str = "", code: ExitCode = ExitCode.GENERAL, traceback: str = "") -> None:
        super().__init__(message, fix=fix, code=code)
        self.traceback = traceback
