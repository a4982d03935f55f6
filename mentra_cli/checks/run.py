"""All rules, in the order in which their findings are shown.

In two steps, as only the second one needs an event loop: the first imports the app, which may run a loop of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mentra.transport.base import Network
from mentra_cli.checks.api_key import check_api_key
from mentra_cli.checks.app import inspect_app, key_in_source, not_found
from mentra_cli.checks.app_config import check_app_config
from mentra_cli.checks.cloud import LOCAL, NamedCloud, check_cloud, choose_cloud
from mentra_cli.checks.env_files import check_env_files
from mentra_cli.checks.findings import Finding, without_secrets
from mentra_cli.checks.package_name import check_package_name
from mentra_cli.checks.port import check_port, port_in_use
from mentra_cli.checks.running_dev import running_dev
from mentra_cli.checks.settings import Settings, read_settings
from mentra_cli.checks.versions import check_versions
from mentra_cli.cloud_address import parse_cloud_address
from mentra_cli.dev.state_file import DevState
from mentra_cli.environment import load_environment
from mentra_cli.errors import CliError
from mentra_cli.location import locate


@dataclass(frozen=True)
class Question:
    """What a cloud is to be asked, and may be told."""

    cloud: str
    """Its HTTP address."""
    package_name: str
    api_key: str = field(repr=False)


@dataclass(frozen=True)
class Checked:
    """What this computer alone can say about a project."""

    findings: list[Finding]
    question: Question | None = None
    """``None`` when no cloud is to be asked; the findings say why."""


def check_project(
    target: str | None,
    *,
    cwd: Path,
    shell: Mapping[str, str],
    offline: bool = False,
    env_file: Path | None = None,
    cloud: str | None = None,
    in_use: Callable[[int], bool] = port_in_use,
) -> Checked:
    """Check one project. Imports its app into this process; may wait for git. Not for use in an event loop.

    Args:
        target: The app, as ``locate`` takes it.
        shell: The environment of this process.
        offline: No cloud will be asked.
        env_file: One more file of settings.
        cloud: The address to ask instead of the default, or ``"local"``.
        in_use: Whether somebody answers on a port of this computer.

    Raises:
        CliError: USAGE: there is no such ``env_file``, or ``cloud`` is no address.
    """
    named: NamedCloud | None = None if cloud is None else LOCAL if cloud == LOCAL else parse_cloud_address(cloud)
    findings = list(check_versions(shell))
    try:
        location = locate(target, cwd)
    except CliError as problem:
        return Checked([*findings, not_found(problem)])
    environment = load_environment(location.root, env_file=cwd.joinpath(env_file) if env_file else None, shell=shell)
    inspected = inspect_app(location, environment)
    settings = read_settings(environment, inspected.app, location.shown)
    dev = running_dev(location.root)
    credentials = [check_package_name(settings.package_name), check_api_key(settings.api_key)]
    findings += [
        *check_env_files(environment, location.root),
        *credentials,
        check_port(settings.port, dev, in_use),
        *inspected.findings,
        *key_in_source(settings.api_key.usable, location),
        *check_app_config(inspected.app, location.root),
    ]
    if inspected.config_error and not any(map(_explains_config_error, findings)):
        findings.append(inspected.config_error)
    question = None if offline else _question(settings, credentials, named, dev)
    if isinstance(question, Finding):
        findings.append(question)
        question = None
    return Checked(without_secrets(findings, settings.api_key.usable), question)


async def ask(network: Network, question: Question) -> list[Finding]:
    """Ask the cloud."""
    findings = await check_cloud(network, question.cloud, question.package_name, question.api_key)
    return without_secrets(findings, question.api_key)


def _question(
    settings: Settings, credentials: list[Finding], named: NamedCloud | None, dev: DevState | None
) -> Question | Finding:
    if any(finding.level == "error" for finding in credentials):
        return _not_asked()
    api_key = settings.api_key.usable
    chosen = choose_cloud(named, api_key, settings.websocket_url.usable, dev)
    return chosen if isinstance(chosen, Finding) else Question(chosen, settings.package_name.usable, api_key)


def _explains_config_error(finding: Finding) -> bool:
    """Return whether a rule has said already, and better, why the SDK refuses the options."""
    return finding.level == "error" and (finding.rule.startswith("env.") or finding.rule == "port.invalid")


def _not_asked() -> Finding:
    return Finding(
        "cloud.skipped",
        "warning",
        "no cloud was asked, because PACKAGE_NAME or API_KEY cannot be right",
        fix="Correct them, then run mentra check again",
    )
