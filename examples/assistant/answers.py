"""Where answers come from: any function of a question and perhaps a photo. Put your own here."""

import asyncio
import json
import urllib.request
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from mentra import Photo

STYLE = "You are an assistant in smart glasses. Answer in one or two short sentences, to be heard, without markup."
ANSWER_WITHIN_S = 20.0


class Answer(Protocol):
    """Answers a question. It is cancelled when the user asks the next one; if it raises, there is no answer."""

    async def __call__(self, question: str, photo: Photo | None) -> str:
        """Return the answer, as it is to be spoken."""
        ...


async def answer_offline(question: str, photo: Photo | None) -> str:
    """Answer without any account: enough to try the app."""
    if photo is not None:
        return f"I took a photo of {photo.size_bytes} bytes, but it takes a language model to see what is on it."
    if "time" in question.lower().split():
        return f"It is {datetime.now().astimezone():%H:%M}."
    return f"You asked: {question}"


def _fetch(request: urllib.request.Request) -> bytes:
    with urllib.request.urlopen(request, timeout=ANSWER_WITHIN_S) as response:
        body: bytes = response.read()
        return body


class LanguageModel:
    """Answers from a service that speaks OpenAI's protocol, as most do.

    Args:
        url: Such as ``https://api.openai.com/v1``.
        fetch: Makes the request.
    """

    def __init__(
        self, url: str, key: str, model: str, *, fetch: Callable[[urllib.request.Request], bytes] = _fetch
    ) -> None:
        self._url = f"{url}/chat/completions"
        self._headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
        self._model = model
        self._fetch = fetch

    async def __call__(self, question: str, photo: Photo | None) -> str:
        """Ask the model."""
        content: list[dict[str, Any]] = [{"type": "text", "text": question}]
        if photo is not None:
            content.append({"type": "image_url", "image_url": {"url": photo.data_url()}})
        messages = [{"role": "system", "content": STYLE}, {"role": "user", "content": content}]
        body = json.dumps({"model": self._model, "messages": messages}).encode()
        reply = await asyncio.to_thread(self._fetch, urllib.request.Request(self._url, body, self._headers))
        return str(json.loads(reply)["choices"][0]["message"]["content"])


def answer_by(environment: Mapping[str, str]) -> Answer:
    """Return the language model that the environment names by MODEL_URL, MODEL_KEY and MODEL, if it does."""
    if "MODEL_URL" not in environment:
        return answer_offline
    return LanguageModel(environment["MODEL_URL"], environment["MODEL_KEY"], environment["MODEL"])
