"""The control interface for who runs the cloud: how things are, and replay."""

import os
from collections.abc import Mapping

from mentra_cli import __version__
from mentra_cli.cloud.app_servers import AppServers
from mentra_cli.cloud.observed_network import ObservedNetwork
from mentra_cli.dev.control_messages import (
    Handler,
    LocalAppStatus,
    Refused,
    Replay,
    Replayed,
    Request,
    Restart,
    Restarted,
    SessionStatus,
    Status,
    StatusNow,
)
from mentra_cli.dev.journal import Journal
from mentra_cli.dev.local_users import LocalUsers
from mentra_cli.dev.replay import event_to_replay
from mentra_cli.dev.waits import Waits
from mentra_cli.dev.wearer import reaction


class Operator:
    """Answers what is wanted of ``mentra cloud`` itself."""

    def __init__(
        self, users: LocalUsers, servers: AppServers, network: ObservedNetwork, journal: Journal, waits: Waits
    ) -> None:
        self._users = users
        self._servers = servers
        self._network = network
        self._journal = journal
        self._waits = waits

    def handlers(self) -> Mapping[type[Request], Handler]:
        """Return what answers each request."""
        return {Status: self._status, Restart: self._restart, Replay: self._replay}

    async def _status(self, _: Status) -> StatusNow:
        return StatusNow(
            cloud="local",
            url=self._users.cloud.websocket_url,
            file="",
            found="",
            app=None,
            apps=[
                LocalAppStatus(
                    package_name=app.package_name,
                    kind=app.installed.app_type,
                    server=app.installed.public_url,
                    answers=answers,
                )
                for app, answers in await self._servers.states()
            ],
            problem=None,
            sessions=[
                SessionStatus(session_id=session_id, user=socket.user_id, connected=True)
                for session_id, socket in self._network.sockets.items()
            ],
            users=self._users.status(),
            reloads=0,
            last_load_ms=None,
            last_entry=self._journal.count,
            pid=os.getpid(),
            mentra=__version__,
        )

    async def _restart(self, _: Restart) -> Restarted:
        raise Refused(
            409,
            "mentra cloud does not run the code of apps, so it cannot load it anew.",
            "Restart the app where it runs; its sessions begin again within seconds. mentra dev reloads on save.",
        )

    async def _replay(self, asked: Replay) -> Replayed:
        sockets = self._network.sockets
        entry, event = event_to_replay(self._journal, asked.number, sockets)
        glasses = await self._users.glasses_of(entry.user_id)

        async def happen() -> None:
            sockets[entry.session_id].send_text(entry.text)

        await reaction(glasses, happen, self._waits)
        return Replayed(number=entry.number, stream=event.stream_type, user=entry.user_id, display=glasses.display)
