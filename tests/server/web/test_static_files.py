"""Files of a folder: what is sent, and what never is."""

import asyncio
import contextlib
import os
from pathlib import Path

import pytest

from mentra import AppServer, ConfigError
from mentra.server.web.static_files import AT_ONCE_BYTES, FileChunks, StaticFiles
from mentra.transport.base import HttpReply, HttpRequest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    public = tmp_path / "public"
    (public / "sub").mkdir(parents=True)
    (public / "empty").mkdir()
    (public / ".git").mkdir()
    (public / ".well-known").mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "public-too").mkdir()
    (tmp_path / "public-too" / "secret.txt").write_text("secret")
    for name, text in {
        "index.html": "<h1>home</h1>",
        "app.js": "let x;",
        "a b é.txt": "spaces",
        ".env": "API_KEY=secret",
        ".git/config": "secret",
        ".well-known/assetlinks.json": "[]",
        "sub/index.html": "sub",
        "sub/.hidden": "secret",
    }.items():
        (public / name).write_text(text, encoding="utf-8")
    (public / "escape.txt").symlink_to(tmp_path / "secret.txt")
    (public / "escape").symlink_to(tmp_path / "public-too")
    (public / "inside.txt").symlink_to(public / "app.js")
    return public


def get(folder: Path, path: str, headers: dict[str, str] | None = None) -> HttpReply | None:
    return StaticFiles(folder).reply(HttpRequest("GET", path, headers or {}))


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("/", b"<h1>home</h1>", "text/html; charset=utf-8"),
        ("/index.html", b"<h1>home</h1>", "text/html; charset=utf-8"),
        ("/?aos_temp_token=x", b"<h1>home</h1>", "text/html; charset=utf-8"),
        ("/app.js", b"let x;", "text/javascript; charset=utf-8"),
        ("/a%20b%20%C3%A9.txt", b"spaces", "text/plain; charset=utf-8"),
        ("/sub/", b"sub", "text/html; charset=utf-8"),
        ("/inside.txt", b"let x;", "text/javascript; charset=utf-8"),
        ("/.well-known/assetlinks.json", b"[]", "application/json"),
    ],
)
def test_a_file_is_sent_with_its_type(folder: Path, path: str, body: bytes, kind: str):
    reply = get(folder, path)

    assert reply is not None
    assert (reply.status, reply.body, reply.headers["content-type"]) == (200, body, kind)
    assert reply.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/sub/../../secret.txt",
        "/sub/..%2f..%2fsecret.txt",
        "/%2e%2e%5csecret.txt",
        "/..\\secret.txt",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/sub//index.html",
        "/../public-too/secret.txt",
        "/escape.txt",
        "/escape/secret.txt",
        "/C:/secret.txt",
        "/app.js%00.html",
        "/.env",
        "/.git/config",
        "/sub/.hidden",
        "/nothing.txt",
        "/app.js/",
        "/empty",
        "/empty/",
        "/" + "x" * 5000,
        "/%ff",
        "",
    ],
)
def test_nothing_else_is_ever_sent(folder: Path, path: str):
    assert get(folder, path) is None


def test_a_folder_is_opened_with_a_slash_at_its_end(folder: Path):
    assert get(folder, "/sub?a=1") == HttpReply(301, headers={"location": "/sub/?a=1"})


def test_an_index_that_leads_out_of_the_folder_is_not_sent(folder: Path, tmp_path: Path):
    (folder / "empty" / "index.html").symlink_to(tmp_path / "secret.txt")

    assert get(folder, "/empty/") is None


def test_a_browser_that_has_the_file_is_told_so(folder: Path):
    first = get(folder, "/app.js")
    assert first is not None
    known = [
        get(folder, "/app.js", headers)
        for headers in (
            {"if-none-match": first.headers["etag"]},
            {"if-none-match": f'"other", W/{first.headers["etag"]}'},
            {"if-none-match": "*"},
            {"if-modified-since": first.headers["last-modified"]},
        )
    ]

    assert [reply and (reply.status, reply.body, "content-type" in reply.headers) for reply in known] == [
        (304, b"", False)
    ] * 4


@pytest.mark.parametrize(
    "headers",
    [
        {"if-none-match": '"other"'},
        {"if-none-match": '"other"', "if-modified-since": "Wed, 01 Jan 2098 00:00:00 GMT"},
        {"if-modified-since": "Wed, 01 Jan 2020 00:00:00 GMT"},
        {"if-modified-since": "yesterday"},
        {"if-modified-since": "Wed, 01 Jan 2098 00:00:00 -0000"},
    ],
)
def test_a_browser_that_has_something_else_gets_the_file(folder: Path, headers: dict[str, str]):
    reply = get(folder, "/app.js", headers)

    assert reply is not None
    assert reply.status == 200


def test_a_changed_file_has_another_tag(folder: Path):
    before = get(folder, "/app.js")
    os.utime(folder / "app.js", ns=(1, 1))
    after = get(folder, "/app.js")

    assert before is not None
    assert after is not None
    assert before.headers["etag"] != after.headers["etag"]


async def test_a_large_file_is_sent_piece_by_piece(folder: Path):
    data = os.urandom(2 * AT_ONCE_BYTES + 5)
    (folder / "large.bin").write_bytes(data)
    reply = get(folder, "/large.bin")
    assert reply is not None
    assert reply.chunks is not None
    sizes = [len(chunk) async for chunk in reply.chunks]
    await reply.close()
    again = get(folder, "/large.bin")
    assert again is not None

    assert (reply.body, reply.headers["content-length"]) == (b"", str(len(data)))
    assert sizes == [AT_ONCE_BYTES, AT_ONCE_BYTES, 5]
    assert (await again.whole()).body == data


async def test_a_folder_that_is_missing_is_a_config_error_at_the_start_of_the_server(tmp_path: Path):
    app = AppServer(package_name="com.example.app", api_key="0123456789abcdef", public_dir=tmp_path / "nothing")

    with pytest.raises(ConfigError, match=r"public_dir '.*nothing' is no folder"):
        await app.start(port=0, host="127.0.0.1")


async def test_a_file_is_not_closed_while_a_thread_reads_it():
    """Its number would be that of another file, or of somebody's connection, by the time that the thread reads."""
    descriptor, writing = os.pipe()
    chunks = FileChunks(descriptor)
    reading = asyncio.create_task(anext(chunks))
    await asyncio.sleep(0)
    reading.cancel()
    await asyncio.wait([reading])
    await chunks.aclose()
    os.fstat(descriptor)  # It is open.
    os.write(writing, b"x")
    with contextlib.suppress(OSError):
        async with asyncio.timeout(5):
            while os.fstat(descriptor):
                await asyncio.sleep(0)
    os.close(writing)

    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
    with pytest.raises(StopAsyncIteration):
        await anext(chunks)


@pytest.mark.parametrize(
    ("files", "page"),
    [
        ((), None),
        (("style.css",), None),
        (("index.html",), "/"),
        (("index.html", "webview/index.html"), "/webview"),
    ],
)
def test_the_page_for_users_may_be_a_file(tmp_path: Path, files: tuple[str, ...], page: str | None):
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    app = AppServer(package_name="com.example.app", api_key="0123456789abcdef", public_dir=tmp_path)

    assert app.page_path == page


def test_the_page_of_an_asgi_application_is_where_mentraos_apps_have_it():
    async def application(*_: object) -> None: ...

    app = AppServer(package_name="com.example.app", api_key="0123456789abcdef", asgi=application)

    assert app.page_path == "/webview"
