"""The cloud: does it know the package, and does it take the key?

The rules about where the API key may go:

* To a cloud of MentraOS, to this computer, or to the host that ``--cloud`` names. Encrypted, except on this computer.
* A local development key never leaves this computer.
* Only after the same host has answered as a MentraOS cloud does. A redirect is not followed.

Neither question changes anything in the cloud: one is public, the other reads a key that nobody has stored, of a user
that cannot exist.

Source: docs/protocol.md, Checking credentials
"""

import secrets
from typing import Final, Literal
from urllib.parse import urlsplit

from mentra.config import CONSOLE
from mentra.protocol.codec import Malformed, decode_as
from mentra.protocol.rest import (
    APP_NOT_FOUND,
    KEY_NOT_FOUND,
    Outcome,
    PermissionsReply,
    bearer,
    permissions_path,
    storage_path,
)
from mentra.server.trust import is_cloud_host
from mentra.transport.base import HttpError, HttpReply, Network, is_loopback
from mentra_cli.checks.findings import Finding
from mentra_cli.cloud_address import CloudAddress, parse_cloud_address
from mentra_cli.dev.state_file import DevState
from mentra_cli.errors import CliError
from mentra_cli.local_key import is_local

DEFAULT_CLOUD = "https://api.mentra.glass"
LOCAL: Final = "local"
"""What ``--cloud`` takes for the local cloud of the project's ``mentra dev``."""
NamedCloud = CloudAddress | Literal["local"]
"""What ``--cloud`` says."""
ANSWER_WITHIN_S = 10.0

_MEND_URL = "Correct MENTRAOS_WEBSOCKET_URL, or leave it out to use the cloud that calls"
_NOBODY = "mentra-check@example.invalid"


def choose_cloud(named: NamedCloud | None, api_key: str, websocket_url: str, dev: DevState | None) -> str | Finding:
    """Choose whom to ask.

    Args:
        websocket_url: The cloud that the app itself is configured for; empty when it is not.
        dev: The project's running ``mentra dev``; it may work with a real cloud.

    Returns:
        The cloud's HTTP address, which may be sent this key; or a finding that says why nobody is asked.
    """
    local_cloud = dev.cloud_url if dev and is_loopback(urlsplit(dev.cloud_url).hostname) else None
    if named == LOCAL:
        return local_cloud or _not_running()
    if named is None and is_local(api_key):
        return local_cloud or _skipped()
    try:
        cloud = named or parse_cloud_address(websocket_url or DEFAULT_CLOUD)
    except CliError as problem:
        return _refused("cloud.bad-url", problem.message, _MEND_URL)
    if is_loopback(cloud.host):
        return cloud.http_base
    if is_local(api_key):
        fix = "Ask the local cloud: mentra check --cloud local. Or put the key of the console into .env"
        return _refused("cloud.local-key", f"a local development key is not sent to {cloud.host}", fix)
    if named is None and not is_cloud_host(cloud.host):
        fix = f"If the key belongs there, name it: mentra check --cloud {cloud.http_base}"
        return _refused("cloud.untrusted", f"{cloud.host} is no MentraOS cloud, so the key was not sent to it", fix)
    return cloud.http_base


async def check_cloud(network: Network, cloud: str, package_name: str, api_key: str) -> list[Finding]:
    """Ask a cloud about the package, then about the key.

    Args:
        cloud: An address that ``choose_cloud`` has returned for this key.
    """
    host = urlsplit(cloud).netloc
    try:
        known = _package(await _get(network, cloud + permissions_path(package_name)), package_name, host)
        if known.level == "error":
            return [known]
        url = cloud + storage_path(_NOBODY, secrets.token_hex(8))
        answer = await _get(network, url, {"authorization": bearer(package_name, api_key)})
    except HttpError as error:
        return [_unreachable(host, error)]
    return [known, _key(answer, host)]


async def _get(network: Network, url: str, headers: dict[str, str] | None = None) -> HttpReply:
    return await network.request("GET", url, headers=headers, timeout=ANSWER_WITHIN_S)


def _package(reply: HttpReply, package_name: str, host: str) -> Finding:
    answer = decode_as(Outcome, reply.body)
    if reply.status == 404 and isinstance(answer, Outcome) and answer.error == APP_NOT_FOUND:
        return Finding(
            "cloud.unknown-package",
            "error",
            f"{host} does not know the package {package_name}",
            fix=f"Compare PACKAGE_NAME with the console ({CONSOLE}); an app of another cloud needs --cloud URL",
        )
    declared = decode_as(PermissionsReply, reply.body)
    if reply.status == 200 and isinstance(declared, PermissionsReply) and declared.success:
        named = ", ".join(permission.type for permission in declared.permissions) or "none"
        return Finding("cloud.package", "ok", f"{host} knows {package_name}; permissions: {named}")
    return _odd(reply, answer, host)


def _key(reply: HttpReply, host: str) -> Finding:
    answer = decode_as(Outcome, reply.body)
    absent = reply.status == 404 and isinstance(answer, Outcome) and answer.message == KEY_NOT_FOUND
    stored = reply.status == 200 and isinstance(answer, Outcome) and answer.success
    if absent or stored:
        return Finding("cloud.key", "ok", f"{host} accepts the API key")
    if reply.status == 401:
        return Finding(
            "cloud.bad-key",
            "error",
            f"{host} refuses the API key",
            fix=f"Copy API_KEY again from the console ({CONSOLE}), or generate a new one; the old one ends then",
        )
    return _odd(reply, answer, host)


def _odd(reply: HttpReply, answer: Outcome | Malformed, host: str) -> Finding:
    if reply.status >= 500 or reply.status == 429:
        return Finding(
            "cloud.trouble",
            "error",
            f"{host} has trouble of its own: it answered {reply.status}",
            fix="Run mentra check again in a few minutes; nothing on your side is known to be wrong",
        )
    kind = "nothing that could be read" if isinstance(answer, Malformed) else "something else"
    return Finding(
        "cloud.not-a-cloud",
        "error",
        f"{host} does not answer as a MentraOS cloud: {reply.status} and {kind}",
        fix="Check the address, and whether a proxy or a login page stands between; leave --cloud out for the default",
    )


def _unreachable(host: str, error: HttpError) -> Finding:
    return Finding(
        "cloud.unreachable",
        "error",
        f"{host} did not answer: {error}".rstrip("."),
        fix="Check the network, HTTPS_PROXY and --cloud; mentra check --offline does without",
    )


def _refused(rule: str, message: str, fix: str) -> Finding:
    return Finding(rule, "error", message, fix=fix)


def _not_running() -> Finding:
    return Finding(
        "cloud.not-running",
        "error",
        "no mentra dev with a local cloud runs for this project",
        fix="Start it in another terminal: mentra dev",
    )


def _skipped() -> Finding:
    return Finding(
        "cloud.skipped-local-key",
        "ok",
        "no cloud was asked: a local development key never leaves this computer",
        fix="To ask the local cloud, start mentra dev in another terminal",
    )
