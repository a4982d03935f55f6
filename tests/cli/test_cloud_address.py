import pytest

from mentra_cli.cloud_address import CloudAddress, parse_cloud_address
from mentra_cli.errors import CliError, ExitCode

MENTRA = CloudAddress("api.mentra.glass", "https://api.mentra.glass", "wss://api.mentra.glass/app-ws")
LOCAL = CloudAddress("localhost", "http://localhost:8002", "ws://localhost:8002/app-ws")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("api.mentra.glass", MENTRA),
        ("https://api.mentra.glass", MENTRA),
        ("https://api.mentra.glass/", MENTRA),
        ("HTTPS://api.mentra.glass", MENTRA),
        ("wss://api.mentra.glass/app-ws", MENTRA),
        (
            "wss://api.mentra.glass/ws/miniapp",
            CloudAddress("api.mentra.glass", "https://api.mentra.glass", "wss://api.mentra.glass/ws/miniapp"),
        ),
        (
            "cloud.example.org:8443",
            CloudAddress("cloud.example.org", "https://cloud.example.org:8443", "wss://cloud.example.org:8443/app-ws"),
        ),
        ("localhost:8002", LOCAL),
        ("http://localhost:8002", LOCAL),
        ("ws://localhost:8002", LOCAL),
        ("http://[::1]:8002", CloudAddress("::1", "http://[::1]:8002", "ws://[::1]:8002/app-ws")),
    ],
)
def test_a_host_an_address_and_a_socket_are_read(text: str, address: CloudAddress):
    assert parse_cloud_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://",
        "ftp://api.mentra.glass",
        "wss://[::1",
        "https://host:abc",
        "https://host:65536",
        "https://api.mentra.glass@evil.example",
        "https://evil.example\\.mentra.glass",
        "a host",
    ],
)
def test_nonsense_is_a_usage_error(text: str):
    with pytest.raises(CliError, match="is not the address of a cloud") as refused:
        parse_cloud_address(text)

    assert refused.value.code is ExitCode.USAGE


@pytest.mark.parametrize("text", ["http://api.mentra.glass", "ws://cloud.example.org", "http://127.evil.example"])
def test_an_address_elsewhere_must_be_encrypted(text: str):
    with pytest.raises(CliError, match="is not encrypted") as refused:
        parse_cloud_address(text)

    assert refused.value.code is ExitCode.USAGE
