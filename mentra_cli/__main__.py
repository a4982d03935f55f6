"""The entry of the ``mentra`` command and of ``python -m mentra_cli``."""

import sys


def run() -> None:
    """Run the command line of this process and exit with its code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        # Answered before typer is imported: 15 ms instead of 110 (docs/architecture.md, Start-up).
        from mentra_cli import __version__

        sys.stdout.write(f"mentra {__version__}\n")
        return
    try:
        # For the same 95 ms.
        from mentra_cli.main import main

        code = main(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130  # While something was still being imported.
    sys.exit(code)


if __name__ == "__main__":
    run()
