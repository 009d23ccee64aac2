# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The links of all Markdown files. As a script: asks for the external ones, and exits with 1 if one does not answer.

python scripts/links.py
"""

from __future__ import annotations

import re
import sys
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[1]
_PARSER = MarkdownIt("commonmark").enable("table")
_IN_HTML = re.compile(r"""(?:href|src)=["']([^"']+)""")
_NOT_OURS = re.compile(r"^(\.(?!github)|build$|dist$|node_modules$)")
"""Folders that hold what others wrote, or what was made."""
_SECONDS = 20.0


@dataclass(frozen=True)
class Link:
    """Where it stands and where it leads."""

    page: Path
    target: str

    @property
    def external(self) -> bool:
        """It leads out of the repository."""
        return bool(urlsplit(self.target).scheme)


def pages(root: Path = ROOT) -> list[Path]:
    """Every Markdown file of the repository."""
    found = sorted(root.rglob("*.md"))
    return [page for page in found if not any(_NOT_OURS.match(part) for part in page.relative_to(root).parts[:-1])]


def links(page: Path) -> Iterator[Link]:
    """The links and pictures of a page."""
    for token in _tokens(page):
        if token.type in ("link_open", "image"):
            target = token.attrGet("href") or token.attrGet("src")
            yield Link(page, str(target))
        elif token.type in ("html_block", "html_inline"):
            yield from (Link(page, target) for target in _IN_HTML.findall(token.content))


def anchors(page: Path) -> set[str]:
    """What can stand behind `#`, as GitHub makes it of the headings."""
    seen: Counter[str] = Counter()
    found = set()
    tokens = _PARSER.parse(page.read_text("utf-8"))
    for heading, inline in pairwise(tokens):
        if heading.type == "heading_open":
            said = "".join(part.content for part in inline.children or [] if part.type in ("text", "code_inline"))
            anchor = re.sub(r"[^\w\- ]", "", said.strip().lower()).replace(" ", "-")
            found.add(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
            seen[anchor] += 1
    return found


def broken(link: Link) -> str | None:
    """What is wrong with a link within the repository."""
    path, _, anchor = link.target.partition("#")
    page = (link.page.parent / unquote(path)).resolve() if path else link.page
    if not page.exists():
        return f"there is no {path}"
    if not page.is_relative_to(ROOT):
        return f"{path} is outside of the repository"
    if anchor and (page.suffix != ".md" or anchor not in anchors(page)):
        return f"{path or page.name} has no heading #{anchor}"
    return None


def answers(target: str) -> str | None:
    """What is wrong with an external link; None if its server answers with it."""
    request = urllib.request.Request(target, headers={"User-Agent": "Mozilla/5.0 (links of documentation)"})
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS):
            return None
    except (urllib.error.URLError, OSError, ValueError) as error:
        return str(error)


def _tokens(page: Path) -> Iterator[Token]:
    for token in _PARSER.parse(page.read_text("utf-8")):
        yield token
        yield from token.children or []


def main() -> None:
    targets = sorted({link.target for page in pages() for link in links(page) if link.external})
    with ThreadPoolExecutor(8) as pool:
        told = [(target, wrong) for target, wrong in zip(targets, pool.map(answers, targets), strict=True) if wrong]
    for target, wrong in told:
        print(f"{target}: {wrong}", file=sys.stderr)
    print(f"{len(targets) - len(told)} of {len(targets)} external links answer")
    sys.exit(bool(told))


if __name__ == "__main__":
    main()
