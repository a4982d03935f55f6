"""A mistaken name is answered with the right one."""

import traceback
from collections.abc import Callable
from typing import Any

import pytest

import mentra
from mentra.protocol.webhooks import WebhookReply
from mentra.wrong_names import Part, named_options, snake_case, unknown_name


@pytest.mark.parametrize(
    ("name", "snake"),
    [
        ("showTextWall", "show_text_wall"),
        ("isFinal", "is_final"),
        ("getMentraOS", "get_mentra_os"),
        ("text", "text"),
        ("is_final", "is_final"),
    ],
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


def test_the_usual_call_has_a_way_of_its_own_and_any_other_is_looked_at():
    class Wall:
        def _show(self, text: object) -> object:
            return ("usual", text)

        @named_options({}, usual=_show)
        def show(self, text: object, *, force: bool = False) -> object:
            return (text, force)

    wall: Any = Wall()

    assert (wall.show("a"), wall.show(None)) == (("usual", "a"), ("usual", None))
    assert (wall.show(text="a"), wall.show("a", force=True)) == (("a", False), ("a", True))
    with pytest.raises(TypeError, match=r"show\(\) missing 1 required positional argument: 'text'$"):
        wall.show()
    with pytest.raises(TypeError, match=r"^show\(\) takes only text by position; options are keywords\."):
        wall.show("a", "b")
    with pytest.raises(TypeError, match=r"^show\(\) has no option 'loud'\. It takes: text, force\.$"):
        wall.show("a", loud=True)


def test_the_error_for_a_wrong_name_knows_whose_it_was():
    owner = WebhookReply(status="success")

    error = unknown_name(owner, "__private__", ["status"])

    assert (error.obj, str(error)) == (owner, "WebhookReply has no attribute '__private__'.")


@pytest.mark.parametrize(
    ("owner", "name", "said"),
    [
        (WebhookReply(status="success"), "statuss", "WebhookReply has no attribute 'statuss'. Did you mean 'status'?"),
        (mentra, "netting", "mentra has no 'netting'."),
    ],
)
def test_python_adds_no_guess_of_its_own_to_a_traceback(owner: object, name: str, said: str):
    with pytest.raises(AttributeError) as error:
        getattr(owner, name)

    assert traceback.format_exception(error.value)[-1] == f"AttributeError: {said}\n"


class Lamp:
    """Something with names."""

    on = off = set_color = has_microphone = connected = on_change = stop_reason = on_stop = None


SAID = {
    "turnOn": " Use on instead.",
    "turn_on": " Use on instead.",
    "turnon": " Use on instead.",
    "glow": " Nothing glows here.",
    "setColor": " Python names are snake_case: use 'set_color'.",
    "SetColour": " Did you mean 'set_color'?",
    "has_mic": " Did you mean 'has_microphone'?",
    "change": " Did you mean 'on_change'?",
    "show": " Use lamp.screen.show instead.",
    "showIt": " Use lamp.screen.show(text) instead.",
    "clear": " Use lamp.screen.clear or lamp.bulb.clear instead.",
    "disconnect": "",
    "stop": "",
    "get": "",
    "_on": "",
}


@pytest.mark.parametrize(("name", "said"), SAID.items())
def test_only_what_is_nearly_sure_is_said(name: str, said: str):
    moved = {"turnOn": "on", "glow": "Nothing glows here."}
    parts = {
        "lamp.screen": Part(("show", "clear"), {"showIt": "lamp.screen.show(text)", "show": "no"}),
        "lamp.bulb": Part(("clear",), {}),
    }

    error = unknown_name(Lamp(), name, moved=moved, parts=parts)

    assert str(error) == f"Lamp has no attribute {name!r}.{said}"


def test_private_names_are_not_told():
    error = unknown_name(Lamp(), "send", ["_send", "_sent", "on"])

    assert str(error) == "Lamp has no attribute 'send'."


class Painter:
    """Something with options."""

    @named_options({"colorName": "write 'color'"})
    def __init__(self, *, size: int = 1) -> None:
        self.size = size

    @named_options({})
    def paint(self, text: object, color: str = "red", *, layer_number: int = 0) -> tuple[object, str, int]:
        return text, color, layer_number

    @named_options({})
    def hear(self, handler: object, /, *, loud: bool = False) -> object:
        return handler


@pytest.mark.parametrize(
    ("use", "said"),
    [
        (lambda: Painter({"size": 1}), "Painter() takes nothing by position; options are keywords. It takes: size."),  # type: ignore[call-arg, misc]  # What is tested.
        (lambda: Painter(color_name="x"), "Painter() has no option 'color_name'; write 'color'. It takes: size."),  # type: ignore[call-arg]  # As above.
        (
            lambda: Painter().paint("x", {"color": "red"}),  # type: ignore[arg-type]  # As above.
            "paint() takes no dict; options are keywords. It takes: text, color, layer_number.",
        ),
        (
            lambda: Painter().paint("x", "red", 3),  # type: ignore[call-arg, misc]  # As above.
            "paint() takes only text, color by position; options are keywords. It takes: text, color, layer_number.",
        ),
        (
            lambda: Painter().paint("x", layerNumber=3),  # type: ignore[call-arg]  # As above.
            "paint() has no option 'layerNumber'; write 'layer_number'. It takes: text, color, layer_number.",
        ),
        (
            lambda: Painter().hear(handler=print),  # type: ignore[call-arg]  # As above.
            "hear() has no option 'handler'; pass 'handler' by position. It takes: handler, loud.",
        ),
    ],
)
def test_options_in_the_wrong_place_are_told_to_be_keywords(use: Callable[[], object], said: str):
    with pytest.raises(TypeError) as error:
        use()

    assert str(error.value) == said


def test_what_takes_anything_takes_a_dict():
    assert Painter().paint({"a": 1}) == ({"a": 1}, "red", 0)
