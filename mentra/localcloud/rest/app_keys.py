"""How apps prove themselves by REST: two ways of the cloud of 2025, and a third that accepts both.

Source: MentraOS cloud/packages/cloud/src/middleware/validateApiKey.ts, api/middleware/sdk.middleware.ts (Dec 2025),
api/hono/routes/auth.utils.ts (2026); docs/protocol.md, Simple storage, Checking credentials.
"""

from mentra.localcloud.catalogue import Catalogue, InstalledApp
from mentra.protocol import rest


class BadKey(Exception):
    """The app is not who it says.

    Attributes:
        status: The HTTP status with which the cloud says so.
        error: What is wrong, in its words.
        message: More of that; ``None`` where it says no more.
    """

    def __init__(self, status: int, error: str, message: str | None = None) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.message = message


def app_of_pair(catalogue: Catalogue, header: str | None) -> InstalledApp:
    """Return the app whose key a header carries, as ``Bearer <package name>:<key>``.

    Raises:
        BadKey: It carries none.
    """
    if not header:
        raise BadKey(401, "Missing Authorization header", "Authorization header is required for SDK requests")
    if not header.startswith(rest.BEARER):
        wanted = "Authorization header must be in format: Bearer <packageName>:<apiKey>"
        raise BadKey(401, "Invalid Authorization format", wanted)
    parts = header.removeprefix(rest.BEARER).split(":")
    if len(parts) != 2:
        raise BadKey(401, "Invalid token format", "Token must be in format: <packageName>:<apiKey>")
    package_name, api_key = parts
    if not package_name or not api_key:
        raise BadKey(401, "Invalid credentials", "Both packageName and apiKey must be provided")
    if not catalogue.accepts(package_name, api_key):
        raise BadKey(401, "Invalid API key", "Provided API key is not valid for this packageName")
    return catalogue.get(package_name)


def app_of_key(catalogue: Catalogue, header: str | None, package_name: str | None) -> InstalledApp:
    """Return the app of a package name, which stands elsewhere, if the header carries its key: ``Bearer <key>``.

    Raises:
        BadKey: It does not.
    """
    if not header or not header.startswith(rest.BEARER):
        raise BadKey(401, "Missing or invalid Authorization header")
    api_key = header.removeprefix(rest.BEARER)
    if not api_key:
        raise BadKey(401, "API Key required")
    if not package_name:
        raise BadKey(400, "Package name required for API key validation")
    if catalogue.find(package_name) is None:
        raise BadKey(401, "Invalid API Key or Package Name")
    if not catalogue.accepts(package_name, api_key):
        raise BadKey(401, "Invalid API Key")
    return catalogue.get(package_name)


def app_of_either(catalogue: Catalogue, header: str | None, package_name: str | None) -> InstalledApp:
    """Return the app that a header names or, if it has only a key, the one whose package name stands elsewhere.

    Raises:
        BadKey: It is not the app's key, or the two names disagree.
    """
    if not header or not header.startswith(rest.BEARER):
        raise BadKey(401, "Missing or invalid Authorization header")
    token = header.removeprefix(rest.BEARER).strip()
    parts = token.split(":")
    if len(parts) == 1 and token:
        parts = [package_name, token] if package_name else []
    if token and len(parts) != 2:
        raise BadKey(401, "Invalid token format")
    if not all(parts) or (package_name and package_name != parts[0]):
        raise BadKey(401, "Invalid credentials")
    if not catalogue.accepts(parts[0], parts[1]):
        raise BadKey(401, "Invalid API key")
    return catalogue.get(parts[0])
