"""The control interface about the network: of a user's phone, and the end of the cloud."""

from collections.abc import Mapping

from mentra.errors import NotConnected
from mentra.localcloud import VirtualGlasses
from mentra_cli.dev.control_messages import Handler, Refused, Request
from mentra_cli.dev.network_requests import (
    ChangeNetwork,
    CloudRestarted,
    ConnectPhone,
    Network,
    NetworkNow,
    RestartCloud,
)
from mentra_cli.dev.wearer import OfUsers


class NetworkTrouble(OfUsers):
    """Carries out what befalls connections."""

    def handlers(self) -> Mapping[type[Request], Handler]:
        """Return what answers each request."""
        return {
            Network: self._tell,
            ChangeNetwork: self._change,
            ConnectPhone: self._connect,
            RestartCloud: self._restart_cloud,
        }

    async def _tell(self, asked: Network) -> NetworkNow:
        return _now(await self._glasses(asked))

    async def _change(self, asked: ChangeNetwork) -> NetworkNow:
        glasses = await self._glasses(asked)
        glasses.set_network(latency_s=asked.latency_s, jitter_s=asked.jitter_s, loss=asked.loss, seed=asked.seed)
        return _now(glasses)

    async def _connect(self, asked: ConnectPhone) -> NetworkNow:
        glasses = await self._glasses(asked)
        await (glasses.go_online() if asked.online else glasses.go_offline())
        return _now(glasses)

    async def _restart_cloud(self, asked: RestartCloud) -> CloudRestarted:
        there = self._there
        try:
            await there.cloud.restart(down_s=asked.down_s)
        except NotConnected as error:
            raise Refused(
                409, "The local cloud is away: it is being restarted.", "Wait until it is back: mentra status"
            ) from error
        except OSError as error:
            raise Refused(
                409, f"The local cloud cannot come back: {error.strerror or error}.", "End all, and start it anew."
            ) from error
        return CloudRestarted(users=[glasses.user_id for glasses in there.all_glasses if glasses.is_online])


def _now(glasses: VirtualGlasses) -> NetworkNow:
    quality = glasses.network
    return NetworkNow(
        online=glasses.is_online,
        latency_s=quality.latency_s,
        jitter_s=quality.jitter_s,
        loss=quality.loss,
        seed=quality.seed,
    )
