"""Runs a command that must not outlive ``mentra dev``: ``python -m mentra_cli.dev.leash COMMAND ...``.

It leads the process group, passes on the exit code, and ends the whole group when its standard input ends: then the
supervisor is gone, and nobody else would.
"""

import os
import signal
import subprocess
import sys
import threading

_CANNOT_RUN = 126
_SIGNALLED = 128
"""What a shell adds to the number of the signal that ended a command."""


def main() -> None:
    """Run the command of this command line."""
    # It is for the command. A handler, as what is ignored would be ignored by the command, too.
    signal.signal(signal.SIGTERM, _ignore)
    try:
        command = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)  # noqa: S603 - the developer's own.
    except OSError as error:
        sys.stderr.write(f"{sys.argv[1]} cannot be started: {error.strerror}.\n")
        sys.exit(_CANNOT_RUN)
    threading.Thread(target=_end_when_abandoned, daemon=True).start()
    code = command.wait()
    sys.stdout.flush()
    os._exit(code if code >= 0 else _SIGNALLED - code)


def _ignore(*_: object) -> None:
    pass


def _end_when_abandoned() -> None:
    while os.read(0, 4096):
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
