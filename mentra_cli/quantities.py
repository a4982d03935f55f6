"""Quantities on a command line: durations and parts of a whole, with their units."""

import re

from mentra_cli.errors import CliError, ExitCode

_UNITS_S = {"ms": 0.001, "s": 1.0, "": 1.0}


def parse_duration(text: str) -> float:
    """Return ``"300ms"``, ``"0.3s"`` or ``"0.3"`` in seconds.

    Raises:
        CliError: It is no duration (USAGE).
    """
    match = re.fullmatch(r"(\d+\.?\d*|\.\d+) ?(ms|s|)", text)
    if match is None:
        raise CliError(f"{text!r} is no duration.", fix="Write one: 300ms, or 0.3s", code=ExitCode.USAGE)
    return float(match[1]) * _UNITS_S[match[2]]


def parse_part(text: str) -> float:
    """Return ``"5%"`` or ``"0.05"`` as a part of one.

    Raises:
        CliError: It is none (USAGE).
    """
    match = re.fullmatch(r"(\d+\.?\d*|\.\d+) ?(%?)", text)
    part = float(match[1]) / (100 if match[2] else 1) if match else -1.0
    if not 0 <= part <= 1:
        raise CliError(f"{text!r} is no part of a whole.", fix="Write one: 5%, or 0.05", code=ExitCode.USAGE)
    return part


def shown_duration(seconds: float) -> str:
    """Return a duration as people write it: ``"300 ms"``, ``"1.5 s"``."""
    return f"{seconds * 1000:g} ms" if seconds < 1 else f"{seconds:g} s"
