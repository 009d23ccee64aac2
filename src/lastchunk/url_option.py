# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The type of options that take a URL, so that a wrong one is refused before anything is done."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import click


def url(example: str, *, empty: bool = False) -> Callable[[str], str]:
    """The type of an option that takes a URL. `example` is shown in the error; with `empty`, an empty text is valid, too."""

    def checked(value: str) -> str:
        if not (is_url(value) or (empty and not value)):
            raise click.BadParameter(f"'{value}' is not a URL: give one such as {example}.")
        return value

    return checked


def is_url(text: str) -> bool:
    """True for an `http://` or `https://` URL with a host and, if it has a port, a valid one."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"[\s\"'<>\\]", text)
