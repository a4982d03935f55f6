"""The transport of our SDK, without the rest of it."""

from webhooks import Session, run, serve

from mentra.transport.base import Closed, Connection, Receiver
from mentra.transport.sockets import SocketNetwork

network = SocketNetwork()


class Echo(Receiver):
    connection: Connection

    def __init__(self, session: Session) -> None:
        self._session = session

    def text_received(self, text: str | bytes) -> None:
        answer = self._session.answer(text if isinstance(text, str) else str(text, "utf-8"))
        if answer is not None:
            self.connection.send_text(answer.encode())

    def binary_received(self, data: bytes) -> None:
        pass

    def connection_lost(self, closed: Closed) -> None:
        pass


async def connect(session: Session) -> None:
    echo = Echo(session)
    echo.connection = await network.connect(session.url, echo, timeout=5)
    echo.connection.send_text(session.greeting.encode())


run(serve(connect))
