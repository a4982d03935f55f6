"""What is known before anything runs. How it runs, tests/cli/test_run.py shows."""

from pathlib import Path

import pytest

from mentra_cli.errors import CliError, ExitCode
from mentra_cli.location import Location
from mentra_cli.run.options import RunOptions
from mentra_cli.run.run import run_app

SECRET = "local-0123456789abcdef"


def options(workers: int) -> RunOptions:
    location = Location(Path("/nowhere"), "app", Path("/nowhere/app.py"), None, "named on the command line")
    return RunOptions(location=location, environment={"API_KEY": SECRET}, workers=workers, host=None, port=None)


def test_several_workers_are_a_usage_error_where_the_system_has_none():
    with pytest.raises(CliError, match=r"^Several workers need Linux or macOS\.$") as refused:
        run_app(options(2), posix=False)

    assert (refused.value.code, refused.value.fix) == (
        ExitCode.USAGE,
        "Run one: mentra run --workers 1 (and unset WEB_CONCURRENCY).",
    )


def test_options_do_not_show_the_environment():
    assert SECRET not in repr(options(1))
