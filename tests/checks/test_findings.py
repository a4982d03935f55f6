import pytest

from mentra_cli.checks.findings import Finding, exit_code, without_secrets
from mentra_cli.errors import ExitCode


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ([], ExitCode.OK),
        (["cloud.unreachable"], ExitCode.NETWORK),
        (["cloud.bad-key"], ExitCode.AUTHENTICATION),
        (["cloud.unknown-package"], ExitCode.NOT_FOUND),
        (["cloud.unreachable", "port.in-use"], ExitCode.VALIDATION),
        (["app.no-app", "cloud.bad-key"], ExitCode.NOT_FOUND),
    ],
)
def test_a_mistake_in_the_project_counts_before_what_the_cloud_says(rules: list[str], code: ExitCode):
    assert exit_code(Finding(rule, "error", "message", fix="fix") for rule in rules) is code


def test_warnings_are_no_failure():
    assert exit_code([Finding("env.local-api-key", "warning", "message", fix="fix")]) is ExitCode.OK


def test_secrets_in_quoted_code_are_masked():
    hexadecimal = "fedcba9876543210" * 4
    finding = Finding("app.import-failed", "error", "no hunter22", fix="hunter22", detail=f"1 | a = '{hexadecimal}'")

    cleaned = without_secrets([finding], "hunter22")

    assert cleaned == [
        Finding(
            "app.import-failed",
            "error",
            "no ... (8 characters)",
            fix="... (8 characters)",
            detail="1 | a = 'fedc... (64 characters)'",
        )
    ]
