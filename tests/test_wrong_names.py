"""A mistaken name is answered with the right one."""

from typing import Any

import pytest

from mentra.protocol.webhooks import WebhookReply
from mentra.wrong_names import named_options, snake_case, unknown_name


@pytest.mark.parametrize(
    ("name", "snake"),
    [("showTextWall", "show_text_wall"), ("isFinal", "is_final"), ("text", "text"), ("is_final", "is_final")],
)
def test_camel_case_becomes_snake_case(name: str, snake: str):
    assert snake_case(name) == snake


def test_a_mistaken_option_is_answered_with_those_that_exist():
    @named_options({"bright": "there is none"})
    def light(color: str, *, duration: float = 1.0) -> tuple[str, float]:
        return color, duration

    assert (light("red"), light(color="red", duration=2)) == (("red", 1.0), ("red", 2))
    call: Any = light
    with pytest.raises(
        TypeError, match=r"^light\(\) has no option 'bright'; there is none\. It takes: color, duration\.$"
    ):
        call("red", bright=1)
    with pytest.raises(TypeError, match=r"^light\(\) has no option 'length'\. It takes: color, duration\.$"):
        call("red", length=1)


def test_the_error_for_a_wrong_name_knows_whose_it_was():
    owner = WebhookReply(status="success")

    error = unknown_name(owner, "__private__", ["status"])

    assert (error.name, error.obj, str(error)) == (
        "__private__",
        owner,
        "WebhookReply has no attribute '__private__'.",
    )
