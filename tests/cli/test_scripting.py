"""The commands for scripts and coding agents, against a ``mentra dev`` that runs as a process of its own.

Most commands run in this process, which saves the start of Python; what they print and return is the same.
"""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from PIL import Image
from typer.main import get_command

from mentra.localcloud import DEFAULT_USER
from mentra_cli.commands.acting import FIRST_USER
from mentra_cli.main import app, main
from tests.helpers.dev import MENTRA, WITHIN_S
from tests.helpers.tmux import plain_environment

APP = '''
from mentra import AppServer, tool

def ssid(state):
    return [state.wifi.ssid] if state.wifi else []

class App(AppServer):
    async def on_session(self, session, session_id, user_id):
        def show(text):
            session.layouts.show_text_wall(text)

        session.events.on_transcription(lambda speech: show(f"{user_id} said {speech.text}"))
        session.events.on("button_press", lambda press: show(f"{press.button_id} {press.press_type}"))
        session.events.on("touch_event", lambda touch: show(touch.gesture_name))
        session.events.on("head_position", lambda head: show(head.position))
        session.events.on("location_update", lambda place: show(f"{place.lat} {place.lng} {place.accuracy_m}"))
        session.events.on("phone_notification", lambda note: show(f"{note.app}: {note.title}, {note.content}"))
        session.events.on("phone_notification_dismissed", lambda note: show(f"gone {note.notification_id}"))
        session.events.on("glasses_battery_update", lambda battery: show(f"{battery.level:.0f} {battery.charging}"))
        session.events.on("phone_battery_update", lambda battery: show(f"phone {battery.level:.0f}"))
        session.events.on("photo_taken", lambda photo: show(f"{photo.mime_type} {photo.photo_data}"))
        session.events.on("calendar_event", lambda entry: show(f"{entry.title} {entry.dt_start}"))
        session.events.on_translation(lambda speech: show(f"translated {speech.text}"), target="es-ES")
        session.events.on("audio_chunk", lambda chunk: show(f"{len(chunk.data)} bytes"))
        session.events.on("glasses_connection_state", lambda state: show(" ".join([state.status, *ssid(state)])))
        session.settings.on_change("lines", lambda new, old: show(f"lines {new}"))
        show(f"ready {user_id}")

    @tool
    async def forecast(self, city: str, days: int = 1) -> str:
        """Tell the weather."""
        if city == "Nowhere":
            raise ValueError(city)
        return f"Sunny in {city} for {days}"
'''

NEEDS_DEV = {
    name for name in get_command(app).commands if name not in ("new", "dev", "run", "cloud", "check", "config")
}  # type: ignore[attr-defined]
ARGUMENTS: dict[str, list[str]] = {
    "say": ["hello"],
    "touch": ["double_tap"],
    "look": ["up"],
    "move": ["-33.9", "151.2"],
    "notify": ["Ann", "Lunch?"],
    "battery": ["15"],
    "photo": ["cat.png", "--take"],
    "calendar": ["Lunch"],
    "sound": ["beep.wav"],
    "send": ["glasses_connection_state", "status=CONNECTED", "wifi.connected=true", "wifi.ssid=home"],
    "tool": ["forecast", "city=Vienna"],
    "wear": ["Even Realities G1"],
    "open": ["/album"],
}
"""What each command cannot do without."""
ENDS_IT = {"stop", "restart", "leave"}


class Finished(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Finished]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    def command(*arguments: str) -> Finished:
        capfd.readouterr()
        code = main(arguments)
        return Finished(code, *capfd.readouterr())

    return command


