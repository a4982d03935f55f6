"""The first minutes of a new user: the wheel in an empty environment, a new project, its tests, ``mentra dev``."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHOWN_WITHIN_S = 30.0
ENDED_WITHIN_S = 10.0

# Building and installing fetch packages.
pytestmark = [pytest.mark.packaging, pytest.mark.timeout(300)]


def run(*command, cwd, **options):
    """Run a command that has to succeed; return what it wrote to stdout."""
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL, **options)
    assert result.returncode == 0, f"{command} failed:\n{result.stdout}\n{result.stderr}"
    return result.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), cwd=ROOT)
    (built,) = folder.iterdir()
    return built


class Machine:
    """A computer with nothing but the wheel, and what the tests of a project need."""

    def __init__(self, folder):
        self.folder = folder
        self.programs = folder / "venv" / "bin"
        # Nothing of our own environment: not its path, its settings, its home.
        self.environment = {"PATH": f"{self.programs}{os.pathsep}{os.defpath}", "HOME": str(folder)}

    def run(self, program, *arguments, cwd=None):
        return run(str(self.programs / program), *arguments, cwd=cwd or self.folder, env=self.environment)


@pytest.fixture(scope="module")
def machine(wheel, tmp_path_factory):
    machine = Machine(tmp_path_factory.mktemp("machine"))
    run(sys.executable, "-m", "venv", str(machine.folder / "venv"), cwd=machine.folder)
    wanted = [str(wheel), *(f"{name}=={version(name)}" for name in ("pytest", "pytest-asyncio"))]
    run(str(machine.programs / "python"), "-m", "pip", "install", "--quiet", *wanted, cwd=machine.folder)
    return machine


@pytest.fixture(scope="module")
def project(machine):
    machine.run("mentra", "new", "hello", "--no-input")
    return machine.folder / "hello"


def test_the_wheel_holds_the_packages_and_the_templates_only(wheel):
    names = zipfile.ZipFile(wheel).namelist()

    folders = {name.partition("/")[0] for name in names}
    assert folders == {"mentra", "mentra_cli", f"mentra_cli-{version('mentra-cli')}.dist-info"}
    assert {"mentra/py.typed", "mentra_cli/py.typed"} <= set(names)


def test_the_wheel_holds_every_file_of_every_template(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", "templates", cwd=ROOT)

    templates = {f"mentra_cli/{name}" for name in listed.splitlines()}

    assert any(name.endswith("/.env.example") for name in templates)
    assert templates - names == set()


def test_the_command_tells_its_version(machine):
    assert machine.run("mentra", "--version") == f"mentra {version('mentra-cli')}\n"
    assert machine.run("python", "-m", "mentra_cli", "--version") == f"mentra {version('mentra-cli')}\n"


def test_the_sdk_does_without_the_command(machine):
    script = (
        "import sys, mentra; print(*{'typer', 'rich', 'watchfiles', 'cookiecutter', 'mentra_cli'} & {*sys.modules})"
    )

    assert machine.run("python", "-c", script) == "\n"


def test_a_new_project_passes_its_tests(machine, project):
    assert re.search(r"\d+ passed", machine.run("python", "-m", "pytest", cwd=project))


def test_a_new_project_passes_the_checks(machine, project):
    assert "0 errors" in machine.run("mentra", "check", "--offline", cwd=project)


async def test_mentra_dev_shows_what_is_said_and_ends_with_ctrl_c(machine, project):
    process = await asyncio.create_subprocess_exec(
        machine.programs / "mentra",
        "dev",
        "--port",
        "0",
        cwd=project,
        env=machine.environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        await line_with(process, "glasses", "Listening")

        process.stdin.write(b"good morning\n")
        await line_with(process, "glasses", "good morning")
        said = await asyncio.to_thread(machine.run, "mentra", "say", "how are you", cwd=project)
        assert said.splitlines() == ["good morning", "how are you"]

        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(ENDED_WITHIN_S):
            _, errors = await process.communicate()
        assert process.returncode == 0
        assert errors.decode().endswith("Stopped.\n")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def line_with(process, *parts):
    """Read what ``mentra dev`` prints up to a line that has all these parts in this order."""
    read = []
    try:
        async with asyncio.timeout(SHOWN_WITHIN_S):
            async for line in process.stdout:
                read.append(line.decode())
                if re.search(".*".join(map(re.escape, parts)), read[-1]):
                    return
    except TimeoutError:
        pass
    pytest.fail(f"No line with {parts} in:\n{''.join(read)}")
