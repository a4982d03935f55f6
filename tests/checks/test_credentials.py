import pytest

from mentra_cli.checks.api_key import check_api_key
from mentra_cli.checks.package_name import check_package_name
from mentra_cli.checks.settings import Setting

ISSUED = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("value", "rule", "level"),
    [
        ("com.example.hello", "env.package-name", "ok"),
        (" com.example.hello ", "env.package-name", "ok"),
        ("", "env.missing-package-name", "error"),
        ("  ", "env.missing-package-name", "error"),
        ("Com.Example.Hello", "env.malformed-package-name", "error"),
        ("com.example:hello", "env.malformed-package-name", "error"),
        ("'com.example.hello'", "env.malformed-package-name", "error"),
        ("com.example.my_app", "env.malformed-package-name", "error"),
        ("com.example.my-app", "env.unusual-package-name", "warning"),
        ("hello", "env.unusual-package-name", "warning"),
        ("com.2fast.hello", "env.unusual-package-name", "warning"),
    ],
)
def test_package_names(value: str, rule: str, level: str):
    finding = check_package_name(Setting("PACKAGE_NAME", value, ".env:1"))

    assert (finding.rule, finding.level, finding.where) == (rule, level, ".env:1")
    assert bool(finding.fix) is (level != "ok")


@pytest.mark.parametrize(
    ("value", "rule", "level"),
    [
        (ISSUED, "env.api-key", "ok"),
        ("", "env.missing-api-key", "error"),
        (f" {ISSUED}", "env.quoted-api-key", "error"),
        (f'"{ISSUED}"', "env.quoted-api-key", "error"),
        (f"\u201c{ISSUED}\u201d", "env.quoted-api-key", "error"),
        ("two words", "env.quoted-api-key", "error"),
        (f"{ISSUED}\u200b", "env.quoted-api-key", "error"),
        ("your_api_key", "env.placeholder-api-key", "error"),
        ("your-api-key-here", "env.placeholder-api-key", "error"),
        ("<API_KEY>", "env.placeholder-api-key", "error"),
        ("changeme", "env.placeholder-api-key", "error"),
        ("xxxxxxxx", "env.placeholder-api-key", "error"),
        ("${MENTRA_KEY}", "env.placeholder-api-key", "error"),
        ("API_KEY", "env.placeholder-api-key", "error"),
        ("sk_live_abc123...", "env.placeholder-api-key", "error"),
        ("local-Gm2xYw8PqRs5TuV1", "env.local-api-key", "warning"),
        (ISSUED.upper(), "env.unusual-api-key", "warning"),
        (ISSUED[:-1], "env.unusual-api-key", "warning"),
    ],
)
def test_api_keys(value: str, rule: str, level: str):
    finding = check_api_key(Setting("API_KEY", value, ".env:2"))

    assert (finding.rule, finding.level, finding.where) == (rule, level, ".env:2")
    assert bool(finding.fix) is (level != "ok")
    assert ISSUED[:16] not in finding.message


def test_an_empty_line_and_no_line_are_told_apart():
    assert check_api_key(Setting("API_KEY", "", ".env:2")).message == "API_KEY is empty"
    assert check_api_key(Setting("API_KEY", "", "")).message == "API_KEY is not set"
