# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Every relative link in a Markdown file leads to a file that is there, and every anchor to a heading."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


def _script() -> Any:
    spec = importlib.util.spec_from_file_location("links_of_pages", ROOT / "scripts" / "links.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


script = _script()


@pytest.mark.parametrize("page", script.pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_within_the_repository(page: Path) -> None:
    wrong = {link.target: how for link in script.links(page) if not link.external and (how := script.broken(link))}
    assert wrong == {}


def test_all_pages_are_looked_at() -> None:
    names = {str(page.relative_to(ROOT)) for page in script.pages()}
    assert {"README.md", "docs/README.md", "examples/README.md", "grafana/runbook.md", "SECURITY.md"} <= names
    assert not [name for name in names if "site-packages" in name]


def test_documentation_is_listed_in_its_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    assert [page.name for page in (ROOT / "docs").glob("*.md") if f"({page.name})" not in index] == ["README.md"]


def test_anchors_are_those_of_github(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A `code_name`: what, it's & for?\n\n## Twice\n\n## Twice\n\n    # no heading\n")
    assert script.anchors(page) == {"a-code_name-what-its--for", "twice", "twice-1"}


@pytest.mark.parametrize(
    ("target", "wrong"),
    [
        ("README.md", None),
        ("README.md#settings", None),
        ("docs", None),
        ("nosuch.md", "there is no nosuch.md"),
        ("README.md#nosuch", "README.md has no heading #nosuch"),
        ("LICENSE#nosuch", "LICENSE has no heading #nosuch"),
    ],
)
def test_what_is_wrong_with_a_link(target: str, wrong: str | None) -> None:
    assert script.broken(script.Link(ROOT / "CHANGELOG.md", target)) == wrong


def test_links_are_found_wherever_they_stand(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        '[a](one.md) ![b](two.svg) <https://three>\n\n| t |\n|---|\n| [c](four) |\n\n<img src="five.svg">\n'
    )
    found = {link.target: link.external for link in script.links(page)}
    assert found == {"one.md": False, "two.svg": False, "https://three": True, "four": False, "five.svg": False}


def test_an_external_link_that_does_not_answer() -> None:
    assert "refused" in script.answers("http://127.0.0.1:1/")
