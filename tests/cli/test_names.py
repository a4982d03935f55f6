import pytest

from mentra_cli.errors import CliError, ExitCode
from mentra_cli.names import check_package_name, check_project_name, default_package_name


@pytest.mark.parametrize("name", ["hello", "my-captions", "My_App2", "x", "calendar", "a" * 50])
def test_a_usual_project_name_is_accepted(name: str):
    check_project_name(name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "begins with a letter"),
        ("1.2", "begins with a letter"),
        ("../hello", "begins with a letter"),
        ("hello-", "ends with a letter or a digit"),
        ("hello world", "takes letters, digits"),
        ("café", "takes letters, digits"),
        ("hello\n", "takes letters, digits"),
        ("a" * 51, "51 characters long, at most 50"),
        ("class", "a word of the Python language"),
        ("mentra_cli", "every project installs a package of that name"),
        ("Pytest", "every project installs a package of that name"),
        ("COM1", "Windows keeps it for a device"),
    ],
)
def test_another_project_name_is_refused_with_the_reason_and_an_example(name: str, reason: str):
    with pytest.raises(CliError) as refused:
        check_project_name(name)

    assert reason in refused.value.message
    assert "such as 'my-captions'" in refused.value.fix
    assert refused.value.code == ExitCode.VALIDATION


@pytest.mark.parametrize("name", ["com.example.captions", "io.acme", "org.mentra2.app1"])
def test_a_reverse_domain_is_accepted_as_package_name(name: str):
    check_package_name(name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("captions", "no dot"),
        ("", "no dot"),
        ("com.example:captions", "':' separates the package name from the API key"),
        ("com.example.my-captions", "session id by its '-'"),
        ("com.Example.captions", "capital letters"),
        ("com.example.2fast", "a letter followed by letters and digits"),
        ("com..captions", "a letter followed by letters and digits"),
        ("com.example.my_captions", "a letter followed by letters and digits"),
        ("com.example.captions\n", "a letter followed by letters and digits"),
    ],
)
def test_another_package_name_is_refused_with_the_reason_and_an_example(name: str, reason: str):
    with pytest.raises(CliError) as refused:
        check_package_name(name)

    assert reason in refused.value.message
    assert "such as 'com.example.captions'" in refused.value.fix
    assert refused.value.code == ExitCode.VALIDATION


@pytest.mark.parametrize("project", ["hello", "my-captions", "My_App2", "A-b_C"])
def test_the_default_package_name_of_every_project_is_acceptable(project: str):
    check_package_name(default_package_name(project))


def test_the_default_package_name_leaves_out_separators():
    assert default_package_name("My-live_captions") == "com.example.mylivecaptions"
