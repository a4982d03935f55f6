"""API_KEY: present, not a placeholder, and of a form that the cloud issues. The key itself is never shown.

Source: docs/protocol.md, API key
"""

import re

from mentra.config import CONSOLE
from mentra_cli.checks.findings import Finding
from mentra_cli.checks.settings import Setting
from mentra_cli.local_key import is_local
from mentra_cli.masking import mask

_ISSUED = re.compile(r"[0-9a-f]{64}")
_QUOTES = "\"'`\u2018\u2019\u201c\u201d"
_PLACEHOLDER = re.compile(
    r"<.*>|\$\{?\w+\}?|x+|\*+|\.+|todo|none|null|secret|change[-_ ]?me|(your|my|the|insert|paste|put)[-_ ].*|"
    r"(mentra(os)?[-_ ]?)?api[-_ ]?key([-_ ]here)?|sk_live_.*",
    re.IGNORECASE,
)
_ON_THE_PAGE = f"on the app's page in the console ({CONSOLE})"


def check_api_key(setting: Setting) -> Finding:
    """Return what the first rule that objects says; ``env.api-key`` when none does."""
    key, shown = setting.usable, mask(setting.usable)
    write_it = f"Generate a key {_ON_THE_PAGE} and write it into .env: {setting.name}=<the key>"
    if not key:
        return setting.finding("env.missing-api-key", "error", setting.absence, fix=write_it)
    # From copying; the cloud refuses a key with them.
    if any(character.isspace() or not character.isprintable() or character in _QUOTES for character in setting.value):
        return setting.finding(
            "env.quoted-api-key",
            "error",
            f"contains white space or quotes: {shown}",
            fix=f"Write the bare key: {setting.name}=<the key>",
        )
    if _PLACEHOLDER.fullmatch(key):
        return setting.finding(
            "env.placeholder-api-key", "error", f"is still the text of an example: {shown}", fix=write_it
        )
    if is_local(key):
        return setting.finding(
            "env.local-api-key",
            "warning",
            "is a local development key: enough for mentra dev, unknown to the real cloud",
            fix=f"For real glasses: generate a key {_ON_THE_PAGE}, and put it into .env",
        )
    # The console issues 32 random bytes in hexadecimal; keys from its early days may look different.
    if not _ISSUED.fullmatch(key):
        return setting.finding(
            "env.unusual-api-key",
            "warning",
            f"does not look like a key of the console, 64 of 0-9 and a-f: {shown}",
            fix="If the cloud refuses it, copy it again; a key is shown only once, so it may have to be a new one",
        )
    return setting.finding("env.api-key", "ok", f"is set: {shown}")
