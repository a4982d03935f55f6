from pathlib import Path

import pytest

from mentra_cli.checks.versions import check_versions


@pytest.mark.parametrize(
    ("first_line", "rules"),
    [
        ("#!/usr/bin/env node", ["version.python", "version.mentra", "version.other-mentra"]),
        ("#!/usr/bin/env bun", ["version.python", "version.mentra", "version.other-mentra"]),
        ("#!/opt/venv/bin/python", ["version.python", "version.mentra"]),
    ],
)
def test_the_other_command_of_the_same_name_is_noticed(tmp_path: Path, first_line: str, rules: list[str]):
    command = tmp_path / "mentra"
    command.write_text(f"{first_line}\n")
    command.chmod(0o755)

    findings = check_versions({"PATH": str(tmp_path)})

    assert [finding.rule for finding in findings] == rules
