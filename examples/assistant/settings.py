"""What a user can set, on the phone."""

from typing import Literal

from mentra import Settings, setting


class AssistantSettings(Settings):
    """The settings of the assistant."""

    wake_words: str = setting(
        "hey mentra, hey mantra, hey mentor, ok mentra",  # As speech recognition writes it.
        label="Wake words, with commas between them",
    )
    photos: Literal["When I ask about what I see", "With each question", "Never"] = setting(
        "When I ask about what I see", label="Take a photo"
    )
    speak: bool = setting(True, label="Speak the answers")
