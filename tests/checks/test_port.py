import socket

import pytest

from mentra_cli.checks.port import check_port, port_in_use
from mentra_cli.checks.settings import Setting
from mentra_cli.dev.state_file import DevState

DEV = DevState(pid=1, port=3000, control_url="http://127.0.0.1:1", cloud_url="http://127.0.0.1:2", token="t")


@pytest.mark.parametrize(
    ("value", "taken", "dev", "rule", "level"),
    [
        ("", False, None, "port.free", "ok"),
        ("8080", False, None, "port.free", "ok"),
        ("0", True, None, "port.free", "ok"),
        ("", True, None, "port.in-use", "error"),
        ("", True, DEV, "port.own", "ok"),
        ("8080", True, DEV, "port.in-use", "error"),
        ("abc", False, None, "port.invalid", "error"),
        ("-1", False, None, "port.invalid", "error"),
        ("65536", False, None, "port.invalid", "error"),
    ],
)
def test_ports(value: str, taken: bool, dev: DevState | None, rule: str, level: str):
    finding = check_port(Setting("PORT", value, ""), dev, lambda port: taken)

    assert (finding.rule, finding.level) == (rule, level)


@pytest.mark.sockets
def test_a_port_is_in_use_while_somebody_listens():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert port_in_use(port)

    assert not port_in_use(port)
