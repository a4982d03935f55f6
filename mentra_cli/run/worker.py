"""What runs inside a worker: ``python -m mentra_cli.run.worker NUMBER``, a descriptor of a socket to the supervisor.

It ends as an app that runs alone does, by SIGTERM. Nobody may have to look for workers without a supervisor, so each of
them ends itself when that is gone.
"""

import contextlib
import logging
import os
import shutil
import signal
import socket
import sys
import threading
from pathlib import Path

from mentra.transport.sockets import SocketNetwork
from mentra_cli.errors import CliError
from mentra_cli.run import reports
from mentra_cli.run.app import loaded, started
from mentra_cli.run.failure import AppFailed
from mentra_cli.run.neighbours import Neighbours
from mentra_cli.run.reports import STOP_WITHIN_S, Assignment, Failed, Loaded, Report, Serving

_logger = logging.getLogger("mentra.run")


def main(descriptor: int) -> None:
    """Load the app, and serve it until told to stop."""
    supervisor = socket.socket(fileno=descriptor)
    supervisor.setblocking(True)
    supervisor.set_inheritable(False)
    assignment = reports.decode_assignment(_line(supervisor))
    try:
        _work(supervisor, assignment)
    except ConnectionError:  # The supervisor is gone.
        shutil.rmtree(assignment.folder, ignore_errors=True)


def _work(supervisor: socket.socket, assignment: Assignment) -> None:
    serves = False

    def report(message: Report) -> None:
        nonlocal serves
        supervisor.sendall(reports.encode(message))
        serves = isinstance(message, Serving)

    try:
        app = loaded(assignment.location).app
        config = app.config
        report(
            Loaded(
                package_name=config.package_name, host=config.host, port=config.port, webhook_path=config.webhook_path
            )
        )
        bound = _given(supervisor)
        threading.Thread(target=_end_when_abandoned, args=(supervisor, assignment.folder), daemon=True).start()
        # As AppServer.run does it, which leaves it then, and with the number of the worker.
        logging.basicConfig(
            level=logging.INFO, format=f"%(asctime)s %(levelname)s [{assignment.index}] %(name)s: %(message)s"
        )
        neighbours = Neighbours(
            Path(assignment.folder),
            index=assignment.index,
            count=assignment.count,
            on_open=lambda: report(Serving()),
        )
        started(lambda: app.run(network=SocketNetwork(bound=bound), workers=neighbours), assignment.location)
    except CliError as error:
        traceback = error.traceback if isinstance(error, AppFailed) else ""
        if serves:
            _logger.error("The app failed after it had started: %s\n%s", error.message, traceback)
        else:
            report(Failed(message=error.message, fix=error.fix, code=error.code, traceback=traceback))
        sys.exit(error.code)


def _line(supervisor: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        received = supervisor.recv(65536)
        if not received:
            sys.exit()  # The supervisor is gone.
        line += received
    return line


def _given(supervisor: socket.socket) -> socket.socket:
    """Return the socket to listen on."""
    _, descriptors, _, _ = socket.recv_fds(supervisor, 1, 1)
    if not descriptors:
        raise ConnectionResetError
    bound = socket.socket(fileno=descriptors[0])
    bound.setblocking(False)
    bound.set_inheritable(False)
    return bound


def _end_when_abandoned(supervisor: socket.socket, folder: str) -> None:
    with contextlib.suppress(ConnectionError):  # It has not heard all that was reported.
        while supervisor.recv(1):
            pass
    shutil.rmtree(folder, ignore_errors=True)  # Before the process may end.
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(STOP_WITHIN_S)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]))
