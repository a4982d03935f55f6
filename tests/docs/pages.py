"""The pages of this repository, and what is written on them."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
_FOLDERS = (".", "docs", "docs/how-to", "templates", "examples")
PAGES = sorted(page for folder in _FOLDERS for page in (ROOT / folder).glob("*.md"))

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", flags=re.MULTILINE)


def name_of(page: Path) -> str:
    """The page's path in the repository; also the id of a test."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of a page."""
    return [code for kind, code in _BLOCK.findall(page.read_text(encoding="utf-8")) if kind == language]


def prose(page: Path) -> str:
    """A page without its code blocks."""
    return _BLOCK.sub("", page.read_text(encoding="utf-8"))


def headings(page: Path) -> list[str]:
    return _HEADING.findall(prose(page))


def section(page: Path, heading: str) -> str:
    """What stands under a heading, up to the next one of the same depth."""
    _, _, rest = page.read_text(encoding="utf-8").partition(f"\n## {heading}\n")
    return rest.partition("\n## ")[0]


def rows(text: str) -> Iterator[list[str]]:
    """The rows of the tables in a text, without heads and rules."""
    for row in re.findall(r"^\| `.+ \|$", text, flags=re.MULTILINE):
        yield [cell.strip() for cell in row.strip("|").split("|")]
