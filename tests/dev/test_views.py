"""What a person and a pipe get to read."""

import io
import re
from datetime import UTC, datetime

import pytest
from rich.console import Console

from mentra_cli.dev.journal import (
    AppError,
    AppOutput,
    Blocked,
    CloudCall,
    DisplayChange,
    Entry,
    Frame,
    HttpAnswer,
    HttpCall,
    Journal,
    Loaded,
    LoadFailed,
    Note,
    Speech,
)
from mentra_cli.dev.reports import Failed
from mentra_cli.dev.views.folding import Batch
from mentra_cli.dev.views.lines import Lines
from mentra_cli.dev.views.panels import Panels

TIME = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
SESSION = {"session_id": "ann@example.com-com.example.app", "user_id": "ann@example.com"}


def from_cloud(text: bytes) -> Frame:
    return Frame(**SESSION, from_app=False, text=text)


def from_app(text: bytes) -> Frame:
    return Frame(**SESSION, from_app=True, text=text)


def batch_of(entry: Entry) -> Batch:
    """Return an entry that comes alone."""
    size = entry.binary_bytes if isinstance(entry, Frame) else 0
    return Batch(last=entry, size_bytes=size)


ENTRIES: list[tuple[Entry, str]] = [
    (
        HttpCall(
            method="POST",
            path="/webhook",
            body=b'{"type":"session_request","sessionId":"ann@example.com-x","userId":"ann@example.com"}',
        ),
        "cloud -> app  /webhook session_request (ann@example.com): ann@example.com-x",
    ),
    (
        HttpCall(
            method="POST",
            path="/webhook",
            body=b'{"type":"stop_request","sessionId":"s","userId":"ann@example.com","reason":"user_disabled"}',
        ),
        "cloud -> app  /webhook stop_request (ann@example.com): user_disabled",
    ),
    (
        HttpAnswer(method="POST", path="/webhook", status=200, body=b'{"status":"success"}', took_s=0.0234),
        'app -> cloud  /webhook answered 200 in 23 ms: {"status":"success"}',
    ),
    (
        HttpCall(method="GET", path="/webview?lang=en&aos_temp_token=***&cloudApiUrl=x", body=b""),
        "browser -> app  GET /webview?lang=en (signed in by its address)",
    ),
    (
        HttpCall(method="POST", path="/photo-upload", body=b"<1,000 bytes of multipart/form-data>"),
        "glasses -> app  POST /photo-upload: <1,000 bytes of multipart/form-data>",
    ),
    (
        HttpAnswer(method="GET", path="/webview", status=302, body=b"", took_s=0.001),
        "app -> browser  /webview answered 302 in 1 ms",
    ),
    (
        CloudCall(
            method="PUT",
            path="/api/sdk/simple-storage/ann%40example.com",
            body=b'{"data":{"a":"b"}}',
            status=200,
            answer=b'{"success":true}',
            took_s=0.002,
        ),
        'app -> cloud  PUT /api/sdk/simple-storage/ann@example.com answered 200 in 2 ms: {"data":{"a":"b"}}',
    ),
    (
        CloudCall(method="PUT", path="/x", body=b"{}", status=413, answer=b'{"error":"too large"}', took_s=0.002),
        'app -> cloud  PUT /x answered 413 in 2 ms: {"error":"too large"}',
    ),
    (
        from_cloud(b'{"type":"data_stream","streamType":"transcription:en-US","data":{"text":"hel","isFinal":false}}'),
        "cloud -> app  transcription:en-US (ann@example.com): hel ...",
    ),
    (
        from_cloud(b'{"type":"data_stream","streamType":"transcription:en-US","data":{"text":"hello","isFinal":true}}'),
        "cloud -> app  transcription:en-US (ann@example.com): hello",
    ),
    (
        from_cloud(b'{"type":"data_stream","streamType":"button_press","data":{"buttonId":"main"}}'),
        'cloud -> app  button_press (ann@example.com): {"buttonId":"main"}',
    ),
    (
        from_cloud(b'{"type":"tpa_connection_error","code":"INVALID_API_KEY","message":"Invalid API key"}'),
        "cloud -> app  tpa_connection_error (ann@example.com): INVALID_API_KEY: Invalid API key",
    ),
    (
        from_cloud(b'{"type":"settings_update","settings":[{"key":"lines","value":3}]}'),
        "cloud -> app  settings_update (ann@example.com): lines = 3",
    ),
    (
        from_cloud(b'{"type":"from_the_future","x":1}'),
        'cloud -> app  from_the_future (ann@example.com): {"type":"from_the_future","x":1}',
    ),
    (
        from_app(
            b'{"type":"display_event","packageName":"p","view":"main",'
            b'"layout":{"layoutType":"reference_card","title":"Weather","text":"Sunny"}}'
        ),
        "app -> cloud  display_event (ann@example.com): Weather\n    Sunny",
    ),
    (
        from_app(b'{"type":"display_event","packageName":"p","view":"main","layout":{"layoutType":"clear_view"}}'),
        "app -> cloud  display_event (ann@example.com): (empty)",
    ),
    (
        from_app(b'{"type":"subscription_update","packageName":"p","subscriptions":["a","b"]}'),
        "app -> cloud  subscription_update (ann@example.com): a, b",
    ),
    (
        Frame(**SESSION, from_app=False, text=b"", binary_bytes=3200),
        "cloud -> app  sound (ann@example.com): 1 frame, 3,200 bytes",
    ),
    (DisplayChange(user_id="ann@example.com", text="one\ntwo"), "glasses  ann@example.com: one\n    two"),
    (
        DisplayChange(user_id="ann@example.com", text="one", dashboard="12:30"),
        "glasses  ann@example.com: one\n    dashboard: 12:30",
    ),
    (Speech(user_id="ann@example.com", text="hello"), "you  say: hello"),
    (AppOutput(stream="stdout", line="printed [bold]"), "app  stdout: printed [bold]"),
    (
        Loaded(how="class A in app.py", took_s=0.35, again=True, sessions=1),
        "mentra  reloaded: class A in app.py, in 350 ms; 1 session continues in the new code",
    ),
    (
        LoadFailed(
            failure=Failed(message="ValueError: boom", file="app.py", line=2, code=[(1, "a = 1"), (2, "raise x")]),
            still_serving=True,
        ),
        (
            "mentra  the code could not be loaded: ValueError: boom\n    app.py:2\n      1 | a = 1\n    > 2 | raise x\n"
            "    The code before it goes on serving."
        ),
    ),
    (
        AppError(failure=Failed(message="f failed: ValueError: boom", file="app.py", line=2, fix="Do."), user_id="u"),
        "app  error: f failed: ValueError: boom\n    app.py:2\n    Fix: Do.",
    ),
    (
        Blocked(place="app.py:2", function="work", blocked_s=0.25, code=[(1, "a = 1"), (2, "sleep(1)")]),
        (
            "app  blocked for 250 ms by work: app.py:2\n      1 | a = 1\n    > 2 | sleep(1)\n"
            "    Nothing else of the app ran meanwhile, for any user. Await what takes long, or use asyncio.to_thread."
        ),
    ),
    (Note(text="Something.", fix="Do this.", is_problem=True), "mentra  problem: Something.\n    Fix: Do this."),
]


