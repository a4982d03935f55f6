"""One run of ``mentra run``: in this process, or in workers."""

import asyncio
import logging
import os
import sys

from mentra_cli.errors import CliError, ExitCode
from mentra_cli.run.app import loaded, started
from mentra_cli.run.failure import AppFailed
from mentra_cli.run.options import RunOptions


def run_app(options: RunOptions, *, posix: bool = os.name == "posix") -> int:
    """Run an app until it is told to end; return the exit code.

    Args:
        posix: Whether this system can have several workers.

    Raises:
        CliError: It cannot be loaded or started; or several workers were asked for, and this system has none.
    """
    if options.workers > 1 and not posix:
        raise CliError(
            "Several workers need Linux or macOS.",
            fix="Run one: mentra run --workers 1 (and unset WEB_CONCURRENCY).",
            code=ExitCode.USAGE,
        )
    try:
        return _run_here(options) if options.workers == 1 else _run_workers(options)
    except AppFailed as error:
        sys.stderr.write(error.traceback)
        raise


def _run_here(options: RunOptions) -> int:
    location = options.location
    os.chdir(location.root)
    os.environ.update(options.environment)
    app = loaded(location).app
    started(lambda: app.run(host=options.host, port=options.port), location)
    return ExitCode.OK


def _run_workers(options: RunOptions) -> int:
    # Signals and Unix sockets that Windows does not have.
    from mentra_cli.run.supervisor import Supervisor

    # As AppServer.run has it.
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    return asyncio.run(Supervisor(options).run())
