"""Errors of app code: where they came up, and what would mend them."""

import logging
import traceback
from collections.abc import Callable
from pathlib import Path

from mentra.session.handlers import describe
from mentra_cli.code_frame import CodeFrame, code_frame, error_text, is_project_file
from mentra_cli.dev.reports import Failed, Raised
from mentra_cli.likely_fix import likely_fix


def failure_of(error: BaseException, frame: CodeFrame | None, root: Path, *, what: str = "") -> Failed:
    """Return an error as it is reported.

    Args:
        frame: Where in the project.
        root: The project's folder.
        what: What stands in front of it.
    """
    return Failed(
        message=f"{what}: {error_text(error)}" if what else error_text(error),
        fix=likely_fix(error, root),
        file=frame.file.relative_to(root).as_posix() if frame else None,
        line=frame.line if frame else None,
        column=frame.column if frame else None,
        code=list(frame.lines) if frame else [],
        traceback="".join(traceback.format_exception(error)),
    )


class AppErrors(logging.Handler):
    """Reports what app code raised and the SDK logged and survived, each place in the project once.

    Args:
        root: The project's folder.
        on_session: That of the app.
    """

    def __init__(self, root: Path, *, on_session: Callable[..., object], report: Callable[[Raised], object]) -> None:
        super().__init__(logging.ERROR)
        self._root = root
        self._on_session = describe(on_session)
        self._report = report
        self._told: set[tuple[Path, int]] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Report what a record tells, unless the app itself has logged it."""
        try:
            self._look_at(record)
        except Exception:  # noqa: BLE001 - to read an error is to run app code; who logs must not suffer from it.
            self.handleError(record)

    def _look_at(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is None or is_project_file(Path(record.pathname), self._root):
            return
        frame = code_frame(error, self._root)
        if frame is None or (frame.file, frame.line) in self._told:
            return
        self._told.add((frame.file, frame.line))
        user_id = str(getattr(record, "user_id", ""))
        self._report(
            Raised(
                failure=failure_of(error, frame, self._root, what=_what_failed(record, user_id)),
                user_id=user_id,
                in_on_session=record.args == (self._on_session,),
            )
        )


def _what_failed(record: logging.LogRecord, user_id: str) -> str:
    first, *_ = record.getMessage().removeprefix(f"[{user_id}] ").splitlines()
    what = first.removesuffix(".").replace("raised an exception", "failed").replace(".<locals>", "")
    return f"{what} for {user_id}" if user_id else what
