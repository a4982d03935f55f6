"""The examples of the AppServer page do what the page says."""

import pytest

from tests.conversations.page_examples import MultiUserApp, MyApp, WeatherApp
from tests.conversations.world import World
from tests.helpers.scripted_cloud import API_KEY
from tests.helpers.waiting import until

OPTIONS = {"package_name": "com.example.myapp", "api_key": API_KEY, "port": 3000}


async def test_the_basic_app_connects_a_user_and_shows_nothing(world: World):
    app = await world.serve(MyApp(**OPTIONS))

    glasses = await world.wear(app)

    assert glasses.running == ("com.example.myapp",)
    assert glasses.display == ""
    assert list(app.sessions) == ["user1@example.com-com.example.myapp"]


async def test_the_multi_user_app_counts_its_users(world: World):
    app = await world.serve(MultiUserApp(**OPTIONS))

    first = await world.wear(app, "user1@example.com")
    second = await world.wear(app, "user2@example.com")
    await second.wait_for_display("Active users: 2")

    assert first.display == "Active users: 1"

    await first.stop("com.example.myapp")
    await until(lambda: len(app.active_sessions) == 1)

    assert list(app.active_sessions) == ["user2@example.com-com.example.myapp"]


async def test_the_weather_app_greets_and_answers_when_weather_is_spoken_of(
    world: World, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
):
    caplog.set_level("INFO", logger="mentra.session")
    app = await world.serve(WeatherApp(**OPTIONS))

    glasses = await world.wear(app)
    await glasses.wait_for_display("Weather App Ready")
    await glasses.say("how is the weath", is_final=False)
    await glasses.say("hello")
    assert glasses.display == "Weather App Ready"

    await glasses.say("how is the weather")
    assert await glasses.wait_for_display("Weather") == "Weather\nSunny, 72°F"

    await glasses.stop("com.example.myapp")
    await until(lambda: "Session ended" in capsys.readouterr().out)
    assert "[user1@example.com] User user1@example.com connected" in caplog.messages
