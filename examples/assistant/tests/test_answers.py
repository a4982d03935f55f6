import json
import urllib.request
from datetime import UTC, datetime

import pytest
from mentra import Photo

from answers import STYLE, LanguageModel, answer_by, answer_offline

PHOTO = Photo(data=b"cat", mime_type="image/jpeg", filename="cat.jpg", request_id="1", time=datetime.now(UTC))


@pytest.mark.parametrize(
    ("question", "photo", "answer"),
    [
        ("who are you?", None, "You asked: who are you?"),
        ("what is it?", PHOTO, "I took a photo of 3 bytes, but it takes a language model to see what is on it."),
    ],
)
async def test_offline_answers(question: str, photo: Photo | None, answer: str) -> None:
    assert await answer_offline(question, photo) == answer


async def test_the_time_is_known_offline() -> None:
    assert (await answer_offline("What time is it?", None)).startswith("It is ")


async def test_a_language_model_sees_question_and_photo() -> None:
    asked: list[urllib.request.Request] = []

    def fetch(request: urllib.request.Request) -> bytes:
        asked.append(request)
        return b'{"choices": [{"message": {"content": "A cat."}}]}'

    answer = await LanguageModel("https://model.example/v1", "secret", "small", fetch=fetch)("What is this?", PHOTO)

    assert answer == "A cat."
    [request] = asked
    assert isinstance(request.data, bytes)
    assert request.full_url == "https://model.example/v1/chat/completions"
    assert request.get_header("Authorization") == "Bearer secret"
    assert json.loads(request.data) == {
        "model": "small",
        "messages": [
            {"role": "system", "content": STYLE},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,Y2F0"}},
                ],
            },
        ],
    }


def test_the_environment_decides() -> None:
    model = {"MODEL_URL": "https://model.example/v1", "MODEL_KEY": "secret", "MODEL": "small"}

    assert answer_by({}) is answer_offline
    assert isinstance(answer_by(model), LanguageModel)