def make_project(folder: Path) -> Path:
    (folder / "app.py").write_text(APP)
    (folder / "cat.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    for name, rate in (("beep.wav", 16_000), ("other.wav", 44_100)):
        with wave.open(str(folder / name), "wb") as recording:
            recording.setnchannels(1)
            recording.setsampwidth(2)
            recording.setframerate(rate)
            recording.writeframes(bytes(2000))
    return folder


def start_dev(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        process = subprocess.Popen(
            [*MENTRA, "dev", "--port", "0", *arguments],
            cwd=folder,
            env=plain_environment(),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
    deadline = time.monotonic() + WITHIN_S
    while b"ready you@example.com" not in (folder / "out").read_bytes():
        assert process.poll() is None, (folder / "err").read_text()
        assert time.monotonic() < deadline, (folder / "out").read_text()
        time.sleep(0.02)
    return process


def end_dev(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
    process.wait(timeout=WITHIN_S)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a ``mentra dev`` that serves many tests."""
    folder = make_project(tmp_path_factory.mktemp("shared"))
    process = start_dev(folder, "--json")
    yield folder
    end_dev(process)


@pytest.fixture
def here(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(shared)
    return shared


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    """A ``mentra dev`` that one test may break or end."""
    monkeypatch.chdir(make_project(tmp_path))
    process = start_dev(tmp_path)
    yield process
    end_dev(process)


def test_the_first_user_is_that_of_the_local_cloud() -> None:
    assert FIRST_USER == DEFAULT_USER


@pytest.mark.parametrize("command", sorted(NEEDS_DEV))
def test_without_a_running_mentra_dev_each_command_says_what_to_do(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(make_project(tmp_path))

    finished = run(command, *ARGUMENTS.get(command, []))

    assert (finished.code, finished.out) == (5, "")
    assert "No mentra dev is running" in finished.err
    assert "mentra dev" in finished.err.partition("Fix:")[2]


@pytest.mark.processes
@pytest.mark.parametrize("command", sorted(NEEDS_DEV - ENDS_IT - {"logs"}))
def test_json_is_exactly_one_document_with_a_version(run: Run, here: Path, command: str) -> None:
    run("say", "something that can be replayed")

    finished = run(command, *ARGUMENTS.get(command, []), "--json")

    assert (finished.code, finished.err) == (0, "")
    assert json.loads(finished.out)["version"] == 1


@pytest.mark.processes
@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["say", "hello"], "you@example.com said hello"),
        (["say", "hello", "--user", "bob@example.com"], "bob@example.com said hello"),
        (["press"], "main short"),
        (["press", "--long", "--button", "camera"], "camera long"),
        (["touch", "double_tap"], "double_tap"),
        (["look", "down"], "down"),
        (["move", "-33.9", "151.2"], "-33.9 151.2 None"),
        (["move", "48", "-16.37", "--accuracy", "5"], "48.0 -16.37 5.0"),
        (["notify", "Ann", "Lunch?", "--app", "WhatsApp"], "WhatsApp: Ann, Lunch?"),
        (["dismiss", "7"], "gone 7"),
        (["battery", "15", "--charging"], "15 True"),
        (["battery", "80", "--phone"], "phone 80"),
        (["photo", "cat.png", "--take"], "image/png iVBORw0KGgo="),
        (["calendar", "Lunch", "--start", "2026-01-31T14:30:00+0100"], "Lunch 2026-01-31T13:30:00.000Z"),
        (["say", "hello", "--to", "es-ES", "--translation", "hola"], "translated hola"),
        (["sound", "beep.wav"], "2000 bytes"),
        (["sound", "other.wav"], "724 bytes"),
        (["sound", "beep.wav", "--real-time"], "2000 bytes"),
        (["say", "good morning", "--word-by-word"], "you@example.com said good morning"),
        (["wear", "Even Realities G1", "--wifi", "home"], "CONNECTED home"),
        (["wear"], "CONNECTED"),
        (["network"], "online"),
        (["network", "--latency", "20ms", "--jitter", "5ms", "--seed", "3"], "online, latency 20 ms, jitter 5 ms"),
        (["network", "--perfect"], "online"),
        (["send", *ARGUMENTS["send"]], "CONNECTED home"),
        (["send", "button_press", "--data", '{"buttonId": "x", "pressType": "y"}'], "x y"),
        (["settings", "lines=3"], "lines 3"),
        (["tool", "forecast", "city=Vienna", "days=3"], "Sunny in Vienna for 3"),
        (["start", "--user", "carol@example.com"], "ready carol@example.com"),
    ],
    ids=" ".join,
)
def test_an_action_prints_what_the_glasses_show_afterwards(
    run: Run, here: Path, arguments: list[str], shown: str
) -> None:
    finished = run(*arguments)

    assert (finished.code, finished.out) == (0, f"{shown}\n")
    assert "Error" not in finished.err


@pytest.mark.processes
@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["send", "VAD", "status=true"], 1, "session.events.on_voice_activity(handler)"),
        (["send", "foo"], 1, "no stream 'foo'"),
        (["move", "1", "2", "--accuracy-m", "5"], 2, "Use --accuracy."),
        (["move", "1", "2", "--acuracy=5"], 2, "No such option: --acuracy"),
        (["wear", "mentra live"], 5, "Did you mean 'Mentra Live'?"),
        (["wear", "Nonsense"], 5, "There are: Even Realities G1"),
        (["tool", "nosuch"], 5, "The app has no tool 'nosuch' and no on_tool_call. Its tools: forecast."),
        (["send", "VAD", "status"], 2, "is not KEY=VALUE"),
        (["send", "VAD"], 2, "status"),
        (["send", "button_pres"], 2, "Did you mean 'button_press'?"),
        (["send", "VAD", "--data", "[]"], 2, "is no JSON object"),
        (["move", "91", "0"], 2, "lat"),
        (["look", "left"], 2, "Invalid value for 'direction': 'left' is not one of 'up', 'down'."),
        (["battery", "101"], 2, "level"),
        (["photo", "nowhere.png"], 5, "nowhere.png cannot be read"),
        (["photo", "cat.png", "--fail", "CAMERA_BUSY"], 2, "--fail takes no file"),
        (["photo", "--fail", "CAMERA_BUSY", "--by", "me"], 2, "me"),
        (["photo", "app.py"], 7, "app.py is no image."),
        (["photo", "app.py", "--take"], 7, "app.py is no image."),
        (["photo", "--fail", "NONSENSE"], 2, "There are: CAMERA_INIT_FAILED, "),
        (["permissions", "--deny", "COFFEE"], 2, "There is no permission 'COFFEE'.\nFix:   There are: MICROPHONE, "),
        (["open", "no-path"], 2, "is no path of a page"),
        (["say", "hello", "--translation", "hola"], 2, "Add it: --to es-ES"),
        (["calendar", "Lunch", "--start", "noon"], 2, "noon"),
        (["network", "--latency", "long"], 2, "Write one: 300ms, or 0.3s"),
        (["network", "--loss", "200%"], 2, "Write one: 5%, or 0.05"),
        (["network", "--loss", "1%", "--perfect"], 2, "Leave out --perfect."),
        (["network", "away"], 2, "'offline', 'online'"),
        (["wear", "--off", "--wifi", "home"], 2, "Leave out --off, or the rest."),
        (["restart", "--down", "3s"], 2, "Add it: --cloud"),
        (["sound", "app.py"], 7, "is no WAV file"),
        (["tool", "forecast", "city=Nowhere"], 1, "The tool forecast failed"),
        (["say", "hello", "--user", "a-b@example.com"], 2, "hyphen"),
        (["leave", "--user", "nobody@example.com"], 5, "is not there"),
        (["replay", "1"], 1, "no event of a stream"),
        (["replay", "1000000"], 5, "There is no entry"),
        (["screen", "--wait-text", "never", "--timeout", "0.1"], 1, "did not show 'never' within 0.1 s"),
        (["screen", "--png", "nowhere/screen.png"], 5, "There is no folder nowhere"),
        (["screen", "--png", "."], 5, ". is a folder"),
        (["screen", "--png", "-", "--json"], 2, "--json and --png - both write to stdout"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_be_done_is_told_with_its_exit_code(
    run: Run, here: Path, arguments: list[str], code: int, message: str
) -> None:
    finished = run(*arguments)

    assert finished.code == code
    assert message in finished.err
    assert "Internal error" not in finished.err


@pytest.mark.processes
@pytest.mark.parametrize(
    "arguments",
    [
        ["send", "VAD", "status=true"],
        ["screen", "--wait-text", "never", "--timeout", "0"],
        ["tool", "forecast", "city=Nowhere"],
    ],
    ids=" ".join,
)
def test_a_result_that_is_a_failure_is_one_document_too(run: Run, here: Path, arguments: list[str]) -> None:
    finished = run(*arguments, "--json")

    assert finished.code == 1
    assert json.loads(finished.out)["version"] == 1
    assert finished.err.startswith("Error: ")


@pytest.mark.processes
def test_a_picture_of_the_screen_is_stored(run: Run, here: Path, tmp_path: Path) -> None:
    target = tmp_path / "screen.png"

    finished = run("screen", "--png", str(target))
    as_json = run("screen", "--png", str(target), "--json")

    assert (finished.code, finished.out, finished.err) == (0, f"{target}\n", "")
    with Image.open(target) as picture:
        assert (picture.format, picture.size) == ("PNG", (640, 200))
    assert json.loads(as_json.out)["screenshot"] == {"path": str(target), "width": 640, "height": 200}


@pytest.mark.processes
def test_a_picture_of_the_screen_goes_to_stdout(here: Path) -> None:
    finished = subprocess.run([*MENTRA, "screen", "--png", "-"], cwd=here, capture_output=True, timeout=WITHIN_S)

    assert (finished.returncode, finished.stderr) == (0, b"")
    assert Image.open(io.BytesIO(finished.stdout)).size == (640, 200)


@pytest.mark.processes
def test_a_text_that_does_not_appear_leaves_a_picture_of_what_does(run: Run, here: Path, tmp_path: Path) -> None:
    target = tmp_path / "screen.png"

    finished = run("screen", "--wait-text", "never", "--timeout", "0.1", "--png", str(target))

    assert (finished.code, finished.out) == (1, f"{target}\n")
    assert "did not show 'never'" in finished.err
    assert target.exists()


@pytest.mark.processes
def test_there_is_no_picture_of_glasses_without_a_display(run: Run, here: Path, tmp_path: Path) -> None:
    user = ("--user", "heidi@example.com")
    run("wear", "Mentra Live", *user)

    finished = run("screen", "--png", str(tmp_path / "screen.png"), *user)

    assert (finished.code, finished.out) == (1, "")
    assert "The Mentra Live have no display.\nFix:   Put on others: mentra wear 'Even Realities G1'" in finished.err
    assert not (tmp_path / "screen.png").exists()


@pytest.mark.processes
def test_an_unknown_gesture_or_model_is_mentioned_and_happens(run: Run, here: Path) -> None:
    touched = run("touch", "wiggle")
    worn = run("wear", "Glasses of Tomorrow", "--force")

    assert (touched.code, touched.out) == (0, "wiggle\n")
    assert "double_tap" in touched.err
    assert (worn.code, worn.err) == (0, "")


@pytest.mark.processes
def test_what_these_glasses_cannot_do_is_mentioned_and_happens(run: Run, here: Path) -> None:
    run("wear", "Even Realities G1", "--user", "grace@example.com")
    pressed = run("press", "--user", "grace@example.com")

    assert (pressed.code, pressed.out) == (0, "main short\n")
    assert "have no button" in pressed.err


@pytest.mark.processes
def test_settings_are_printed_as_they_can_be_typed(run: Run, here: Path) -> None:
    run("settings", "lines=3", "city=Vienna", "--user", "dora@example.com")

    assert run("settings", "--user", "dora@example.com").out == 'lines=3\ncity="Vienna"\n'


@pytest.mark.processes
def test_settings_of_mentraos_are_printed_and_changed(run: Run, here: Path) -> None:
    run("settings", "--mentraos", "metricSystemEnabled=true", "userTimezone=Europe/Vienna", "--user", "eve@example.com")

    printed = run("settings", "--mentraos", "--user", "eve@example.com").out.splitlines()

    assert {"metricSystemEnabled=true", 'userTimezone="Europe/Vienna"'} <= set(printed)


@pytest.mark.processes
def test_glasses_without_a_camera_are_an_error_of_photo(run: Run, here: Path) -> None:
    finished = run("photo", "cat.png", "--user", "frank@example.com")

    assert finished.code == 1
    assert 'Put on others: mentra wear "Mentra Live"' in finished.err


@pytest.mark.processes
def test_permissions_are_denied_and_granted(run: Run, here: Path) -> None:
    before = run("permissions").out.split()
    denied = run("permissions", "--deny", "camera").out.split()
    granted = run("permissions", "--grant", "CAMERA").out.split()

    assert "CAMERA" not in denied
    assert set(granted) == {*denied, "CAMERA"}
    run("permissions", *(word for name in before for word in ("--grant", name)))


@pytest.mark.processes
def test_off_a_terminal_the_address_of_a_page_is_all_that_open_does(run: Run, here: Path) -> None:
    finished = run("open", "/settings?tab=2")

    assert (finished.code, finished.err) == (0, "")
    assert re.fullmatch(
        r"http://127\.0\.0\.1:\d+/settings\?tab=2&aos_temp_token=\w+&aos_signed_user_token=\S+\n", finished.out
    )


@pytest.mark.processes
def test_a_text_is_waited_for_until_another_command_makes_it_appear(run: Run, here: Path) -> None:
    waiting = subprocess.Popen(
        [*MENTRA, "screen", "--wait-text", "later", "--timeout", "10"], cwd=here, stdout=subprocess.PIPE, text=True
    )
    time.sleep(0.1)  # Whichever comes first, it is found.
    run("say", "later")
    out, _ = waiting.communicate(timeout=WITHIN_S)

    assert (waiting.returncode, out) == (0, "you@example.com said later\n")


@pytest.mark.processes
def test_a_text_is_waited_for_before_there_is_a_mentra_dev(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(make_project(tmp_path))
    waiting = subprocess.Popen(
        [*MENTRA, "screen", "--wait-text", "ready", "--timeout", "30"], stdout=subprocess.PIPE, text=True
    )
    process = start_dev(tmp_path)

    out, _ = waiting.communicate(timeout=WITHIN_S)
    end_dev(process)

    assert (waiting.returncode, out) == (0, "ready you@example.com\n")


@pytest.mark.processes
def test_a_mentra_dev_that_does_not_come_is_missing(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(make_project(tmp_path))

    finished = run("screen", "--wait-text", "ready", "--timeout", "0.2")

    assert finished.code == 5
    assert "No mentra dev is running" in finished.err


@pytest.mark.processes
def test_an_event_is_replayed(run: Run, here: Path) -> None:
    run("say", "again")
    run("say", "something", "--language", "fr-FR")
    number = last_entry(run, "again", "data_stream")
    run("press")

    replayed = run("replay", str(number))

    assert (replayed.code, replayed.out) == (0, "you@example.com said again\n")
    assert f"Replayed {number}: transcription:en-US" in replayed.err


def last_entry(run: Run, *texts: str) -> int:
    entries = [json.loads(line) for line in run("logs", "--json", "--filter", texts[0]).out.splitlines()]
    return int([entry for entry in entries if all(text in json.dumps(entry) for text in texts)][-1]["number"])


@pytest.mark.processes
def test_logs_are_lines_or_documents(run: Run, here: Path) -> None:
    run("say", "a needle")

    lines = run("logs", "--filter", "NEEDLE", "-n", "2")
    documents = [json.loads(line) for line in run("logs", "--json", "--filter", "needle", "-n", "2").out.splitlines()]
    after = run("logs", "--json", "--after", str(documents[0]["number"]), "--filter", "needle")

    assert lines.out.splitlines()[-1].endswith("glasses  you@example.com: you@example.com said a needle")
    assert [document["kind"] for document in documents] == ["frame", "display"]
    assert [json.loads(line) for line in after.out.splitlines()] == documents[1:]


@pytest.mark.processes
def test_mentra_dev_with_json_prints_nothing_but_its_journal(run: Run, here: Path) -> None:
    run("say", "into the stream")

    documents: list[dict[str, Any]] = [json.loads(line) for line in (here / "out").read_text().splitlines()]

    assert [document["number"] for document in documents] == list(range(1, len(documents) + 1))
    assert documents[0]["kind"] == "started"
    assert documents[0]["url"] in (here / "err").read_text()
    assert any(document.get("message", {}).get("type") == "display_event" for document in documents)


@pytest.mark.processes
def test_the_status_is_that_of_the_code(run: Run, own: subprocess.Popen[bytes]) -> None:
    good = run("status")
    Path("app.py").write_text(f"{APP}\ndef broken(:\n")
    assert run("restart").code == 7
    bad = run("status")
    Path("app.py").write_text(APP)
    assert run("restart", "--json").code == 0
    mended = run("status", "--json")

    assert good.code == 0
    assert "glasses   you@example.com (Even Realities G1): ready you@example.com" in good.out
    assert f"process   {own.pid}" in good.out
    assert bad.code == 7
    assert "SyntaxError" in bad.err
    assert "app.py:" in bad.err
    assert "serves, as it was before the last save" in bad.out
    assert mended.code == 0
    assert json.loads(mended.out)["problem"] is None


@pytest.mark.processes
def test_what_on_session_raises_is_a_problem_of_the_code(run: Run, own: subprocess.Popen[bytes]) -> None:
    Path("app.py").write_text(APP.replace('show(f"ready', 'show(f"{nosuch}'))
    restarted = run("restart")
    status = run("status")
    Path("app.py").write_text(APP)
    mended = run("restart")

    problem = "App.on_session failed for you@example.com: NameError: name 'nosuch' is not defined"
    assert (restarted.code, status.code, mended.code) == (7, 7, 0)
    assert problem in restarted.err
    assert problem in status.err
    assert "code      serves: class App in app.py" in status.out


@pytest.mark.processes
def test_stop_ends_it_and_waits_until_it_is_gone(run: Run, own: subprocess.Popen[bytes]) -> None:
    follower = subprocess.Popen([*MENTRA, "logs", "--follow", "-n", "1"], stdout=subprocess.PIPE, text=True)
    assert follower.stdout is not None
    follower.stdout.readline()

    stopped = run("stop")

    assert (stopped.code, stopped.err) == (0, "Stopped.\n")
    assert own.poll() == 0
    assert not Path(".mentra-dev/dev.json").exists()
    follower.communicate(timeout=WITHIN_S)
    assert follower.returncode == 0
    assert run("stop").code == 5


@pytest.mark.processes
def test_who_follows_the_logs_ends_with_130_on_ctrl_c(here: Path) -> None:
    follower = subprocess.Popen(
        [*MENTRA, "logs", "--follow"], cwd=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert follower.stdout is not None
    follower.stdout.readline()
    follower.send_signal(signal.SIGINT)

    _, err = follower.communicate(timeout=WITHIN_S)

    assert follower.returncode == 130
    assert "Traceback" not in err


@pytest.mark.processes
def test_a_reader_of_the_logs_that_goes_away_is_no_bug(here: Path) -> None:
    finished = subprocess.run(
        f"{sys.executable} -m mentra_cli logs | head -1",
        shell=True,
        cwd=here,
        env={**os.environ},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=True,
    )

    assert len(finished.stdout.splitlines()) == 1
    assert finished.stderr == ""
