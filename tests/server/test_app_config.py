"""What the class of an app declares, and what the console gets of it."""

from typing import Any

import pytest

from mentra import AppConfig, AppServer, Permission, Settings, ToolSchema, tool
from mentra.protocol.rest import DeclaredPermission
from mentra.protocol.settings import Setting
from tests.helpers.scripted_cloud import API_KEY, PACKAGE_NAME


class CaptionSettings(Settings):
    loud: bool = False


class LiveCaptionsApp(AppServer):
    """Live captions: what is said
    around you.

    For developers.
    """

    settings = CaptionSettings
    permissions = (Permission.MICROPHONE, "CAMERA")

    @tool
    def add(self) -> None:
        """Add."""


class App(AppServer):
    pass


def made(kind: type[AppServer], **options: Any) -> AppServer:
    return kind(package_name=PACKAGE_NAME, api_key=API_KEY, **options)


def test_the_config_of_an_app_is_what_its_code_says():
    app = made(LiveCaptionsApp, public_url="https://captions.example.com")

    assert app.app_config() == AppConfig(
        name="Live Captions",
        description="Live captions: what is said around you.",
        public_url="https://captions.example.com",
        permissions=[DeclaredPermission(type="MICROPHONE"), DeclaredPermission(type="CAMERA")],
        settings=[Setting(type="toggle", key="loud", label="Loud", default_value=False)],
        tools=[ToolSchema(id="add", description="Add.", activation_phrases=[], parameters={})],
    )


def test_an_app_that_declares_nothing_has_the_words_of_its_module():
    assert made(App).app_config() == AppConfig(
        name="App",
        description="What the class of an app declares, and what the console gets of it.",
        tools=[],
    )


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"settings": CaptionSettings()}, r"Wrong.settings must be a class that extends Settings, not CaptionSettings"),
        ({"settings": dict}, "Wrong.settings must be a class that extends Settings, not <class 'dict'>"),
        ({"permissions": "CAMERA"}, r"Wrong.permissions must be several, such as \(Permission.MICROPHONE,\)"),
        ({"permissions": 5}, "Wrong.permissions must be several"),
        ({"permissions": ["MICROFONE"]}, "has 'MICROFONE', which MentraOS does not know. It knows: MICROPHONE, LOC"),
    ],
)
def test_a_wrong_declaration_is_refused_when_the_class_is_made(members: dict[str, Any], words: str):
    with pytest.raises(TypeError, match=words):
        type("Wrong", (AppServer,), members)
