"""Forms are read as they were written, whatever is in them; what is no form is a ValueError."""

import time

import pytest

from mentra.transport.multipart import MAX_PARTS, Form, FormFile, is_form, read_form, write_form

BOUNDARY = "multipart/form-data; boundary=x"


def part(name: str, text: str, more: str = "") -> str:
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{text}\r\n'


@pytest.mark.parametrize(
    "data",
    [b"", b"\r\n", b"\r\n--", b"--x--\r\n", bytes(range(256)) * 300],
    ids=["empty", "line", "dashes", "end", "all"],
)
async def test_a_form_is_read_as_it_was_written(data: bytes):
    file = FormFile(data=data, filename="photo.jpg", content_type="image/jpeg")
    content_type, body = write_form({"requestId": "r1", "note": "Zoë\r\n"}, {"photo": file})

    assert is_form(content_type)
    assert await read_form(content_type, body) == Form(
        fields={"requestId": "r1", "note": "Zoë\r\n"}, files={"photo": file}
    )


async def test_names_cannot_break_out_of_their_quotes():
    file = FormFile(data=b"x", filename='a"\r\nX-Evil: 1', content_type="image/png")
    content_type, body = write_form({'a"; filename="b': "1"}, {"photo": file})

    form = await read_form(content_type, body)

    assert form.fields == {"a%22; filename=%22b": "1"}
    assert form.files["photo"].filename == "a%22%0D%0AX-Evil: 1"


async def test_the_first_of_two_parts_of_one_name_counts():
    body = (
        part("a", "1")
        + part("a", "2")
        + part("f", "3", '; filename="x"')
        + part("f", "4", '; filename="y"')
        + "--x--\r\n"
    )

    form = await read_form(BOUNDARY, body.encode())

    assert (form.fields, form.files) == ({"a": "1"}, {"f": FormFile(data=b"3", filename="x", content_type="")})


async def test_the_type_of_a_file_is_plain():
    body = part("f", "-", '; filename="n"\r\nContent-Type: Image/JPEG; q=1') + "--x--"

    form = await read_form(BOUNDARY, body.encode())

    assert form.files["f"].content_type == "image/jpeg"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", ""),
        (f"multipart/form-data; boundary={'x' * 71}", ""),
        ("text/plain", "hello"),
        (BOUNDARY, ""),
        (BOUNDARY, "hello"),
        (BOUNDARY, part("a", "1")),
        (BOUNDARY, '--x\r\nContent-Disposition: form-data; name="a"'),
        (BOUNDARY, "--x\r\n" + "a" * 9000 + "\r\n\r\n1\r\n--x--"),
        (BOUNDARY, "--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\n1\r\n--y--\r\n--x--"),
        (BOUNDARY, part("a", "1") * MAX_PARTS + "--x--\r\n"),
    ],
    ids=[
        "no boundary",
        "long boundary",
        "text",
        "empty",
        "hello",
        "cut",
        "cut head",
        "long head",
        "nested",
        "many parts",
    ],
)
async def test_what_is_no_form_is_an_error(content_type: str, body: str):
    with pytest.raises(ValueError, match="The body is no form"):
        await read_form(content_type, body.encode())


@pytest.mark.parametrize(
    ("content_type", "answer"),
    [(BOUNDARY, True), ("Multipart/Form-Data", True), ("multipart/mixed; boundary=x", False), ("", False)],
)
def test_what_announces_a_form(content_type: str, answer: bool):
    assert is_form(content_type) is answer


@pytest.mark.parametrize("line", [b"\n", b"\r\n", b"x\n"])
async def test_lines_before_the_form_cost_no_time(line: bytes):
    """Anybody may post ten megabytes, and nothing else happens while a form is read."""
    end = f"\r\n{part('a', '1')}--x--\r\n".encode()
    began = time.perf_counter()
    form = await read_form(BOUNDARY, line * 2_000_000 + end)
    with pytest.raises(ValueError, match="no form"):
        await read_form(BOUNDARY, line * 2_000_000)
    took_s = time.perf_counter() - began

    assert form == Form(fields={"a": "1"})
    assert took_s < 0.5
