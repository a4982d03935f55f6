"""From calls to layouts."""

import pytest

from mentra.protocol import codec
from mentra.protocol.layouts import Layout, TextWall, View
from mentra.session.layouts import Layouts


@pytest.mark.parametrize("text", ["a\udcff", "\ud800"])
def test_text_that_is_no_unicode_is_shown_with_question_marks(text: str):
    shown: list[Layout] = []

    def show(layout: Layout, view: View, duration_ms: int | None) -> None:
        shown.append(layout)

    Layouts(show).show_text_wall(text)

    assert shown == [TextWall(text=text[:-1] + "?")]
    codec.encode(shown[0])
