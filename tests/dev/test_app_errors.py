"""Errors of app code that the SDK logs and survives: what is reported of them, and how often."""

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from mentra.session.handlers import call_handler
from mentra.session.logger import SessionLogger
from mentra_cli.dev.app_errors import AppErrors
from mentra_cli.dev.reports import Failed, Raised

APP = """
from mentra import AppServer

class App(AppServer):
    async def on_session(self, session, session_id, user_id):
        session.nosuch()

def helper(value):
    return value.uper()

class Unreadable(Exception):
    def __str__(self):
        raise RuntimeError("I have no words")

def unreadable():
    raise Unreadable

def logs_itself(logger):
    try:
        helper("x")
    except AttributeError:
        logger.exception("I know.")
"""
ON_SESSION = Failed(
    message="App.on_session failed for ann@example.com: AttributeError: 'NoneType' object has no attribute 'nosuch'",
    file="app.py",
    line=6,
    column=9,
    code=[
        (4, "class App(AppServer):"),
        (5, "    async def on_session(self, session, session_id, user_id):"),
        (6, "        session.nosuch()"),
        (7, ""),
        (8, "def helper(value):"),
    ],
)


@pytest.fixture
def reports() -> list[Raised]:
    return []


@pytest.fixture
def logger() -> SessionLogger:
    return SessionLogger(session_id="s", user_id="ann@example.com", package_name="com.example.app")


@pytest.fixture
def app(tmp_path: Path, reports: list[Raised]) -> Iterator[ModuleType]:
    (tmp_path / "app.py").write_text(APP)
    module = ModuleType("app")
    exec(compile(APP, str(tmp_path / "app.py"), "exec"), module.__dict__)
    errors = AppErrors(tmp_path, on_session=module.App.on_session, report=reports.append)
    logging.getLogger("mentra").addHandler(errors)
    yield module
    logging.getLogger("mentra").removeHandler(errors)


def without_traceback(report: Raised) -> Raised:
    return msgspec.structs.replace(report, failure=msgspec.structs.replace(report.failure, traceback=""))


async def test_what_on_session_raises_is_reported_with_its_place_and_user(
    app: ModuleType, reports: list[Raised], logger: SessionLogger
) -> None:
    await call_handler(app.App.on_session, None, None, "s", "ann@example.com", logger=logger)

    assert [without_traceback(each) for each in reports] == [
        Raised(failure=ON_SESSION, user_id="ann@example.com", in_on_session=True)
    ]
    assert "Traceback" in reports[0].failure.traceback


async def test_a_place_is_reported_once(app: ModuleType, reports: list[Raised], logger: SessionLogger) -> None:
    for _ in range(3):
        await call_handler(app.helper, "x", logger=logger)

    [report] = reports
    assert report.in_on_session is False
    assert report.failure.message.startswith("helper failed for ann@example.com: AttributeError: ")


async def test_what_would_mend_it_is_reported(app: ModuleType, reports: list[Raised], logger: SessionLogger) -> None:
    await call_handler(app.helper, "x", logger=logger)

    assert reports[0].failure.fix == "Did you mean 'upper'?"
    assert (reports[0].failure.file, reports[0].failure.line) == ("app.py", 9)


async def test_an_error_that_cannot_be_read_hurts_nobody(
    app: ModuleType, reports: list[Raised], logger: SessionLogger, capsys: pytest.CaptureFixture[str]
) -> None:
    await call_handler(app.unreadable, logger=logger)

    assert reports == []
    assert "I have no words" in capsys.readouterr().err


async def test_what_the_app_logs_itself_is_its_own_business(
    app: ModuleType, reports: list[Raised], logger: SessionLogger
) -> None:
    app.logs_itself(logger)
    logging.getLogger("mentra.session").error("no exception at all")

    assert reports == []


async def test_an_error_in_which_no_code_of_the_project_took_part_is_left_to_the_log(
    app: ModuleType, reports: list[Raised]
) -> None:
    try:
        await asyncio.wait_for(asyncio.Event().wait(), 0)
    except TimeoutError:
        logging.getLogger("mentra.server").exception("Answering failed.")

    assert reports == []
