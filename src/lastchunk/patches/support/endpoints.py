# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Where a client sends its requests: its base URL, and what of it may be said."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from lastchunk import semconv


def base_url(url: object) -> str:
    """A base URL, which is a text or the `URL` of a client for HTTP, as a text; empty if it is neither."""
    return str(url) if isinstance(url, str) or type(url).__name__ == "URL" else ""


def endpoint(url: object) -> dict[str, Any]:
    """`server.address` and `server.port` of a base URL; nothing if it is none."""
    try:
        parts = urlsplit(base_url(url))
        port = parts.port
    except ValueError:
        return {}
    if not parts.hostname:
        return {}
    return {
        semconv.SERVER_ADDRESS: parts.hostname,
        semconv.SERVER_PORT: port or (443 if parts.scheme == "https" else 80),
    }
