"""docs/protocol.md stays the page that the code cites: every cited heading and row id exists."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
HEADINGS = frozenset(re.findall(r"^#+ (.+)$", PAGE, flags=re.MULTILINE))
ROWS = [[cell.strip() for cell in row.split("|")[1:-1]] for row in re.findall(r"^\| W-.+$", PAGE, flags=re.MULTILINE)]
IDS = frozenset(row[0] for row in ROWS)

ROW_ID = re.compile(r"\bW-[A-Z]+-\d+\b")
TITLE = r"[A-Z][^.,;:()\"`\[\]]*"
CITATION = re.compile(rf"docs/protocol\.md, ({TITLE}(?:, {TITLE})*)")
LINE_BREAK = re.compile(r"\s*\n[\s#]*")


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in (ROOT / folder).rglob("*.py") if "node_modules" not in path.parts)


def text_of(path: Path) -> str:
    """The file with its lines joined, because a citation may be wrapped, in a docstring or a comment."""
    return LINE_BREAK.sub(" ", path.read_text(encoding="utf-8"))


def test_every_cited_heading_exists():
    cited = {
        (str(path.relative_to(ROOT)), title.strip())
        for path in sources("mentra", "mentra_cli")
        for titles in CITATION.findall(text_of(path))
        for title in titles.split(", ")
        if not ROW_ID.match(title)
    }

    assert cited, "no citation was found: the pattern of this test is wrong"
    assert {(path, title) for path, title in cited if title not in HEADINGS} == set()


def test_every_cited_row_exists():
    cited = {
        (str(path.relative_to(ROOT)), row_id)
        for path in sources("mentra", "mentra_cli", "tests")
        for row_id in ROW_ID.findall(text_of(path))
    }

    assert {(path, row_id) for path, row_id in cited if row_id not in IDS} == set()


def test_rows_cited_within_the_page_exist():
    assert set(ROW_ID.findall(PAGE)) == IDS


def test_a_row_id_is_used_once():
    assert [row_id for row_id, uses in Counter(row[0] for row in ROWS).items() if uses > 1] == []


def test_no_row_has_an_empty_cell():
    assert [row[0] for row in ROWS if not all(row)] == []
