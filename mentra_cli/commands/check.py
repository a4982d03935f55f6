"""``mentra check``: will the credentials and the set-up work, and if not, what to do."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mentra_cli import console
from mentra_cli.errors import ExitCode

if TYPE_CHECKING:
    from mentra_cli.checks.findings import Finding, Level
    from mentra_cli.checks.run import Question

EXAMPLES = """Examples:

  mentra check

  mentra check src/captions.py --offline

  mentra check --env-file staging.env --cloud https://staging-api.mentra.glass
"""

_MARKS: "dict[Level, tuple[str, str, str]]" = {
    "ok": ("\u2713", "OK  ", ""),
    "warning": ("!", "WARN", "yellow"),
    "error": ("\u2717", "FAIL", "red"),
}


def check(
    app: Annotated[str | None, typer.Argument(help="The app: a file, file:Class, module:Class or folder.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no cloud.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
    cloud: Annotated[
        str | None,
        typer.Option(
            help="Ask this cloud: an address, or 'local' for the one of mentra dev.",
            show_default="https://api.mentra.glass",
        ),
    ] = None,
    env_file: Annotated[Path | None, typer.Option(help="Read one more file of settings, over .env.")] = None,
) -> None:
    """Check the credentials and the set-up of an app, and say what to do."""
    # The SDK takes about 70 ms to import; mentra --help does without.
    from mentra_cli.checks.findings import exit_code
    from mentra_cli.checks.run import check_project

    checked = check_project(app, cwd=Path.cwd(), shell=os.environ, offline=offline, env_file=env_file, cloud=cloud)
    findings = [*checked.findings, *_answers(checked.question)]

    code = exit_code(findings)
    if as_json:
        console.json({"version": 1, "ok": code is ExitCode.OK, "exit_code": int(code), "findings": findings})
    else:
        _show(findings)
        failed = any(finding.level == "error" for finding in findings)
        again = "mend what failed, then: mentra check" if failed else "mentra dev"
        console.data(f"Next: {again} {app}" if app else f"Next: {again}")
    raise typer.Exit(code)


def _answers(question: "Question | None") -> "list[Finding]":
    if question is None:
        return []
    # The sockets take another 190 ms, which --offline does without.
    import asyncio

    from mentra.transport.sockets import SocketNetwork
    from mentra_cli.checks.run import ask

    async def run() -> "list[Finding]":
        network = SocketNetwork()
        try:
            return await ask(network, question)
        finally:
            await network.close()

    return asyncio.run(run())


def _show(findings: "list[Finding]") -> None:
    symbols = _can_print("".join(symbol for symbol, _, _ in _MARKS.values()))
    for finding in findings:
        symbol, word, style = _MARKS[finding.level]
        place = f" ({finding.where})" if finding.where and finding.level != "ok" else ""
        console.data(f"{symbol + ' ' if symbols else ''}{word} {finding.message}{place}", style=style)
        for line in finding.detail.splitlines():
            console.data(f"       {line}")
        if finding.fix:
            console.data(f"       -> {finding.fix}", style="dim")
    count = {level: sum(finding.level == level for finding in findings) for level in _MARKS}
    console.data("")
    console.data(f"{count['ok']} fine, {_plural(count['warning'], 'warning')}, {_plural(count['error'], 'error')}.")


def _plural(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _can_print(text: str) -> bool:
    try:
        text.encode(console.out.encoding)
    except UnicodeEncodeError:
        return False
    return True
