"""The options of an app server: argument, else environment, else default; checked once.

| Option | Environment | Default |
|---|---|---|
| package_name | ``PACKAGE_NAME`` | required |
| api_key | ``API_KEY``, then ``MENTRAOS_API_KEY`` | required |
| port | ``PORT`` | 3000 |
| host | ``HOST`` | 0.0.0.0 |
| webhook_path | ``WEBHOOK_PATH`` | /webhook |
| mentraos_websocket_url | ``MENTRAOS_WEBSOCKET_URL`` | the one in each start webhook |
| public_dir | | none: no static files |
| cookie_secret | ``COOKIE_SECRET`` | made of the API key |
| frontend_tokens | | off |
| user_token_key | ``MENTRAOS_CLOUD_USER_TOKEN_PUBLIC_KEY`` | the key of MentraOS Cloud |
| public_url | ``PUBLIC_URL`` | none: nothing can be handed out to phones |
| development | ``MENTRA_DEV`` (``1``) | off |

``development`` is no argument of ``AppServer``: it weakens whom we trust, and belongs to a machine, not into code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from mentra.errors import ConfigError
from mentra.protocol.connection import SOCKET_PATH
from mentra.protocol.package_names import console_accepts
from mentra.protocol.web_tokens import PUBLIC_KEY

CONSOLE = "https://console.mentra.glass"
"""Where developers register apps and get keys."""

DEFAULT_WEBHOOK_PATH = "/webhook"
DEFAULT_PORT = 3000
MIN_SECRET_CHARACTERS = 8
IN_A_TEST = "In a test, simulate(lambda: MyApp(...)) needs no credentials."
"""What to do instead where an app is made without them."""


class Secret:
    """A text that shows itself only when asked by name."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the text itself. For the wire only: never log it, never show it."""
        return self._value

    def __repr__(self) -> str:
        return f"<secret of {len(self._value)} characters>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """The options of one app server, checked."""

    package_name: str
    api_key: Secret
    port: int
    """0 picks a free one."""
    host: str
    webhook_path: str
    mentraos_websocket_url: str | None
    """When set, every session connects here, whatever the webhook says."""
    public_url: str | None
    """Where the server is reached from outside, without a slash at the end."""
    public_dir: Path | None
    """The folder of the static files."""
    cookie_secret: Secret | None
    """What the session cookie is signed with, if not with the API key."""
    frontend_tokens: bool
    """Whether a frontend token alone proves who the user is."""
    user_token_key: str
    """The public key of the cloud's signed tokens, in PEM."""
    development: bool
    """Clouds on this machine are trusted with the key."""


def read_config(
    environment: Mapping[str, str],
    *,
    package_name: str | None = None,
    api_key: str | None = None,
    port: int | None = None,
    host: str | None = None,
    webhook_path: str | None = None,
    mentraos_websocket_url: str | None = None,
    public_url: str | None = None,
    public_dir: str | PathLike[str] | None = None,
    cookie_secret: str | None = None,
    frontend_tokens: bool = False,
    development: bool | None = None,
) -> ServerConfig:
    """Resolve and check all options.

    Raises:
        ConfigError: An option is missing or malformed. The key itself is never part of the message.
    """
    return ServerConfig(
        package_name=_package_name(package_name or environment.get("PACKAGE_NAME", "")),
        api_key=_api_key(
            api_key or environment.get("API_KEY") or environment.get("MENTRAOS_API_KEY", ""),
            missing="AUGMENTOS_API_KEY is an old name: rename it to API_KEY. "
            if environment.get("AUGMENTOS_API_KEY")
            else "",
        ),
        port=_port(environment.get("PORT") or DEFAULT_PORT if port is None else port),
        host=host or environment.get("HOST") or "0.0.0.0",  # noqa: S104 - the cloud must be able to call in.
        webhook_path=_webhook_path(
            environment.get("WEBHOOK_PATH") or DEFAULT_WEBHOOK_PATH if webhook_path is None else webhook_path
        ),
        mentraos_websocket_url=_websocket_url(mentraos_websocket_url or environment.get("MENTRAOS_WEBSOCKET_URL")),
        public_url=read_public_url(public_url or environment.get("PUBLIC_URL")),
        public_dir=None if public_dir is None else Path(public_dir),
        cookie_secret=_cookie_secret(cookie_secret or environment.get("COOKIE_SECRET")),
        frontend_tokens=frontend_tokens,
        user_token_key=_user_token_key(environment.get("MENTRAOS_CLOUD_USER_TOKEN_PUBLIC_KEY")),
        development=environment.get("MENTRA_DEV") == "1" if development is None else development,
    )


