"""``mentra dev``: run the app in this folder, and change its code while it runs."""

from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = """Examples:

  mentra dev

  mentra dev src/captions.py:CaptionsApp --port 3001

  mentra say "hello"    (from another terminal)

Type a sentence to speak to the app. Save a file to load the new code. Ctrl-C ends. Off a terminal it reads sentences
from its input, prints plain lines, and goes on until it is interrupted.
"""


def dev(
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
) -> None:
    """Run an app against virtual glasses, reload it on save, and show all its traffic."""
    from mentra_cli.cloud_address import parse_cloud_address
    from mentra_cli.dev.options import DevOptions
    from mentra_cli.dev.run import run_dev
    from mentra_cli.location import locate

    run_dev(
        DevOptions(
            target=app,
            folder=Path.cwd(),
            location=locate(app, Path.cwd()),
            port=port,
            host=host,
            env_file=env_file,
            cloud=None if cloud is None else parse_cloud_address(cloud),
        )
    )