@pytest.mark.parametrize(("entry", "line"), ENTRIES, ids=lambda value: type(value).__name__)
def test_an_entry_is_a_plain_line_with_its_time(entry: Entry, line: str) -> None:
    out = io.StringIO()

    Lines(out).show(batch_of(entry))

    assert out.getvalue() == f"{entry.time.astimezone():%H:%M:%S} {line}\n"


@pytest.mark.parametrize(("entry", "line"), ENTRIES, ids=lambda value: type(value).__name__)
def test_an_entry_in_panels_says_the_same(entry: Entry, line: str) -> None:
    out = io.StringIO()

    Panels(Console(file=out, width=100, force_terminal=False)).show(batch_of(entry))

    shown = out.getvalue()
    if isinstance(entry, DisplayChange):
        assert shown == ""
    elif (
        isinstance(entry, HttpCall | HttpAnswer | CloudCall | Frame | LoadFailed | AppError | Blocked)
        and "sound" not in line
        and ": " in line
    ):
        assert shown.startswith("╭─ ")
        words = shown.replace("│", "").split()
        assert all(word in words for word in line.partition(": ")[2].split())
    else:
        assert "╭" not in shown


def test_lines_survive_an_encoding_that_lacks_their_characters() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="cp1252")

    Lines(out).show(batch_of(Speech(user_id="u", text="日本 ok")))

    assert raw.getvalue().decode("cp1252").rstrip().endswith("say: ?? ok")


def test_a_long_message_is_cut_and_says_how_long_it_is() -> None:
    out = io.StringIO()

    Lines(out).show(batch_of(from_cloud(b'{"type":"future","x":"' + b"y" * 1000 + b'"}')))

    assert "... (1024 characters)" in out.getvalue()
    assert len(out.getvalue()) < 600


@pytest.mark.parametrize(
    "entry",
    [
        AppOutput(stream="stdout", line="the key is s3cr3t-key"),
        from_app(b'{"x":"s3cr3t-key","y":"\xff"}'),
        HttpCall(method="POST", path="/x?key=s3cr3t-key", body=b"s3cr3t-key"),
        HttpAnswer(method="POST", path="/x", status=200, body=b"s3cr3t-key", took_s=0.1),
        CloudCall(method="PUT", path="/s3cr3t-key", body=b"s3cr3t-key", status=200, answer=b"s3cr3t-key", took_s=0.1),
        DisplayChange(user_id="u", text="s3cr3t-key", dashboard="s3cr3t-key"),
        Note(text="s3cr3t-key", fix="s3cr3t-key"),
        LoadFailed(
            failure=Failed(message="bad s3cr3t-key", code=[(1, 'key = "s3cr3t-key"')], traceback="s3cr3t-key"),
            still_serving=False,
        ),
        AppOutput(stream="stdout", line="a key of the console that nobody named: " + "0123456789abcdef" * 4),
    ],
    ids=lambda entry: type(entry).__name__,
)
def test_no_entry_keeps_a_secret(entry: Entry) -> None:
    journal = Journal()
    journal.keep_secret("s3cr3t-key")

    journal.add(entry)

    assert "s3cr3t-key" not in repr(list(journal))
    assert "0123456789abcdef" * 4 not in repr(list(journal))
    assert "characters)" in repr(list(journal))


