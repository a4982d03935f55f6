"""One run of ``mentra dev``, from the banner to the last child."""

import asyncio

from mentra_cli import console
from mentra_cli.dev.foreground import stay
from mentra_cli.dev.journal import Journal
from mentra_cli.dev.options import DevOptions
from mentra_cli.dev.supervisor import Supervisor
from mentra_cli.dev.views.options import ViewOptions


def run_dev(options: DevOptions, view: ViewOptions) -> None:
    """Run until the user ends it.

    Raises:
        CliError: It could not begin; the port is taken, for example.
    """
    asyncio.run(_run(options, view))


async def _run(options: DevOptions, view: ViewOptions) -> None:
    supervisor = Supervisor(options, Journal())
    await stay(supervisor, view, lambda: _banner(supervisor, options))


def _banner(supervisor: Supervisor, options: DevOptions) -> None:
    where = "LOCAL cloud with virtual glasses; nothing leaves this machine" if supervisor.user else "REAL cloud"
    console.say(f"mentra dev  {where}", style="bold")
    console.say(f"  app       {options.app} ({options.found})")
    console.say(f"  address   {supervisor.url}")
    if options.glasses:
        console.say(f"  glasses   {options.glasses}")
    if options.faithful:
        console.say("  faithful  with all waits of the real cloud: the boot card, one display in 300 ms")
