"""What one may ask of a running ``mentra dev`` or ``mentra cloud`` about the network: one Struct each.

How it is carried out is in ``network.py``.
"""

from typing import Annotated

import msgspec

from mentra_cli.dev.control_messages import VERSION, Request, UserRequest


class Network(UserRequest, frozen=True, kw_only=True):
    """Tell how the network between a user's phone and the cloud is."""

    method = "GET"
    path = "/network"


class ChangeNetwork(UserRequest, frozen=True, kw_only=True):
    """Have a network between a user's phone and the cloud that is slow or loses things; else a perfect one."""

    path = "/network"

    latency_s: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """How long everything takes, in each direction."""
    jitter_s: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """How much longer at most, by chance."""
    loss: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    """Which part of the events, the sound and the layouts is lost."""
    seed: int = 0


class ConnectPhone(UserRequest, frozen=True, kw_only=True):
    """Have the phone lose its connection to the cloud, or come back."""

    path = "/phone"

    online: bool


class NetworkNow(msgspec.Struct, frozen=True, kw_only=True):
    """How the network of a phone is."""

    version: int = VERSION
    online: bool
    """Whether the phone is connected to the cloud."""
    latency_s: float
    jitter_s: float
    loss: float
    seed: int


class RestartCloud(Request, frozen=True, kw_only=True):
    """End the local cloud as a process that is killed, and have it come back."""

    path = "/restart-cloud"

    down_s: Annotated[float, msgspec.Meta(ge=0, le=30)] = 0.0
    """How long nobody answers."""


class CloudRestarted(msgspec.Struct, frozen=True, kw_only=True):
    """The cloud is back."""

    version: int = VERSION
    users: list[str]
    """Whose phones are there again. Their apps are being started."""