def test_a_short_secret_does_not_garble_ordinary_words() -> None:
    journal = Journal()
    journal.keep_secret("test")
    journal.keep_secret("")

    journal.add(Note(text="this is the latest test"))

    assert list(journal) == [Note(text="this is the latest test", time=next(iter(journal)).time)]


def test_a_view_that_fails_is_left_out_from_then_on(caplog: pytest.LogCaptureFixture) -> None:
    journal, heard = Journal(), list[Entry]()

    def fails(_: Entry) -> None:
        raise ValueError("cannot draw")

    journal.read(fails)
    journal.read(heard.append)

    journal.add(Note(text="one"))
    journal.add(Note(text="two"))

    assert len(heard) == 2
    assert caplog.text.count("ValueError: cannot draw") == 1


def test_a_reader_that_has_ended_gets_nothing_more() -> None:
    journal, heard = Journal(), list[Entry]()
    end = journal.read(heard.append)
    note = Note(text="one")

    journal.add(note)
    end()
    journal.add(Note(text="two"))

    assert heard == [note]
    assert len(list(journal)) == 2


def test_what_others_write_cannot_steer_the_terminal() -> None:
    out = io.StringIO()

    Lines(out).show(batch_of(Speech(user_id="u", text="\x1b[2Jgone\x07\x7f")))

    assert out.getvalue().endswith("say: \ufffd[2Jgone\ufffd\ufffd\n")


def test_names_that_others_choose_cannot_steer_the_terminal_or_begin_a_line() -> None:
    out = io.StringIO()
    frame = Frame(session_id="", user_id="ann\n12:00:00 mentra", from_app=True, text=b"", app="\x1b[1mevil\x9b1m\nx")

    Lines(out).show(batch_of(frame))

    [line] = out.getvalue().splitlines()
    assert line.partition(" ")[2] == (
        "\ufffd[1mevil\ufffd1m\ufffdx -> cloud  malformed (ann\ufffd12:00:00 mentra): Input data was truncated"
    )


def test_a_batch_says_how_many_how_fast_and_the_last_of_them() -> None:
    out = io.StringIO()
    shown = from_app(
        b'{"type":"display_event","packageName":"p","view":"main",'
        b'"layout":{"layoutType":"text_wall","text":"one\\ntwo"}}'
    )

    Lines(out).show(Batch(last=shown, count=1312, more=True, over_s=0.96, answered_s=0.0123))

    assert out.getvalue().partition(" ")[2] == (
        "app -> cloud  display_event (ann@example.com)  x1,312 more in 1.0 s, answered in up to 12 ms: one / two\n"
    )


def test_sound_is_a_line_of_frames_and_bytes_in_panels_too() -> None:
    out = io.StringIO()
    sound = Frame(**SESSION, from_app=False, text=b"", binary_bytes=3200)

    Panels(Console(file=out, width=100)).show(Batch(last=sound, count=50, size_bytes=160_000, over_s=0.98))

    assert out.getvalue() == "cloud -> app  sound (ann@example.com): 50 frames, 160,000 bytes in 1.0 s\n"


def test_the_margin_of_a_panel_says_how_fast_it_answers() -> None:
    out = io.StringIO()

    Panels(Console(file=out, width=100)).show(Batch(last=from_app(b'{"type":"x"}'), answered_s=0.0123))

    assert " answered in 12 ms  " in out.getvalue().splitlines()[-1]


@pytest.mark.parametrize(
    "entry",
    [
        from_cloud(b'{"type":"future","x":{"deep":"' + b"y" * 1000 + b'"}}'),
        HttpCall(method="POST", path="/tool", body=b'{"x":{"deep":"' + b"y" * 1000 + b'"}}'),
        HttpAnswer(method="POST", path="/tool", status=200, body=b'{"x":{"deep":"' + b"y" * 1000 + b'"}}', took_s=0.1),
    ],
    ids=lambda entry: type(entry).__name__,
)
def test_verbose_shows_whole_messages_as_indented_json(entry: Entry) -> None:
    lines, panels = io.StringIO(), io.StringIO()

    Lines(lines, verbose=True).show(Batch(last=entry))
    Panels(Console(file=panels, width=2000), verbose=True).show(Batch(last=entry))

    for shown in (lines.getvalue(), panels.getvalue()):
        assert re.search(r'"x": \{ *\W+    "deep": "y{1000}"', shown)


def test_verbose_shows_what_is_no_message_with_its_problem() -> None:
    out = io.StringIO()

    Lines(out, verbose=True).show(Batch(last=from_app(b"{nonsense")))

    assert "JSON is malformed" in out.getvalue()
    assert "{nonsense" in out.getvalue()
