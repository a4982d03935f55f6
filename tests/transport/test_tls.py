"""TLS without a network: its own records on a wire, with a server of OpenSSL at the other end."""

import asyncio
import contextlib
import datetime
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.certificates import Certificates, make_certificates
from mentra.transport.tls import MAX_RESUMED_S, NO_RESUMPTION_S, Tls, TlsTransport
from tests.transport.wire import Wire

SERVER = ("127.0.0.1", 443)
MESSAGE = bytes(range(256)) * 12_000  # 3 MB, in nearly 200 records.


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def server_context(certificates: Certificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.chain, certificates.private_key)
    return context


@pytest.fixture
def trusting(certificates: Certificates) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificates.authority)


@pytest.fixture
def serving(certificates: Certificates) -> ssl.SSLContext:
    return server_context(certificates)


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Plain(Wire):
    """A transport without TLS, that can be closed."""

    closed = False

    def close(self) -> None:
        self.closed = True
        asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)

    def is_closing(self) -> bool:
        return self.closed or self.aborted

    def take(self) -> bytes:
        """Return what was written since the last time."""
        taken = b"".join(self.written)
        self.written.clear()
        return taken


class Heard(asyncio.Protocol):
    """Who speaks TLS, and notes what happens to it."""

    def __init__(self, greeting: bytes = b"") -> None:
        self.data = b""
        self.events: list[str] = []
        self._greeting = greeting

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.events.append("made")
        if self._greeting:
            transport.write(self._greeting)  # type: ignore[attr-defined]  # It is one that writes.

    def data_received(self, data: bytes) -> None:
        self.data += data

    def pause_writing(self) -> None:
        self.events.append("paused")

    def resume_writing(self) -> None:
        self.events.append("resumed")

    def eof_received(self) -> None:
        self.events.append("eof")

    def connection_lost(self, exc: Exception | None) -> None:
        self.events.append("lost")


