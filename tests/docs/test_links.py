"""Links, paths and pictures of the pages lead somewhere, and nothing leads into one person's machine."""

import re
import subprocess

import pytest

from tests.docs.pages import PAGES, ROOT, headings, name_of, prose

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PATH = re.compile(r"`((?:mentra|mentra_cli|templates|tests|docs)/[\w./-]*)`")
_NAMES_A_MACHINE = re.compile(r"(?<![\w.:/$}-])/(?:root|work|home|Users)/")
# In parts, so that this file does not name them itself.
_REGISTRIES = tuple(".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org")))


def anchor(heading):
    """What GitHub makes of a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_to_a_file_leads_to_one(page):
    for link in _LINK.findall(prose(page)):
        if link.startswith("https://"):
            continue
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_file(), link
        if fragment:
            assert fragment in map(anchor, headings(target)), link


# The page of the templates speaks of paths inside of a template.
@pytest.mark.parametrize("page", [page for page in PAGES if page.parent.name != "templates"], ids=name_of)
def test_every_path_that_is_mentioned_exists(page):
    assert [path for path in _PATH.findall(prose(page)) if not (ROOT / path).exists()] == []


def test_the_picture_fetches_nothing():
    picture = (ROOT / "docs" / "images" / "mentra-dev.svg").read_text(encoding="utf-8")

    assert set(re.findall(r"https?://[\w.:]+", picture)) <= {"http://127.0.0.1:3000", "http://www.w3.org"}
    assert not re.search(r"@font-face|@import|href|<image|<script", picture)


@pytest.mark.processes
def test_no_file_names_a_machine_or_a_package_registry():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            text = (ROOT / name).read_text(encoding="utf-8", errors="replace")
            assert not _NAMES_A_MACHINE.search(text), name
            assert not any(host in text for host in _REGISTRIES), name
