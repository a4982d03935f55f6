"""``mentra network``: the network between the phone and the cloud: slow, lossy, or away."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mentra_cli import console
from mentra_cli.commands.acting import FIRST_USER, Json, User
from mentra_cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    from mentra_cli.dev.control_messages import UserStatus
    from mentra_cli.dev.network_requests import NetworkNow

EXAMPLES = """Examples:

  mentra network --latency 300ms --loss 5%

  mentra network --perfect

  mentra network offline

  mentra network online

Without anything it tells how the network is. Events, sound and layouts get lost; all the rest is only late. After a
minute offline the sessions of apps end; online they are started again.
"""


class PhoneIs(StrEnum):
    """Whether the phone is connected to the cloud."""

    OFFLINE = "offline"
    ONLINE = "online"


def network(
    phone: Annotated[
        PhoneIs | None, typer.Argument(help="Lose the phone's connection to the cloud, or bring it back.")
    ] = None,
    latency: Annotated[
        str | None, typer.Option(metavar="TIME", help="How long everything takes, each way.", show_default=False)
    ] = None,
    jitter: Annotated[
        str | None, typer.Option(metavar="TIME", help="How much longer at most, by chance.", show_default=False)
    ] = None,
    loss: Annotated[
        str | None, typer.Option(metavar="PART", help="How much is lost: 5%, or 0.05.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="With the same one, the same is lost.")] = 0,
    perfect: Annotated[bool, typer.Option("--perfect", help="Neither late nor lost any more.")] = False,
    user: User = FIRST_USER,
    as_json: Json = False,
) -> None:
    """Have a slow or lossy network between the phone and the cloud, or none."""
    import asyncio

    from mentra_cli.dev.control_client import call
    from mentra_cli.dev.network_requests import ChangeNetwork, ConnectPhone, Network, NetworkNow
    from mentra_cli.quantities import parse_duration, parse_part

    is_changed = any(each is not None for each in (latency, jitter, loss))
    if perfect and is_changed:
        raise CliError("A perfect network loses nothing.", fix="Leave out --perfect.", code=ExitCode.USAGE)
    now = None
    if is_changed or perfect:
        change = ChangeNetwork(
            latency_s=parse_duration(latency or "0"),
            jitter_s=parse_duration(jitter or "0"),
            loss=parse_part(loss or "0"),
            seed=seed,
            user=user,
        )
        now = asyncio.run(call(Path.cwd(), change, NetworkNow))
    if phone is not None:
        now = asyncio.run(call(Path.cwd(), ConnectPhone(online=phone is PhoneIs.ONLINE, user=user), NetworkNow))
    now = now or asyncio.run(call(Path.cwd(), Network(user=user), NetworkNow))
    if as_json:
        console.json(now)
    else:
        console.data(described(now))


def described(now: "NetworkNow | UserStatus") -> str:
    """Return in words how the network of a phone is."""
    from mentra_cli.quantities import shown_duration

    parts = ["online" if now.online else "offline"]
    if now.latency_s:
        parts.append(f"latency {shown_duration(now.latency_s)}")
    if now.jitter_s:
        parts.append(f"jitter {shown_duration(now.jitter_s)}")
    if now.loss:
        parts.append(f"loss {now.loss * 100:g} %")
    return ", ".join(parts)
