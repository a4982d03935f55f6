"""The file by which commands find what runs in a folder."""

from pathlib import Path

from mentra_cli.dev import state_file
from mentra_cli.dev.state_file import DevState

STATE = DevState(pid=1, port=3000, control_url="http://127.0.0.1:4000", cloud_url="", token="t")


def test_only_its_owner_can_read_it_and_the_folder_ignores_itself(tmp_path: Path) -> None:
    state_file.write(tmp_path, STATE)

    folder = tmp_path / state_file.FOLDER
    assert (folder / state_file.NAME).stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / ".gitignore").read_text() == "*\n"
    assert state_file.read(tmp_path) == STATE


def test_what_a_link_in_the_folder_points_to_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("mine")
    folder = tmp_path / state_file.FOLDER
    folder.mkdir()
    for name in (".gitignore", state_file.NAME):
        (folder / name).symlink_to(mine)

    state_file.write(tmp_path, STATE)

    assert mine.read_text() == "mine"
    assert state_file.read(tmp_path) == STATE
