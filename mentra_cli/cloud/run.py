"""One run of ``mentra cloud``, from the banner to the last app."""

import asyncio

from mentra.transport.base import is_loopback
from mentra_cli import console
from mentra_cli.cloud.options import CloudOptions
from mentra_cli.cloud.served_cloud import ServedCloud
from mentra_cli.dev.foreground import stay
from mentra_cli.dev.journal import Journal
from mentra_cli.dev.views.options import ViewOptions

_OPEN = "the real cloud is: they can call tools of the apps, and read their settings"


def run_cloud(options: CloudOptions, view: ViewOptions) -> None:
    """Run until the user ends it.

    Raises:
        CliError: It could not begin; the port is taken, for example.
    """
    asyncio.run(_run(options, view))


async def _run(options: CloudOptions, view: ViewOptions) -> None:
    served = ServedCloud(options, Journal())
    await stay(served, view, lambda: _banner(served, options))


def _banner(served: ServedCloud, options: CloudOptions) -> None:
    console.say("mentra cloud  LOCAL cloud with virtual glasses", style="bold")
    for record in options.apps:
        console.say(f"  app       {record}")
    wearers = ", ".join(glasses.user_id for glasses in served.user.all_glasses)
    console.say(f"  glasses   {options.glasses} of {wearers}")
    console.say("  start     the app as always; in Python with MENTRA_DEV=1, so that it trusts a cloud of this machine")
    console.say(f"  cloud     {served.cloud.url} (REST), {served.url} (apps are told so when they are started)")
    if not is_loopback(options.host):
        console.say(f"  network   open to all who reach {options.host or 'this machine'}, as {_OPEN}", style="yellow")
