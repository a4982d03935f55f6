"""Options: argument, else environment, else default; and what is wrong with a wrong one."""

from pathlib import Path
from typing import Any

import pytest

from mentra import AppServer, ConfigError
from mentra.config import Secret, ServerConfig, read_config
from mentra.protocol.web_tokens import PUBLIC_KEY

KEY = "0123456789abcdef" * 4
OTHER_KEY = "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----"
NEEDED = {"PACKAGE_NAME": "com.example.app", "API_KEY": KEY}


def test_the_defaults():
    assert read_config(NEEDED) == ServerConfig(
        package_name="com.example.app",
        api_key=Secret(KEY),
        port=3000,
        host="0.0.0.0",
        webhook_path="/webhook",
        mentraos_websocket_url=None,
        public_url=None,
        public_dir=None,
        cookie_secret=None,
        frontend_tokens=False,
        user_token_key=PUBLIC_KEY,
        development=False,
    )


def test_the_environment_goes_before_the_defaults():
    environment = {
        **NEEDED,
        "PORT": "8080",
        "HOST": "127.0.0.1",
        "WEBHOOK_PATH": "hook",
        "MENTRAOS_WEBSOCKET_URL": "wss://cloud.example.com",
        "PUBLIC_URL": "https://app.example.com/",
        "COOKIE_SECRET": "correct horse",
        "MENTRAOS_CLOUD_USER_TOKEN_PUBLIC_KEY": OTHER_KEY.replace("\n", "\\n"),
        "MENTRA_DEV": "1",
    }

    assert read_config(environment) == ServerConfig(
        package_name="com.example.app",
        api_key=Secret(KEY),
        port=8080,
        host="127.0.0.1",
        webhook_path="/hook",
        mentraos_websocket_url="wss://cloud.example.com/app-ws",
        public_url="https://app.example.com",
        public_dir=None,
        cookie_secret=Secret("correct horse"),
        frontend_tokens=False,
        user_token_key=OTHER_KEY,
        development=True,
    )


def test_arguments_go_before_the_environment():
    environment = {
        "PACKAGE_NAME": "com.example.other",
        "API_KEY": "other",
        "PORT": "1",
        "PUBLIC_URL": "https://other.example.com",
        "COOKIE_SECRET": "of the environment",
        "MENTRA_DEV": "1",
    }

    assert read_config(
        environment,
        package_name="com.example.app",
        api_key=KEY,
        port=0,
        host="::1",
        webhook_path="/w",
        mentraos_websocket_url="ws://127.0.0.1:8002/app-ws",
        public_url="http://127.0.0.1:3000/app",
        public_dir="public",
        cookie_secret="correct horse",
        frontend_tokens=True,
        development=False,
    ) == ServerConfig(
        package_name="com.example.app",
        api_key=Secret(KEY),
        port=0,
        host="::1",
        webhook_path="/w",
        mentraos_websocket_url="ws://127.0.0.1:8002/app-ws",
        public_url="http://127.0.0.1:3000/app",
        public_dir=Path("public"),
        cookie_secret=Secret("correct horse"),
        frontend_tokens=True,
        user_token_key=PUBLIC_KEY,
        development=False,
    )


def test_the_key_may_be_named_as_on_the_page():
    environment = {"PACKAGE_NAME": "com.example.app", "MENTRAOS_API_KEY": KEY}

    assert read_config(environment).api_key == Secret(KEY)
    assert read_config({**environment, "API_KEY": "first"}).api_key == Secret("first")


def test_an_empty_variable_counts_as_missing():
    environment = {**NEEDED, "API_KEY": "", "MENTRAOS_API_KEY": KEY, "PORT": "", "HOST": "", "WEBHOOK_PATH": ""}

    assert read_config(environment) == read_config(NEEDED)


