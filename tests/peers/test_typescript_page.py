"""The page for those who come from TypeScript leaves out no call of the official SDK."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, rows
from tests.docs.test_typescript import CODE, PAGE

pytestmark = pytest.mark.node

SDK = ROOT / "tests/peers/node_modules/@mentra/sdk/dist"
CLASSES = {
    "app/session/events.d.ts": "session.events",
    "app/session/layouts.d.ts": "session.layouts",
    "app/session/settings.d.ts": "session.settings",
    "app/session/modules/audio.d.ts": "session.audio",
    "app/session/modules/camera.d.ts": "session.camera",
    "app/session/modules/led.d.ts": "session.led",
    "app/session/modules/location.d.ts": "session.location",
    "app/session/modules/simple-storage.d.ts": "session.simpleStorage",
    "app/session/index.d.ts": "session",
    "app/server/index.d.ts": "",
}
"""Where the official SDK declares what apps call, and how the page writes it."""
INSIDE = {
    "constructor",
    "configureApiClient",
    "handleAudioPlayResponse",
    "handleManagedStreamStatus",
    "handleStreamCheckResponse",
    "updateMentraosSettings",
    "updateSettings",
    "updateSessionId",
    "updateStreamState",
    "cleanup",
}
"""Public in its declarations, but called by the SDK itself."""


def declared(path: Path) -> set[str]:
    """The public methods of a declaration file."""
    methods = re.findall(
        r"^    (?!private|protected)(?:static )?([a-zA-Z]+)(?:<.*>)?\(", path.read_text(), flags=re.MULTILINE
    )
    return set(methods) - INSIDE


@pytest.mark.parametrize(("file", "prefix"), CLASSES.items())
def test_no_call_of_the_official_sdk_is_missing(file: str, prefix: str, official_sdk: str):
    written = {code.partition("(")[0] for typescript, *_ in rows(PAGE.read_text()) for code in CODE.findall(typescript)}

    wanted = {".".join(filter(None, (prefix, method))) for method in declared(SDK / file)}

    assert wanted - written == set()
