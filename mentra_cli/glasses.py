"""Names of glasses, as the command line and ``pyproject.toml`` have them."""

import difflib

from mentra.localcloud.models import MODELS
from mentra_cli.errors import CliError, ExitCode


def check_model(model: str, *, fix: str = "", code: ExitCode = ExitCode.USAGE) -> None:
    """Refuse glasses that nobody knows.

    Args:
        fix: What else helps.

    Raises:
        CliError: There are none of that name.
    """
    if model in MODELS:
        return
    by_name = {name.lower(): name for name in MODELS}
    near = difflib.get_close_matches(model.lower(), by_name, n=1)
    meant = f"Did you mean {by_name[near[0]]!r}?" if near else ""
    raise CliError(
        f"There are no glasses {model!r}, as far as is known. There are: {', '.join(MODELS)}.",
        fix=" ".join(part for part in (meant, fix) if part),
        code=code,
    )
