"""How a command fails: an exit code and a message that says what to do next.

The codes are those of the official MentraOS tool (MentraOS cloud/issues/cli/cli-spec.md), so scripts move over.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the shell sees."""

    OK = 0
    GENERAL = 1
    USAGE = 2
    AUTHENTICATION = 3
    PERMISSION = 4
    NOT_FOUND = 5
    NETWORK = 6
    VALIDATION = 7
    INTERRUPTED = 130


class CliError(Exception):
    """Something the user can mend. Printed without a traceback.

    Attributes:
        message: What happened, and with which value.
        fix: What to do next; a command to type where there is one.
        code: The exit code.
    """

    def __init__(self, message: str, *, fix: str, code: ExitCode = ExitCode.GENERAL) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.code = code
