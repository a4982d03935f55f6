"""The client of the websockets library, as its documentation has it."""

import websockets
from webhooks import TLS, Session, run, serve


async def connect(session: Session) -> None:
    async with websockets.connect(session.url, ssl=TLS, compression=None, proxy=None) as socket:
        await socket.send(session.greeting)
        async for message in socket:
            answer = session.answer(message)
            if answer is not None:
                await socket.send(answer)


run(serve(connect))