class Line:
    """A client's connection, and the server of it."""

    def __init__(
        self, shared: Tls, serving: ssl.SSLContext, *, heard: Heard | None = None, server: tuple[str, int] = SERVER
    ) -> None:
        self.plain = Plain()
        self.heard = heard or Heard()
        self.failures: list[Exception] = []
        self.client = TlsTransport(self.heard, shared, server, self.failures.append)
        self.plain.set_protocol(self.client)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.server = serving.wrap_bio(self._in, self._out, server_side=True)
        self.client.connection_made(self.plain)

    def serve(self) -> bytes:
        """Let the server have what was sent, go on with the handshake, and return what it sends."""
        self._in.write(self.plain.take())
        with contextlib.suppress(ssl.SSLWantReadError):
            self.server.do_handshake()
        return self._out.read()

    def shake_hands(self) -> bytes:
        """Do all of the handshake; return what the server sends behind it."""
        self.client.data_received(self.serve())
        return self.serve()

    def say(self, data: bytes) -> bytes:
        """Return what the server sends to say this."""
        rest = memoryview(data)
        while rest:
            rest = rest[self.server.write(rest) :]
        return self._out.read()

    def read(self) -> bytes:
        """Return what the server can read."""
        self._in.write(self.plain.take())
        read = b""
        with contextlib.suppress(ssl.SSLWantReadError):
            while piece := self.server.read(65536):
                read += piece
        return read

    def hang_up(self) -> bytes:
        """Return how the server says that nothing more comes."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self.server.unwrap()
        return self._out.read()

    def open(self) -> "Line":
        """Open it, up to the first data."""
        self.client.data_received(self.shake_hands() + self.say(b"!"))
        return self

    @property
    def resumed(self) -> bool | None:
        return self.server.session_reused


async def test_what_is_written_goes_out_with_the_end_of_the_handshake(
    trusting: ssl.SSLContext, serving: ssl.SSLContext
):
    line = Line(Tls(trusting), serving, heard=Heard(b"hello"))
    line.client.data_received(line.serve())
    pieces = len(line.plain.written)
    line.serve()

    assert (pieces, line.read(), line.heard.events) == (1, b"hello", ["made"])


async def test_it_does_not_matter_where_the_records_of_a_server_are_cut(
    trusting: ssl.SSLContext, serving: ssl.SSLContext
):
    shared = Tls(trusting)
    for cut in range(0, 600, 7):
        line = Line(shared, serving)
        hello = line.serve()
        line.client.data_received(hello[:cut])
        line.client.data_received(hello[cut:])
        said = line.serve() + line.say(b"one") + line.say(b"two")
        line.client.data_received(said[:cut])
        line.client.data_received(said[cut:])

        assert (cut, line.heard.data, line.heard.events) == (cut, b"onetwo", ["made"])


async def test_records_may_come_byte_by_byte(trusting: ssl.SSLContext, serving: ssl.SSLContext):
    line = Line(Tls(trusting), serving)
    for byte in line.serve():
        line.client.data_received(bytes([byte]))
    for byte in line.serve() + line.say(b"one") + line.say(b"two"):
        line.client.data_received(bytes([byte]))

    assert (line.heard.data, line.heard.events) == (b"onetwo", ["made"])


async def test_a_long_message_passes_both_ways(trusting: ssl.SSLContext, serving: ssl.SSLContext):
    line = Line(Tls(trusting), serving)
    said = line.shake_hands() + line.say(MESSAGE)
    for at in range(0, len(said), 100_000):
        line.client.data_received(said[at : at + 100_000])
    line.client.write(MESSAGE)
    longest = max(len(piece) for piece in line.plain.written)

    assert line.heard.data == MESSAGE
    assert line.read() == MESSAGE
    assert longest < 300_000  # OpenSSL keeps as much memory as it had to hold at once.


async def test_older_tls_is_spoken_too(trusting: ssl.SSLContext, serving: ssl.SSLContext):
    serving.maximum_version = ssl.TLSVersion.TLSv1_2
    line = Line(Tls(trusting), serving)
    for _ in range(2):
        line.client.data_received(line.serve())
    line.client.data_received(line.say(b"hello"))
    line.client.write(b"yes")

    assert (line.server.version(), line.heard.data, line.read()) == ("TLSv1.2", b"hello", b"yes")


async def test_the_other_end_that_hangs_up_is_answered_and_the_connection_closed(
    trusting: ssl.SSLContext, serving: ssl.SSLContext
):
    line = Line(Tls(trusting), serving).open()
    line.client.data_received(line.say(b"bye") + line.hang_up())
    line._in.write(line.plain.take())
    line.server.unwrap()  # Raises unless the client has hung up, too.
    line.client.write(b"too late")
    await asyncio.sleep(0)

    assert (line.heard.data, line.heard.events) == (b"!bye", ["made", "eof", "lost"])
    assert line.plain.closed


async def test_closing_hangs_up(trusting: ssl.SSLContext, serving: ssl.SSLContext):
    line = Line(Tls(trusting), serving).open()
    line.client.write(b"bye")
    line.client.close()
    line.client.write(b"too late")

    assert (line.read(), line.plain.closed) == (b"bye", True)
    assert line.server.read(1) == b""  # The end, as it is announced.


async def test_an_end_that_was_not_announced_is_an_end(trusting: ssl.SSLContext, serving: ssl.SSLContext):
    line = Line(Tls(trusting), serving).open()
    closes_itself = line.client.eof_received()
    line.client.connection_lost(None)
    line.client.write(b"too late")

    assert (closes_itself, line.heard.events) == (None, ["made", "eof", "lost"])


async def test_bytes_that_are_no_tls_end_a_connection(trusting: ssl.SSLContext, serving: ssl.SSLContext):
    line = Line(Tls(trusting), serving).open()
    line.client.data_received(b"\x17\x03\x03\x00\x20" + bytes(32))
    line.client.data_received(line.say(b"too late"))
    await asyncio.sleep(0)

    assert (line.plain.aborted, line.heard.data, line.heard.events) == (True, b"!", ["made", "lost"])


async def test_nothing_is_read_behind_an_abort(trusting: ssl.SSLContext, serving: ssl.SSLContext):
    class Aborts(Heard):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            line.client.abort()

    line = Line(Tls(trusting), serving, heard=Aborts())
    line.client.data_received(line.shake_hands() + line.say(b"one") + line.say(b"two"))
    await asyncio.sleep(0)

    assert (line.heard.data, line.heard.events) == (b"one", ["made", "lost"])


async def test_who_speaks_may_change_between_two_records(trusting: ssl.SSLContext, serving: ssl.SSLContext):
    later = Heard()

    class Hands(Heard):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            line.client.set_protocol(later)

    line = Line(Tls(trusting), serving, heard=Hands())
    line.client.data_received(line.shake_hands() + line.say(b"one") + line.say(b"two"))

    assert (line.heard.data, later.data, line.client.get_protocol()) == (b"one", b"two", later)


async def test_who_speaks_learns_how_much_waits(trusting: ssl.SSLContext, serving: ssl.SSLContext):
    line = Line(Tls(trusting), serving).open()
    line.plain.has_waiting(70_000)
    waiting_bytes = line.client.get_write_buffer_size()
    line.plain.has_waiting(0)

    assert (waiting_bytes, line.heard.events) == (70_000, ["made", "paused", "resumed"])


def expired(folder: Path) -> Certificates:
    return make_certificates(folder, now=datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=30))


@pytest.mark.parametrize(
    ("make", "trusted", "host", "message"),
    [
        (make_certificates, True, "localhost", "Hostname mismatch"),
        (make_certificates, True, "127.0.0.2", "IP address mismatch"),
        (make_certificates, False, "127.0.0.1", "unable to get local issuer certificate"),
        (expired, True, "127.0.0.1", "certificate has expired"),
    ],
)
async def test_a_certificate_that_is_not_good_ends_the_handshake(
    tmp_path: Path, make: Callable[[Path], Certificates], trusted: bool, host: str, message: str
):
    made = make(tmp_path)
    shared = Tls(ssl.create_default_context(cafile=made.authority if trusted else None))
    line = Line(shared, server_context(made), server=(host, 443))
    line.client.data_received(line.serve())
    (failure,) = line.failures

    assert isinstance(failure, ssl.SSLCertVerificationError)
    assert message in str(failure)
    assert (line.heard.events, line.plain.closed) == ([], True)
    with pytest.raises(ssl.SSLError, match="ALERT"):
        line.serve()
    await asyncio.sleep(0)
    assert (line.heard.events, len(line.failures)) == ([], 1)


async def test_a_connection_that_ends_in_the_handshake_fails(trusting: ssl.SSLContext, serving: ssl.SSLContext):
    line = Line(Tls(trusting), serving)
    line.client.data_received(line.serve()[:100])
    line.client.eof_received()
    line.client.connection_lost(None)
    (failure,) = line.failures

    assert (type(failure), str(failure)) == (
        ConnectionResetError,
        "the connection was closed in the TLS handshake",
    )
    assert line.heard.events == []


async def test_a_server_that_speaks_no_tls_fails(trusting: ssl.SSLContext, serving: ssl.SSLContext):
    line = Line(Tls(trusting), serving)
    line.client.data_received(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    (failure,) = line.failures

    assert isinstance(failure, ssl.SSLError)
    assert "WRONG_VERSION_NUMBER" in str(failure) or "PACKET_LENGTH" in str(failure)


async def test_a_host_that_cannot_be_one_is_an_error(trusting: ssl.SSLContext, serving: ssl.SSLContext):
    with pytest.raises(ValueError, match="idna"):
        Line(Tls(trusting), serving, server=(".example", 443))


async def test_the_second_connection_resumes_what_the_first_has_verified(
    trusting: ssl.SSLContext, serving: ssl.SSLContext
):
    shared = Tls(trusting, clock=Clock())
    lines = [Line(shared, serving).open() for _ in range(3)]

    assert [line.resumed for line in lines] == [False, True, True]
    assert [line.heard.data for line in lines] == [b"!"] * 3


async def test_another_port_or_host_resumes_nothing(trusting: ssl.SSLContext, serving: ssl.SSLContext):
    trusting.check_hostname = False  # The certificate is that of one host.
    shared = Tls(trusting, clock=Clock())
    servers = [SERVER, ("127.0.0.1", 444), ("127.0.0.2", 443), SERVER]
    lines = [Line(shared, serving, server=server).open() for server in servers]

    assert [line.resumed for line in lines] == [False, False, False, True]


async def test_after_an_hour_the_certificate_is_verified_again(trusting: ssl.SSLContext, serving: ssl.SSLContext):
    clock = Clock()
    shared = Tls(trusting, clock=clock)
    resumed: list[bool | None] = []
    for now_s in (0.0, MAX_RESUMED_S - 1, MAX_RESUMED_S, MAX_RESUMED_S + 1):
        clock.now_s = now_s
        resumed.append(Line(shared, serving).open().resumed)

    assert resumed == [False, True, False, True]


async def test_a_server_that_refuses_a_ticket_is_opened_in_full_and_shown_none_for_a_minute(
    trusting: ssl.SSLContext, certificates: Certificates
):
    clock = Clock()
    shared = Tls(trusting, clock=clock)
    Line(shared, server_context(certificates)).open()
    other = server_context(certificates)  # It has other keys.
    lines = []
    for now_s in (1.0, 2.0, 1 + NO_RESUMPTION_S, 2 + NO_RESUMPTION_S):
        clock.now_s = now_s
        lines.append(Line(shared, other).open())

    assert [line.resumed for line in lines] == [False, False, False, True]
    assert [line.heard.data for line in lines] == [b"!"] * 4


async def test_a_server_without_tickets_is_asked_again_after_a_minute(
    trusting: ssl.SSLContext, certificates: Certificates
):
    clock = Clock()
    shared = Tls(trusting, clock=clock)
    silent, giving = server_context(certificates), server_context(certificates)
    silent.num_tickets = 0
    Line(shared, silent).open()
    resumed: list[bool | None] = []
    for now_s in (1.0, NO_RESUMPTION_S, NO_RESUMPTION_S):
        clock.now_s = now_s
        resumed.append(Line(shared, giving).open().resumed)

    assert resumed == [False, False, True]


async def test_a_certificate_that_is_not_good_leaves_nothing_to_resume(
    tmp_path: Path, trusting: ssl.SSLContext, serving: ssl.SSLContext
):
    shared = Tls(trusting, clock=Clock())
    stranger = Line(shared, server_context(make_certificates(tmp_path)))
    stranger.client.data_received(stranger.serve())

    assert shared.offer(SERVER) is None
    assert Line(shared, serving).open().resumed is False


async def test_tickets_of_many_servers_do_not_pile_up(trusting: ssl.SSLContext, serving: ssl.SSLContext):
    shared = Tls(trusting, clock=Clock())
    for port in range(70):
        Line(shared, serving, server=("127.0.0.1", port)).open()

    assert [port for port in range(70) if shared.offer(("127.0.0.1", port))] == list(range(6, 70))
