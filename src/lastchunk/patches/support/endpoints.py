# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Reads where a client sends its requests, and which parts of that URL may be exported."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from lastchunk import semconv


def base_url(url: object) -> str:
    """Return a base URL as a text, from a text or an HTTP client's `URL`. Empty if it is neither."""
    return str(url) if isinstance(url, str) or type(url).__name__ == "URL" else ""


def endpoint(url: object) -> dict[str, object]:
    """Return `server.address` and `server.port` of a base URL. Empty if it is none."""
    return dict(_endpoint(str.__str__(base_url(url))))


@lru_cache(maxsize=64)
def _endpoint(url: str) -> tuple[tuple[str, object], ...]:
    """Cached, because it is asked for each stream, and a process has few endpoints."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ()
    if not parts.hostname:
        return ()
    port = port or (443 if parts.scheme == "https" else 80)
    return (semconv.SERVER_ADDRESS, parts.hostname), (semconv.SERVER_PORT, port)
