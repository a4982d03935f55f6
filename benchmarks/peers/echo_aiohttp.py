"""The client of aiohttp, as its documentation has it. Told to ask a silent server, as the others do."""

import functools

import aiohttp
from webhooks import TLS, Session, run, serve

KEEPALIVE_S = 20.0


async def connect(http: aiohttp.ClientSession, session: Session) -> None:
    async with http.ws_connect(session.url, ssl=TLS or True, heartbeat=KEEPALIVE_S) as socket:
        await socket.send_str(session.greeting)
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                answer = session.answer(message.data)
                if answer is not None:
                    await socket.send_str(answer)


async def main() -> None:
    # As it comes, it opens no more than a hundred connections.
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        await serve(functools.partial(connect, http))


run(main())
