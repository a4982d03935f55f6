"""``mentra dev``: run the app in this folder, and change its code while it runs."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from mentra_cli.commands.watching import view_options
from mentra_cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    from mentra_cli.dev.options import DevOptions

EXAMPLES = """Examples:

  mentra dev

  mentra dev src/captions.py:CaptionsApp --port 3001

  mentra dev --glasses "Mentra Live"    (or glasses = "Mentra Live" under [tool.mentra] in pyproject.toml)

  mentra dev -- node app.mjs    (an app in any language, which listens on PORT)

  mentra say "hello"    (from another terminal)

Type a sentence to speak to the app, or a slash and a command: /help lists all, and the keys. Save a file to load the
new code. Ctrl-C ends. --verbose shows every message whole. Off a terminal it reads the same lines from its input,
prints plain lines, and goes on until it is interrupted.
"""


_COMMAND = "mentra dev: the command after --"


class DevCommand(TyperCommand):
    """Takes what follows ``--`` for the command that starts an app in another language."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse what stands before ``--``."""
        end = args.index("--") if "--" in args else len(args)
        ctx.meta[_COMMAND] = tuple(args[end + 1 :])
        return super().parse_args(ctx, args[:end])


def dev(
    context: typer.Context,
    app: Annotated[
        str | None,
        typer.Argument(help="The app: app.py, app.py:MyApp, package.module:MyApp, or a folder.", show_default=False),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(help="The public port.  [default: PORT in .env, else 3000]", min=0, max=65535, show_default=False),
    ] = None,
    host: Annotated[str, typer.Option(help="The address of the public port.")] = "127.0.0.1",
    env_file: Annotated[
        Path | None, typer.Option(help="One more file with NAME=value lines.", show_default=False)
    ] = None,
    cloud: Annotated[
        str | None,
        typer.Option(help="Work with this cloud (wss://...) instead of the local one.", show_default=False),
    ] = None,
    glasses: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="The virtual glasses.  [default: glasses in pyproject.toml, else Even Realities G1]",
            show_default=False,
        ),
    ] = None,
    faithful: Annotated[
        bool,
        typer.Option("--faithful", help="Have the waits of the real cloud, too: the boot card, one display in 300 ms."),
    ] = False,
    poll: Annotated[
        bool, typer.Option("--poll", help="Look for changed files every 300 ms, where the system does not tell.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document per line, of all traffic.")] = False,
) -> None:
    """Run an app against virtual glasses, reload it on save, and show all its traffic."""
    from mentra_cli.cloud_address import parse_cloud_address
    from mentra_cli.dev.options import DevOptions
    from mentra_cli.dev.run import run_dev
    from mentra_cli.location import locate

    command: tuple[str, ...] = context.meta[_COMMAND]
    if command and app is not None:
        raise CliError(
            f"{app!r} and the command after -- are two apps.",
            fix="Name the app, or give the command that starts it: mentra dev -- node app.mjs",
            code=ExitCode.USAGE,
        )
    options = DevOptions(
        target=app,
        folder=Path.cwd().resolve(),
        location=None if command else locate(app, Path.cwd()),
        command=command,
        poll=poll,
        port=port,
        host=host,
        env_file=env_file,
        cloud=None if cloud is None else parse_cloud_address(cloud),
    )
    run_dev(
        replace(options, glasses=_glasses(glasses, options), faithful=_faithful(options, asked=faithful)),
        view_options(context, as_json=as_json),
    )


def _faithful(options: "DevOptions", *, asked: bool) -> bool:
    from mentra_cli.location import project_faithful

    if asked and options.cloud is not None:
        raise CliError(
            "--faithful is for the local cloud; the real one always is.", fix="Leave it out.", code=ExitCode.USAGE
        )
    return options.cloud is None and (asked or project_faithful(options.root))


def _glasses(asked: str | None, options: "DevOptions") -> str | None:
    from mentra_cli.glasses import check_model
    from mentra_cli.location import project_glasses

    if asked is not None:
        if options.cloud is not None:
            raise CliError(
                "--glasses is for the virtual glasses; with --cloud there are none.",
                fix="Leave out one of the two.",
                code=ExitCode.USAGE,
            )
        check_model(asked)
        return asked
    model = None if options.cloud is not None else project_glasses(options.root)
    if model is not None:
        check_model(model, fix="It stands under [tool.mentra] in pyproject.toml.", code=ExitCode.VALIDATION)
    return model
