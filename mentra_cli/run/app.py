"""The app that is run: loaded and started, with errors that say whose they are.

An error of the app's own code is shown with its traceback: in production that is what the log is read for.
"""

import traceback
from collections.abc import Callable
from pathlib import Path

from mentra.errors import ConfigError, MentraError
from mentra_cli.code_frame import error_text, is_project_file
from mentra_cli.errors import ExitCode
from mentra_cli.likely_fix import likely_fix
from mentra_cli.location import Location
from mentra_cli.project import AppImportError, FoundApp, load
from mentra_cli.run.failure import AppFailed


def loaded(location: Location) -> FoundApp:
    """Import the app.

    Raises:
        CliError: It cannot be imported, its options are wrong, or there is none.
    """
    try:
        return load(location)
    except AppImportError as failure:
        raise _failed(failure.error, location, f"{location.shown} cannot be loaded") from failure.error


def started(run: Callable[[], None], location: Location) -> None:
    """Run an app until it ends.

    Raises:
        CliError: It could not be started.
        SystemExit: App code has ended the process.
    """
    try:
        run()
    except SystemExit as ended:
        if not isinstance(ended.code, str):
            raise
        raise AppFailed(ended.code) from None  # It says why, and what to do: the port is taken.
    except Exception as error:
        raise _failed(error, location, "The app could not be started") from error


def _failed(error: BaseException, location: Location, what: str) -> AppFailed:
    if isinstance(error, ConfigError):
        return AppFailed(
            str(error), fix="Correct the option it names; mentra check says more.", code=ExitCode.VALIDATION
        )
    if isinstance(error, MentraError):
        return AppFailed(str(error))
    return AppFailed(
        f"{what}: {error_text(error)}", fix=likely_fix(error, location.root), traceback=_traceback(error, location)
    )


def _traceback(error: BaseException, location: Location) -> str:
    """Return a traceback that begins with the app's own code, if any of it takes part.

    Of a file that Python cannot read none does, and all that is said about it is the line.
    """
    from_app = error.__traceback__
    while from_app is not None and not _is_of_app(from_app.tb_frame.f_code.co_filename, location):
        from_app = from_app.tb_next
    if from_app is None and isinstance(error, SyntaxError):
        return "".join(traceback.format_exception_only(error))
    return "".join(traceback.format_exception(type(error), error, from_app or error.__traceback__))


def _is_of_app(file: str, location: Location) -> bool:
    return is_project_file(Path(file), location.root)
