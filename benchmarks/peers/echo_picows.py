"""The client of picows, on the transports of aiofastnet that it brings along."""

import functools

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect
from webhooks import TLS, Session, run, serve

KEEPALIVE_S = 20.0


class Echo(WSListener):
    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._fragments: list[bytes] = []

    def on_ws_connected(self, transport: WSTransport) -> None:
        transport.send(WSMsgType.TEXT, self._session.greeting.encode())

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT and frame.fin:
            self._heard(transport, frame.get_payload_as_utf8_text())
        elif frame.msg_type in (WSMsgType.TEXT, WSMsgType.CONTINUATION):
            self._fragments.append(frame.get_payload_as_bytes())
            if frame.fin:
                text, self._fragments = b"".join(self._fragments).decode(), []
                self._heard(transport, text)
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()

    def _heard(self, transport: WSTransport, text: str) -> None:
        answer = self._session.answer(text)
        if answer is not None:
            transport.send(WSMsgType.TEXT, answer.encode())


async def connect(session: Session) -> None:
    await ws_connect(
        functools.partial(Echo, session),
        session.url,
        ssl_context=TLS,
        enable_auto_ping=True,
        auto_ping_idle_timeout=KEEPALIVE_S,
        auto_ping_reply_timeout=KEEPALIVE_S,
    )


run(serve(connect))