def split_url(url: str) -> SplitResult | None:
    """Take a URL apart; ``None`` when that is impossible."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # Raises on nonsense.
    except ValueError:
        return None
    return parts


def read_public_url(url: str | None) -> str | None:
    """Check where a server is reached from outside, and take the slash off the end.

    Raises:
        ConfigError: It is no URL of a server.
    """
    if not url:
        return None
    parts = split_url(url)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ConfigError(
            f"public_url {url!r} is malformed: it must begin with https:// and name a host, such as "
            f"'https://myapp.example.com'. It is the app's Public URL in the developer console ({CONSOLE})."
        )
    return url.rstrip("/")


def _cookie_secret(secret: str | None) -> Secret | None:
    if not secret:
        return None
    if len(secret) < MIN_SECRET_CHARACTERS:
        raise ConfigError(
            f"cookie_secret has {len(secret)} characters; it needs {MIN_SECRET_CHARACTERS} at least. Leave it out (and "
            "COOKIE_SECRET too) to have one made of the API key."
        )
    return Secret(secret)


def _user_token_key(key: str | None) -> str:
    if not key:
        return PUBLIC_KEY
    key = key.replace("\\n", "\n").strip()  # In .env files and consoles it is one line.
    if not key.startswith("-----BEGIN PUBLIC KEY-----"):
        raise ConfigError(
            "MENTRAOS_CLOUD_USER_TOKEN_PUBLIC_KEY is no public key in PEM, which begins with -----BEGIN PUBLIC "
            "KEY-----. Leave it out to trust MentraOS Cloud."
        )
    return key


def _package_name(name: str) -> str:
    name = name.strip()
    if not name:
        raise ConfigError(
            "package_name is missing. Pass package_name=..., or set PACKAGE_NAME, to the name that the app has "
            f"in the developer console ({CONSOLE}), such as 'com.example.myapp'. {IN_A_TEST}"
        )
    if not console_accepts(name):
        raise ConfigError(
            f"package_name {name!r} is malformed: lower-case letters, digits, dots and hyphens only, such as "
            f"'com.example.myapp'. It must be the name in the developer console ({CONSOLE})."
        )
    return name


def _api_key(key: str, *, missing: str) -> Secret:
    key = key.strip()
    if not key:
        raise ConfigError(
            f"api_key is missing. {missing}Pass api_key=..., or set API_KEY, to the key that the developer console "
            f"shows for the app ({CONSOLE}, button 'Generate API Key'). {IN_A_TEST}"
        )
    if any(not character.isprintable() or character.isspace() for character in key):
        raise ConfigError(
            f"api_key is malformed: what was found ({_masked(key)}) contains spaces or unprintable characters. "
            f"Copy it again from the developer console ({CONSOLE})."
        )
    return Secret(key)


def _masked(key: str) -> str:
    return f"{key[:2]}..., {len(key)} characters"


def _port(port: int | str) -> int:
    try:
        number = int(port)
    except ValueError:
        number = -1
    if not 0 <= number <= 65535:
        raise ConfigError(f"port {port!r} is malformed: write a number from 1 to 65535, or 0 for any free port.")
    return number


def _webhook_path(path: str) -> str:
    if not path.strip("/ "):
        raise ConfigError(f"webhook_path {path!r} is empty. Leave it out: the cloud calls /webhook.")
    return path if path.startswith("/") else f"/{path}"


def _websocket_url(url: str | None) -> str | None:
    if not url:
        return None
    parts = split_url(url)
    if parts is None or parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise ConfigError(
            f"mentraos_websocket_url {url!r} is malformed: it must begin with wss:// "
            "(ws:// only for a cloud in a network of your own) "
            "and name a host, such as 'wss://api.mentra.glass/app-ws'. Leave it out to use the cloud that calls."
        )
    return url if parts.path.strip("/") else parts._replace(path=SOCKET_PATH).geturl()
