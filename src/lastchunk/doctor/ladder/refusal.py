# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Reads from an exception why a request got no answer or was refused. Its text is read, but never kept."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from dataclasses import dataclass
from enum import StrEnum

from lastchunk.doctor.telemetry.probe import Listener, of_certificate, of_tls
from lastchunk.streams.evidence import FailureKind
from lastchunk.streams.failure import failure_of
from lastchunk.streams.raised import behind

UNANSWERED = "unanswered"
"""Nothing came in the time that `--timeout` gives."""
PROXIED = "proxied"
"""The proxy in the environment refuses the request."""
UNKNOWN = "unknown"
"""No answer came, and the exception does not say why."""

_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")
_PAGE = re.compile(r"<html|<!doctype", re.IGNORECASE)
_NO_MODEL = re.compile(r"\bmodel\b|deployment", re.IGNORECASE)
_BAD_MODEL = re.compile(
    r"(?:invalid|unknown) model|not a valid model|\bmodel\b.{0,200}(?:not found|not exist)", re.IGNORECASE
)
_NOT_PULLED = re.compile(r"\bpull", re.IGNORECASE)
_UNREACHABLE = (errno.EHOSTUNREACH, errno.ENETUNREACH)


class Missing(StrEnum):
    """What an endpoint says it does not have."""

    MODEL = "model"
    PULLED = "pulled"
    """The model must be pulled first; Ollama says so."""
    ADDRESS = "address"
    """Nothing answers such requests there."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused or unanswered request; unknown values are None or empty."""

    status: int | None = None
    """The HTTP status …"""
    code: str = ""
    """… and the provider's own code for it, if that is an identifier."""
    missing: str = ""
    """A `Missing`."""
    obstacle: str = ""
    """Why no answer came: a `Listener`, `UNANSWERED`, `PROXIED` or `UNKNOWN`; empty if one came."""
    said: str = ""
    """The system's words for it."""


class NoAnswer(TimeoutError):
    """No answer came within the doctor's `--timeout`."""


def refusal_of(error: BaseException | None) -> Refusal:
    """The refusal that an exception, or one that it was raised from, describes."""
    if error is None:
        return Refusal()
    links = list(behind(error))
    refused = [link for link in links if isinstance(found := getattr(link, "status_code", None), int) and found > 0]
    status = next((int(getattr(link, "status_code", 0)) for link in refused), None)
    codes = (getattr(link, "code", None) for link in links)
    code = next((code for code in codes if isinstance(code, str) and _CODE.match(code)), "")
    if status is None:
        obstacle, said = _obstacle(error, links)
        return Refusal(code=code, obstacle=obstacle, said=said)
    # Some SDKs put the body into the text of their exception, others only beside it.
    text = " ".join(f"{link} {getattr(link, 'body', None) or ''}" for link in refused)
    if status == 400 and "HTTPS" in text:  # as servers say that they want TLS
        return Refusal(status, code, obstacle=Listener.WANTS_TLS)
    return Refusal(status, code, missing=_missing(status, "" if _PAGE.search(text) else f"{code} {text}"))


def _missing(status: int, text: str) -> str:
    if status == 404 and _NOT_PULLED.search(text):
        return Missing.PULLED
    if (status == 404 and _NO_MODEL.search(text)) or (status == 400 and _BAD_MODEL.search(text)):
        return Missing.MODEL
    return Missing.ADDRESS if status in (404, 405) else ""


def _obstacle(error: BaseException, links: list[BaseException]) -> tuple[str, str]:
    if isinstance(error, NoAnswer):
        return UNANSWERED, ""
    for link in links:
        if type(link).__name__ in ("ProxyError", "ClientHttpProxyError"):
            return PROXIED, ""
        if isinstance(link, ssl.SSLCertVerificationError):
            return of_certificate(link)
        if isinstance(link, ssl.SSLError) and not isinstance(link, ssl.SSLWantReadError):
            return of_tls(link)
        if isinstance(link, socket.gaierror):
            return Listener.UNRESOLVED, str(link.strerror)
        if isinstance(link, ConnectionRefusedError):
            return Listener.REFUSED, ""
        if isinstance(link, OSError) and link.errno in _UNREACHABLE:
            return Listener.UNREACHABLE, str(link.strerror)
    return (UNKNOWN if failure_of(error).kind in (FailureKind.CONNECTION, FailureKind.TIMEOUT) else ""), ""
