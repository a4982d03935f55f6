"""A project with one mistake, and what ``mentra check`` says to it."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mentra.localcloud import InstalledApp, LocalCloud
from mentra.transport.base import Network
from mentra.transport.memory import MemoryNetwork
from mentra_cli.checks.findings import Finding, exit_code
from mentra_cli.checks.run import Checked, ask, check_project
from mentra_cli.dev import state_file
from mentra_cli.dev.state_file import DevState
from mentra_cli.errors import CliError, ExitCode
from tests.checks.fake_cloud import API_KEY, BROKEN, PACKAGE_NAME, REFUSED, UNKNOWN, FakeCloud

pytestmark = pytest.mark.usefixtures("own_imports")

APP = """\
from mentra import AppServer


class HelloApp(AppServer):
    async def on_session(self, session, session_id, user_id):
        session.layouts.show_text_wall("Hello")
"""
LOOPS_ON_IMPORT = f"""\
{APP}
import asyncio

async def main(): ...

asyncio.run(main())
"""
ENV = f"PACKAGE_NAME={PACKAGE_NAME}\nAPI_KEY={API_KEY}\n"
LOCAL_ENV = f"PACKAGE_NAME={PACKAGE_NAME}\nAPI_KEY=local-abcdefghijklmnop\n"


@dataclass
class Project:
    """A healthy project, its surroundings, and what to do to it."""

    files: dict[str, str | None] = field(default_factory=dict)
    target: str | None = None
    shell: dict[str, str] = field(default_factory=dict)
    cloud: str | None = None
    network: Callable[[], Network] | None = FakeCloud
    taken: bool = False

    def check(self, root: Path) -> list[Finding]:
        checked = self.check_here(root)
        if checked.question is None or self.network is None:
            return checked.findings
        return [*checked.findings, *asyncio.run(ask(self.network(), checked.question))]

    def check_here(self, root: Path) -> Checked:
        for name, text in {"app.py": APP, ".env": ENV, **self.files}.items():
            if text is not None:
                (root / name).write_text(text)
        return check_project(
            self.target,
            cwd=root,
            shell=self.shell,
            offline=self.network is None,
            cloud=self.cloud,
            in_use=lambda port: self.taken,
        )


def bad(findings: list[Finding]) -> list[str]:
    return [finding.rule for finding in findings if finding.level != "ok"]


SEEDED = {
    "no app": (Project({"app.py": None}), ["app.not-found"], 5),
    "a file without an app": (Project({"app.py": "x = 1\n"}), ["app.no-app"], 5),
    "two apps in a file": (Project({"app.py": f"{APP}\nclass Bye(AppServer): ...\n"}), ["app.ambiguous"], 7),
    "a broken pyproject.toml": (Project({"pyproject.toml": "[tool.mentra"}), ["app.bad-setting"], 7),
    "a syntax error": (Project({"app.py": "def broken(:\n"}), ["app.import-failed"], 7),
    "a library that is not installed": (
        Project({"app.py": f"import nowhere_to_be_found\n{APP}"}),
        ["app.import-failed"],
        7,
    ),
    "an error in the constructor": (
        Project({"app.py": f"{APP}\n    def __init__(self): raise OSError('no database')\n"}),
        ["app.import-failed"],
        7,
    ),
    "a program that ends on import": (
        Project({"app.py": f"{APP}\nraise SystemExit(3)\n"}),
        ["app.import-failed"],
        7,
    ),
    "no on_session": (
        Project({"app.py": "from mentra import AppServer\nclass HelloApp(AppServer): ...\n"}),
        ["app.no-on-session"],
        7,
    ),
    "an on_session with the wrong arguments": (
        Project({"app.py": APP.replace(", session_id, user_id", "")}),
        ["app.import-failed"],
        7,
    ),
    "an option that the SDK refuses": (
        Project(shell={"MENTRAOS_WEBSOCKET_URL": "https://api.mentra.glass"}, network=None),
        ["app.bad-config"],
        7,
    ),
    "a refused option and a port in use": (
        Project(shell={"MENTRAOS_WEBSOCKET_URL": "https://api.mentra.glass"}, network=None, taken=True),
        ["port.in-use", "app.bad-config"],
        7,
    ),
    "no package name": (
        Project({".env": f"API_KEY={API_KEY}\n"}),
        ["env.missing-package-name", "cloud.skipped"],
        7,
    ),
    "a malformed package name": (
        Project(shell={"PACKAGE_NAME": "Com.Example"}),
        ["env.malformed-package-name", "cloud.skipped"],
        7,
    ),
    "an unusual package name": (Project(shell={"PACKAGE_NAME": "hello"}), ["env.unusual-package-name"], 0),
    "no key": (Project({".env": f"PACKAGE_NAME={PACKAGE_NAME}\n"}), ["env.missing-api-key", "cloud.skipped"], 7),
    "no .env at all": (
        Project({".env": None}),
        ["env.missing-file", "env.missing-package-name", "env.missing-api-key", "cloud.skipped"],
        7,
    ),
    "a key in quotes": (
        Project({".env": f"PACKAGE_NAME={PACKAGE_NAME}\nAPI_KEY='\"{API_KEY}\"'\n"}),
        ["env.quoted-api-key", "cloud.skipped"],
        7,
    ),
    "a placeholder": (Project(shell={"API_KEY": "your_api_key"}), ["env.placeholder-api-key", "cloud.skipped"], 7),
    "a key of an unusual form": (Project(shell={"API_KEY": "0123456789ABCDEF"}), ["env.unusual-api-key"], 0),
    "a local key": (Project({".env": LOCAL_ENV}), ["env.local-api-key"], 0),
    "a local key for the real cloud": (
        Project({".env": LOCAL_ENV}, cloud="https://api.mentra.glass"),
        ["env.local-api-key", "cloud.local-key"],
        7,
    ),
    "a key in the source": (
        Project({"app.py": f"{APP}\nserver = HelloApp(api_key='{API_KEY}')\n"}),
        ["app.key-in-source"],
        0,
    ),
    "a bad line": (Project({".env": f"{ENV}NAME: value\n"}), ["env.bad-line"], 7),
    "no port": (Project(shell={"PORT": "http"}), ["port.invalid"], 7),
    "a port in use": (Project(taken=True), ["port.in-use"], 7),
    "an unknown package": (Project(network=lambda: FakeCloud(package=UNKNOWN)), ["cloud.unknown-package"], 5),
    "a bad key": (Project(network=lambda: FakeCloud(key=REFUSED)), ["cloud.bad-key"], 3),
    "a cloud in trouble": (Project(network=lambda: FakeCloud(key=BROKEN)), ["cloud.trouble"], 6),
    "no network": (Project(network=lambda: FakeCloud(package=None)), ["cloud.unreachable"], 6),
    "no mentra dev": (Project(cloud="local"), ["cloud.not-running"], 6),
    "a bad key and a port in use": (
        Project(taken=True, network=lambda: FakeCloud(key=REFUSED)),
        ["port.in-use", "cloud.bad-key"],
        7,
    ),
}


@pytest.mark.parametrize(("project", "rules", "code"), SEEDED.values(), ids=SEEDED.keys())
def test_a_mistake_is_found_and_nothing_else(tmp_path: Path, project: Project, rules: list[str], code: int):
    findings = project.check(tmp_path)

    assert bad(findings) == rules
    assert exit_code(findings) == code
    assert all(finding.fix for finding in findings if finding.level != "ok")
    assert API_KEY not in repr(findings)


def test_a_healthy_project_is_fine(tmp_path: Path):
    findings = Project().check(tmp_path)

    assert [(finding.rule, finding.level) for finding in findings] == [
        ("version.python", "ok"),
        ("version.mentra", "ok"),
        ("env.file", "ok"),
        ("env.package-name", "ok"),
        ("env.api-key", "ok"),
        ("port.free", "ok"),
        ("app.found", "ok"),
        ("app.on-session", "ok"),
        ("cloud.package", "ok"),
        ("cloud.key", "ok"),
    ]


def test_settings_in_the_code_count_as_the_app_uses_them(tmp_path: Path):
    options = f"package_name='com.example.other', api_key=''.join(['{API_KEY[:32]}', '{API_KEY[32:]}']), port=4000"
    app = f"{APP}\nHelloApp({options}).run()\n"

    findings = Project({"app.py": app, ".env": None}).check(tmp_path)

    assert bad(findings) == ["env.missing-file"]
    named = {finding.rule: finding for finding in findings}
    assert named["env.package-name"].where == "app.py"
    assert named["port.free"].message == "port 4000 is free"


def test_an_error_of_the_app_is_shown_with_its_code_and_without_its_secrets(tmp_path: Path):
    app = f"key = '{API_KEY[::-1]}'\nother = '{API_KEY}'\nraise ValueError(other)\n"

    findings = Project({"app.py": app}).check(tmp_path)

    assert next(finding for finding in findings if finding.level == "error") == Finding(
        "app.import-failed",
        "error",
        "the app cannot be imported: ValueError: 0123... (64 characters)",
        fix="Mend the code; python shows the whole traceback: python app.py",
        where="app.py:3",
        detail="  1 | key = 'fedc... (64 characters)'\n"
        "  2 | other = '0123... (64 characters)'\n"
        "> 3 | raise ValueError(other)",
    )


def test_the_app_sees_the_environment_of_the_project_and_ours_comes_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    app = f"import os\nprint(os.environ['GREETING'], 'PATH' in os.environ)\n{APP}"
    before = dict(os.environ)

    findings = Project({"app.py": app, ".env": f"{ENV}GREETING=hi\n"}).check(tmp_path)

    assert bad(findings) == []
    assert dict(os.environ) == before
    assert capsys.readouterr() == ("", "hi False\n")


def test_no_network_asks_no_cloud(tmp_path: Path):
    findings = Project(network=None).check(tmp_path)

    assert not [finding for finding in findings if finding.rule.startswith("cloud.")]


async def test_a_local_key_is_checked_with_the_local_cloud_of_mentra_dev(tmp_path: Path):
    network = MemoryNetwork()
    async with LocalCloud(network) as cloud:
        cloud.install(InstalledApp(package_name=PACKAGE_NAME, api_key="local-abcdefghijklmnop", public_url=""))
        ours = DevState(pid=os.getpid(), port=3000, control_url="http://127.0.0.1:1", cloud_url=cloud.url, token="t")
        state_file.write(tmp_path, ours)

        checked = Project({".env": LOCAL_ENV}, taken=True).check_here(tmp_path)
        assert checked.question is not None
        answers = await ask(network, checked.question)

    assert [finding.rule for finding in [*checked.findings, *answers]][-6:] == [
        "env.local-api-key",
        "port.own",
        "app.found",
        "app.on-session",
        "cloud.package",
        "cloud.key",
    ]


def test_code_that_runs_a_loop_of_its_own_while_it_is_imported_is_fine(tmp_path: Path):
    assert bad(Project({"app.py": LOOPS_ON_IMPORT}).check(tmp_path)) == []


@pytest.mark.parametrize("cloud", ["", "wss://[::1", "https://host:abc", "http://cloud.example.org"])
def test_an_address_that_is_none_is_a_usage_error_whatever_else_is_wrong(tmp_path: Path, cloud: str):
    with pytest.raises(CliError) as refused:
        Project({"app.py": None}, cloud=cloud).check(tmp_path)

    assert refused.value.code is ExitCode.USAGE