def test_space_around_name_and_key_is_dropped():
    assert read_config({"PACKAGE_NAME": " com.example.app\n", "API_KEY": f" {KEY}\n"}) == read_config(NEEDED)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"package_name": ""}, "package_name is missing"),
        ({"package_name": "Com.Example.App"}, "package_name 'Com.Example.App' is malformed"),
        ({"package_name": "com.example:app"}, "package_name 'com.example:app' is malformed"),
        ({"package_name": "com.example.app\nx"}, "malformed"),
        ({"package_name": "my_app"}, "malformed"),
        ({"api_key": ""}, "api_key is missing"),
        ({"api_key": "two words"}, "api_key is malformed"),
        ({"api_key": "a\x00b"}, "api_key is malformed"),
        ({"port": -1}, "port -1 is malformed"),
        ({"port": 65536}, "port 65536 is malformed"),
        ({"port": "http"}, "port 'http' is malformed"),
        ({"webhook_path": ""}, "webhook_path '' is empty"),
        ({"webhook_path": " / "}, "is empty"),
        ({"mentraos_websocket_url": "https://api.mentra.glass"}, "must begin with wss://"),
        ({"mentraos_websocket_url": "api.mentra.glass/app-ws"}, "must begin with wss://"),
        ({"mentraos_websocket_url": "wss:///app-ws"}, "must begin with wss://"),
        ({"mentraos_websocket_url": "wss://host:port/app-ws"}, "mentraos_websocket_url 'wss://host:port/app-ws'"),
        ({"mentraos_websocket_url": "wss://[::1/app-ws"}, r"mentraos_websocket_url 'wss://\[::1/app-ws'"),
    ],
)
def test_a_wrong_option_is_named_with_what_was_found(options: dict[str, Any], words: str):
    arguments = {"package_name": "com.example.app", "api_key": KEY, **options}

    with pytest.raises(ConfigError, match=words):
        read_config({}, **arguments)


def test_a_malformed_key_is_not_shown():
    with pytest.raises(ConfigError) as error:
        read_config({"PACKAGE_NAME": "com.example.app", "API_KEY": "secret secret secret"})

    assert "secret secret" not in str(error.value)
    assert "se..., 20 characters" in str(error.value)


def test_a_secret_shows_itself_only_when_asked():
    secret = Secret(KEY)

    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r}",
        format(secret),
        repr([secret]),
        repr(vars_of(secret)),
    ]
    assert [text for text in shown if KEY in text] == []
    assert secret.reveal() == KEY


def vars_of(secret: Secret) -> object:
    return getattr(secret, "__dict__", None)


def test_secrets_are_compared_by_what_they_hide():
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


def test_a_config_error_is_a_value_error():
    with pytest.raises(ValueError, match="package_name is missing"):
        read_config({})


def test_the_server_takes_every_option_but_development():
    app = AppServer(
        package_name="com.example.app",
        api_key=KEY,
        port=0,
        host="127.0.0.1",
        webhook_path="/w",
        mentraos_websocket_url="wss://cloud.example.com/app-ws",
    )

    assert (app.config.host, app.config.webhook_path) == ("127.0.0.1", "/w")
    with pytest.raises(TypeError):
        AppServer(package_name="com.example.app", api_key=KEY, development=True)  # type: ignore[call-arg]  # on purpose


def test_the_servers_own_config_is_masked(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PACKAGE_NAME", "com.example.app")
    monkeypatch.setenv("API_KEY", KEY)

    app = AppServer()

    assert app.config.package_name == "com.example.app"
    assert KEY not in repr(app.config)


@pytest.mark.parametrize(
    "url", ["app.example.com", "wss://app.example.com", "https://", "https://a.b/?x=1", "http://[::"]
)
def test_a_public_url_that_no_phone_could_fetch_from_is_refused(url: str):
    with pytest.raises(ConfigError, match=r"public_url .* is malformed: it must begin with https://"):
        read_config(NEEDED, public_url=url)


@pytest.mark.parametrize("secret", ["x", "1234567"])
def test_a_cookie_secret_that_can_be_guessed_is_refused_and_not_shown(secret: str):
    with pytest.raises(ConfigError, match=rf"cookie_secret has {len(secret)} characters; it needs 8") as caught:
        read_config({**NEEDED, "COOKIE_SECRET": secret})

    assert f"{secret!r}" not in str(caught.value)


def test_a_key_for_signed_tokens_that_is_none_is_refused():
    with pytest.raises(ConfigError, match=r"MENTRAOS_CLOUD_USER_TOKEN_PUBLIC_KEY is no public key in PEM"):
        read_config({**NEEDED, "MENTRAOS_CLOUD_USER_TOKEN_PUBLIC_KEY": "/etc/keys/public.pem"})


def test_a_key_under_its_old_name_is_to_be_renamed():
    with pytest.raises(ConfigError) as error:
        read_config({"PACKAGE_NAME": "com.example.app", "AUGMENTOS_API_KEY": KEY})

    assert str(error.value).startswith(
        "api_key is missing. AUGMENTOS_API_KEY is an old name: rename it to API_KEY. Pass api_key=..., or set API_KEY, "
    )
    assert KEY not in str(error.value)
