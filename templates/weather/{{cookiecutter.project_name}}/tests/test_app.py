import pytest
from mentra.testing import simulate

from app import WeatherApp, city_in, forecast_for


@pytest.mark.parametrize(
    ("sentence", "city"),
    [
        ("What is the weather in Tokyo?", "Tokyo"),
        ("How is the weather?", "Vienna"),
    ],
)
def test_the_city_is_found_in_the_sentence(sentence: str, city: str) -> None:
    assert city_in(sentence, default="Vienna") == city


def test_an_unknown_city_has_no_forecast() -> None:
    assert forecast_for("Atlantis") == "No forecast for Atlantis"


async def test_the_word_weather_shows_a_card() -> None:
    async with simulate(WeatherApp) as glasses:
        await glasses.say("What is the weather in London?")

        await glasses.wait_for_display("Rain, 12 °C")


async def test_the_assistant_can_ask_for_a_forecast() -> None:
    async with simulate(WeatherApp) as glasses:
        reply = await glasses.call_tool("forecast", {"city": "Vienna"})

        assert reply == "Sunny, 24 °C"
