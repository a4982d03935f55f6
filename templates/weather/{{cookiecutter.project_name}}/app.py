"""Weather on the glasses: say "weather", or let the Mentra AI ask."""

from mentra import AppServer, AppSession, Transcription, tool

HOME = "Vienna"
FORECASTS = {
    "London": "Rain, 12 °C",
    "Tokyo": "Cloudy, 18 °C",
    "Vienna": "Sunny, 24 °C",
}


def forecast_for(city: str) -> str:
    """Look up the forecast of a city. Call your weather service here instead of reading the table."""
    return FORECASTS.get(city.title(), f"No forecast for {city}")


def city_in(sentence: str, default: str) -> str:
    """Find the city in a sentence such as "What is the weather in Tokyo?"."""
    return next((city for city in FORECASTS if city.lower() in sentence.lower()), default)


class WeatherApp(AppServer):
    async def on_session(self, session: AppSession, session_id: str, user_id: str) -> None:
        session.logger.info("User %s connected", user_id)
        session.layouts.show_text_wall('Weather App Ready: say "weather"')

        @session.events.on_transcription
        def answer(speech: Transcription) -> None:
            if speech.is_final and "weather" in speech.text.lower():
                city = city_in(speech.text, default=session.settings.get("city", HOME))
                session.layouts.show_reference_card(f"Weather in {city}", forecast_for(city), duration=10)

    @tool
    async def forecast(self, city: str) -> str:
        """Tell the weather of a city."""
        return forecast_for(city)


if __name__ == "__main__":
    WeatherApp().run()
