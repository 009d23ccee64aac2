# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Removes secrets from reports, because reports end up in public issues.

Two nets: what the environment says is secret is hidden wherever it occurs, and what has the form of a secret is hidden
where it stands.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

HIDDEN = "***"
HOST = "HOST"
"""Replaces a host's name or address."""

_SHORTEST = 8
"""A value of at least so many characters is hidden wherever it occurs. Shorter ones are words such as `ollama`, not keys."""

_SECRET_NAME = re.compile(r"key|token|secret|passw|credential|authorization|cookie|headers$", re.IGNORECASE)
_HOST_NAME = re.compile(r"(url|endpoint|host|hostname|proxy|address|api_base)$", re.IGNORECASE)

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)([^\s\"'<>`|\\)\]},;]+|\[[^\s\"'<>`|\\)},;]+)")
_KEY = re.compile(r"\b(?:(?:sk|pk|rk|xox[a-z]|glpat)[-_]|(?:gh[a-z]|glc|glsa|hf|lsv2)_|AIza|AKIA|eyJ)[\w.-]{10,}")
_SCHEME = re.compile(r"\b(Bearer|Basic)(\s+|%20)[^\s,;\"'&]+", re.IGNORECASE)
_ASSIGNED = re.compile(
    r"((?:api[-_]?key|token|secret|password|authorization|credentials?|cookie|_headers)[\"']?\s*[=:]\s*[\"']?)"
    r"(?:(?:Bearer|Basic)\s+)?[^\s,;\"'&]+",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\w)|(?<![\w:])[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*"
)
_WITH_PORT = re.compile(r"(?<![\w./-])[A-Za-z0-9](?:[A-Za-z0-9-]*\.)+[A-Za-z0-9-]+(?=:\d)")


@dataclass(frozen=True, slots=True)
class Redactor:
    """Hides secrets, and if it is told to, hosts."""

    secrets: tuple[str, ...] = ()
    """Hidden wherever they occur."""
    homes: tuple[str, ...] = ()
    """Home folders, shown as `~`."""
    hosts: tuple[str, ...] | None = None
    """Known host names; None: hosts are shown, whatever they are."""

    @classmethod
    def of(
        cls,
        environ: Mapping[str, str],
        *,
        home: str,
        hide_hosts: bool,
        hosts: Iterable[str] = (),
        urls: Iterable[str] = (),
    ) -> Redactor:
        """What this environment calls secret, with hosts and URLs that come from elsewhere, such as an option."""
        known = {*hosts, *(host for url in urls for host in _hosts(url))}
        for name, value in environ.items():
            if _HOST_NAME.search(name):
                known.update(_hosts(value))
        return cls(
            tuple(sorted(_secrets(environ), key=len, reverse=True)),
            tuple(sorted({home.rstrip("/")} - {""}, key=len, reverse=True)),
            tuple(sorted({host for host in known if not _is_loopback(host)}, key=len, reverse=True))
            if hide_hosts
            else None,
        )

    def text(self, text: str) -> str:
        """`text` without anything that must not be shown."""
        text = _URL.sub(lambda found: found[1] + self._url(found[2]), text)
        for secret in self.secrets:
            text = text.replace(secret, HIDDEN)
        text = _SCHEME.sub(rf"\1\2{HIDDEN}", text)
        text = _ASSIGNED.sub(rf"\1{HIDDEN}", text)
        text = _KEY.sub(HIDDEN, text)
        for home in self.homes:
            text = re.sub(re.escape(home) + r"(?![\w-])", "~", text)
        if self.hosts is None:
            return text
        for host in self.hosts:
            text = re.sub(rf"(?<![\w-])(?:[\w-]+\.)*{re.escape(host)}(?![\w-])", HOST, text, flags=re.IGNORECASE)
        text = _ADDRESS.sub(_hide_address, text)
        return _WITH_PORT.sub(HOST, text)

    def value(self, value: Any) -> Any:
        """The same for the strings in a JSON value, at any depth; its keys stay."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self.value(inner) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.value(inner) for inner in value]
        return value

    def _url(self, rest: str) -> str:
        # A password may hold any sign, also unquoted: all before the last `@` is hidden.
        user, at, rest = rest.rpartition("@")
        host, path, query = _parts(rest)
        if self.hosts is not None:
            name, port = _host_and_port(host)
            host = (name if _is_loopback(name) else HOST) + port if name else host
        return (HIDDEN + at if user else "") + host + path + (query[0] + HIDDEN if query else "")


def _parts(rest: str) -> tuple[str, str, str]:
    """What follows `://`: host with port, path, and query or fragment with its sign."""
    before, query = _split_at("?#", rest)
    host, path = _split_at("/", before)
    return host, path, query


def _split_at(signs: str, text: str) -> tuple[str, str]:
    at = min((at for sign in signs if (at := text.find(sign)) >= 0), default=len(text))
    return text[:at], text[at:]


def _host_and_port(host: str) -> tuple[str, str]:
    found = re.fullmatch(r"(\[.*\]|[^:]*)((?::\d*)?)", host)
    return (found[1], found[2]) if found else (host, "")


def _hosts(value: str) -> Iterator[str]:
    """The host that a URL, or a `host:port`, names."""
    rest = value.strip().partition("://")[2] or value.strip()
    name, _ = _host_and_port(_parts(rest.rpartition("@")[2])[0])
    if name and re.search(r"\w", name):
        yield name


def _is_loopback(name: str) -> bool:
    name = name.strip("[]").lower()
    if name in ("localhost", "0.0.0.0", "::", HOST.lower()):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _hide_address(found: re.Match[str]) -> str:
    try:
        address = ipaddress.ip_address(found[0])
    except ValueError:  # a time, a version
        return found[0]
    return found[0] if _is_loopback(str(address)) else HOST


def _secrets(environ: Mapping[str, str]) -> set[str]:
    found: set[str] = set()
    for name, value in environ.items():
        if not _SECRET_NAME.search(name):
            continue
        parts = [value]
        if name.lower().endswith("headers"):
            parts += [pair.partition("=")[2] for pair in value.split(",")]
        for part in [part.strip() for part in parts]:
            words = {part, unquote(part), unquote(part).rpartition(" ")[2]}
            found |= words | {quote(word, safe="") for word in words}
    return {secret for secret in found if len(secret) >= _SHORTEST}
