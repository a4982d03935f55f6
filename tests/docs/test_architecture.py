"""docs/architecture.md is true: its tables are what the code imports, and what the code cites stands there."""

import functools
import re
import sys
import tomllib

from tests.docs.pages import ARCHITECTURE, ROOT, headings, rows, section
from tests.test_imports import MAY_USE, imports_of, sources

CITATION = re.compile(r"docs/architecture\.md, \"?([A-Z][\w -]*\w)")


def import_name(distribution):
    return {"pillow": "PIL", "python-dotenv": "dotenv", "PyJWT": "jwt"}.get(distribution, distribution)


def dependencies():
    """The table of dependencies: each distribution with the packages that import it."""
    return {row[0].strip("`"): row[1].replace("`", "") for row in rows(section(ARCHITECTURE, "Dependencies"))}


def package_of(module):
    """``mentra.session.link`` is part of ``mentra.session``; the command is one package."""
    first, _, rest = module.partition(".")
    return f"{first}.{rest.partition('.')[0]}" if first == "mentra" else first


@functools.cache
def imported():
    """Each package with the first names of the modules that it imports."""
    found = {}
    for path in [*sources("mentra"), *sources("mentra_cli")]:
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        found.setdefault(package_of(module), set()).update(name.partition(".")[0] for name in imports_of(path))
    return found


def test_packages_may_use_what_the_table_says():
    table = {row[0].strip("`"): row[2] for row in rows(section(ARCHITECTURE, "Packages and their direction"))}

    assert table == {f"mentra.{part}": ", ".join(sorted(used)) or "nothing" for part, used in MAY_USE.items()}


def test_dependencies_are_those_of_the_table():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {re.match(r"[\w-]+", requirement)[0] for requirement in project["dependencies"]}

    found = {
        name: ", ".join(package for package, names in sorted(imported().items()) if import_name(name) in names)
        for name in declared
    }

    assert found == dependencies()


def test_nothing_is_imported_that_is_not_declared():
    known = {"mentra", "mentra_cli", *sys.stdlib_module_names, *map(import_name, dependencies())}
    known.add("jinja2")  # Only its errors, which cookiecutter passes on.

    assert set().union(*imported().values()) - known == set()


def test_every_cited_section_exists():
    cited = {
        (path.relative_to(ROOT).as_posix(), title)
        for path in [*sources("mentra"), *sources("mentra_cli"), ROOT / "pyproject.toml"]
        for title in CITATION.findall(re.sub(r"\s*\n[\s#]*", " ", path.read_text(encoding="utf-8")))
    }

    assert cited, "no citation was found: the pattern of this test is wrong"
    assert {(path, title) for path, title in cited if title not in headings(ARCHITECTURE)} == set()
