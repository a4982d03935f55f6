"""A mistaken name is answered with the right one."""

import pytest

from mentra.protocol.webhooks import WebhookReply
from mentra.wrong_names import snake_case, unknown_name


@pytest.mark.parametrize(
    ("name", "snake"),
    [("showTextWall", "show_text_wall"), ("isFinal", "is_final"), ("text", "text"), ("is_final", "is_final")],
)
def test_camel_case_becomes_snake_case(name: str, snake: str):
    assert snake_case(name) == snake


def test_the_error_for_a_wrong_name_knows_whose_it_was():
    owner = WebhookReply(status="success")

    error = unknown_name(owner, "__private__", ["status"])

    assert (error.name, error.obj, str(error)) == (
        "__private__",
        owner,
        "WebhookReply has no attribute '__private__'.",
    )
