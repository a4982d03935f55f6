"""The same cloud over real sockets."""

import asyncio

import pytest

from mentra.localcloud import LocalCloud
from mentra.transport.base import Closed
from mentra.transport.sockets import SocketNetwork
from tests.helpers.scripted_app import ScriptedApp

pytestmark = pytest.mark.sockets


@pytest.fixture
async def network():
    network = SocketNetwork()
    yield network
    await network.close()


async def test_an_app_starts_shows_and_stops(network, cloud: LocalCloud, app: ScriptedApp, glasses):
    await glasses.start(app.package_name)
    await app.subscribe("transcription:en-US")
    await app.show("hello")
    await glasses.wait_for_display("hello")
    await glasses.say("hi")
    await glasses.stop(app.package_name)

    await asyncio.wait_for(app.socket.wait_closed(), 5)
    assert app.socket.types == ["tpa_connection_ack", "data_stream", "app_stopped"]
    assert app.socket.closed == Closed(1000, "App stopped")
    assert app.webhooks == ["session_request", "stop_request"]


async def test_its_headers_are_the_real_ones_on_the_wire_as_well_w_http_18(app: ScriptedApp, glasses):
    await glasses.call_tool(app.package_name, "any")

    (headers,) = app.headers
    key = headers.pop("x-app-api-key")
    assert len(key) == 64
    assert {name: text for name, text in headers.items() if name not in ("host", "content-length", "connection")} == {
        "content-type": "application/json",
        "accept": "application/json, text/plain, */*",
        "accept-encoding": "gzip, compress, deflate, br",
        "user-agent": "axios/1.13.2",
    }
