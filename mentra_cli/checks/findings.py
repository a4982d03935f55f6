"""What a rule has found, and what a set of findings means for the exit code."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from mentra_cli.errors import ExitCode
from mentra_cli.masking import mask_all

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """The answer of one rule."""

    rule: str
    """A stable name: subject, dot, what was found. ``"env.missing-api-key"``; ``"env.api-key"`` when all is well."""
    level: Level
    message: str
    """One line. Never holds a secret."""
    fix: str = ""
    """What to do, with a command to type where there is one. Only ``ok`` goes without."""
    where: str = ""
    """The place, such as ``".env:3"``; empty when there is none."""
    detail: str = ""
    """Lines of source code around the place; usually empty."""


_CODES = {
    "app.not-found": ExitCode.NOT_FOUND,
    "app.no-app": ExitCode.NOT_FOUND,
    "cloud.unknown-package": ExitCode.NOT_FOUND,
    "cloud.bad-key": ExitCode.AUTHENTICATION,
    "cloud.not-running": ExitCode.NETWORK,
    "cloud.unreachable": ExitCode.NETWORK,
    "cloud.trouble": ExitCode.NETWORK,
    "cloud.not-a-cloud": ExitCode.NETWORK,
}
"""The exit code of an error; VALIDATION for all others."""

_STRONGEST_FIRST = (ExitCode.VALIDATION, ExitCode.NOT_FOUND, ExitCode.AUTHENTICATION, ExitCode.NETWORK)


def exit_code(findings: Iterable[Finding]) -> ExitCode:
    """Return what the shell sees: a mistake in the project counts before what a cloud or the network said."""
    codes = {_CODES.get(finding.rule, ExitCode.VALIDATION) for finding in findings if finding.level == "error"}
    return next((code for code in _STRONGEST_FIRST if code in codes), ExitCode.OK)


def without_secrets(findings: Iterable[Finding], *secrets: str) -> list[Finding]:
    """Mask these secrets, and whatever looks like a key: a finding may quote the developer's code."""
    return [
        replace(
            finding,
            message=mask_all(finding.message, secrets),
            fix=mask_all(finding.fix, secrets),
            detail=mask_all(finding.detail, secrets),
        )
        for finding in findings
    ]
