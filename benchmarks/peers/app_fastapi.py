"""What one would write without an SDK: the webhook with FastAPI, the socket with websockets."""

import asyncio
import json
import os
from typing import Any

from fastapi import FastAPI
from websockets.asyncio.client import connect

VERSION = "version 0"

app = FastAPI()
sessions: set[asyncio.Task[None]] = set()


async def session(request: dict[str, Any]) -> None:
    identity = {"packageName": os.environ["PACKAGE_NAME"], "sessionId": request["sessionId"]}
    async with connect(request["mentraOSWebsocketUrl"]) as socket:
        greeting = {"type": "tpa_connection_init", **identity, "apiKey": os.environ["API_KEY"]}
        await socket.send(json.dumps(greeting))
        async for frame in socket:
            if json.loads(frame)["type"] == "tpa_connection_ack":
                layout = {"layoutType": "text_wall", "text": VERSION}
                await socket.send(json.dumps({"type": "display_event", **identity, "view": "main", "layout": layout}))


@app.post("/webhook")
async def webhook(request: dict[str, Any]) -> dict[str, str]:
    task = asyncio.create_task(session(request))
    sessions.add(task)
    task.add_done_callback(sessions.discard)
    return {"status": "success"}
