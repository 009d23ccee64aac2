# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Finds out what kind of server listens at an address, from its answer to the first bytes of HTTP/2."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Listener(StrEnum):
    """What was found."""

    UNRESOLVED = "unresolved"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    DROPS = "drops"
    """No connection is made in time."""
    SILENT = "silent"
    """It accepts the connection, but does not answer in time."""
    TLS_SILENT = "tls_silent"
    """It accepts the connection, but the TLS handshake does not finish in time."""
    UNTRUSTED = "untrusted"
    """TLS, with a certificate whose authority this machine does not trust."""
    OTHER_NAME = "other_name"
    """TLS, with a certificate for another host."""
    EXPIRED = "expired"
    """TLS, with a certificate that has expired or is not yet valid."""
    TLS_FAILED = "tls_failed"
    PLAIN = "plain"
    """No TLS, although the address asks for it."""
    WANTS_TLS = "wants_tls"
    """TLS, although the address does not ask for it."""
    HTTP_1 = "http_1"
    HTTP_2 = "http_2"
    """The protocol of gRPC."""
    CLOSES = "closes"
    """It accepts the connection, and closes it without sending anything."""


SILENCES = (Listener.DROPS, Listener.SILENT, Listener.TLS_SILENT)
"""The listeners that let a caller wait until its timeout."""

MEANS: Mapping[str, str] = {
    Listener.UNRESOLVED: "this machine cannot resolve the host's name",
    Listener.REFUSED: "the connection is refused: nothing listens there",
    Listener.UNREACHABLE: "this machine cannot reach the host",
    Listener.DROPS: "no connection is made",
    Listener.SILENT: "it accepts the connection, but does not answer",
    Listener.TLS_SILENT: "it accepts the connection, but the TLS handshake does not finish",
    Listener.UNTRUSTED: "this machine does not trust its TLS certificate",
    Listener.OTHER_NAME: "its TLS certificate is for another host",
    Listener.EXPIRED: "its TLS certificate is not valid today",
    Listener.TLS_FAILED: "the TLS handshake fails",
    Listener.PLAIN: "it does not use TLS",
    Listener.WANTS_TLS: "it accepts only TLS",
}
"""Why a request fails, in words that follow the address."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Files for TLS. Empty means the system's certificates, and no client certificate."""

    certificate: str = ""
    client_certificate: str = ""
    client_key: str = ""
    verify: bool = True
    """False to accept any certificate."""

    def context(self) -> ssl.SSLContext:
        """Create the TLS context. Raises `OSError` if a file is missing or has another format."""
        context = ssl.create_default_context(cafile=self.certificate or None)
        if self.client_certificate:
            context.load_cert_chain(self.client_certificate, self.client_key or None)
        if not self.verify:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context


_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
_REQUEST = b"HEAD / HTTP/1.1\r\nHost: doctor\r\nConnection: close\r\n\r\n"
_SETTINGS, _ALERT = 4, 0x15
_NOT_TLS = (
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "UNKNOWN_PROTOCOL",
    "RECORD_LAYER_FAILURE",
    "PACKET_LENGTH_TOO_LONG",
)


_X509_EXPIRED = (9, 10)
_X509_OTHER_NAME = (62, 64)
"""OpenSSL's codes: not yet valid and expired; another host name and another address."""


def of_certificate(error: ssl.SSLCertVerificationError) -> tuple[Listener, str]:
    """The fault of a certificate, and OpenSSL's words for it."""
    found = Listener.UNTRUSTED
    if error.verify_code in _X509_OTHER_NAME:
        found = Listener.OTHER_NAME
    elif error.verify_code in _X509_EXPIRED:
        found = Listener.EXPIRED
    return found, error.verify_message


def of_tls(error: ssl.SSLError) -> tuple[Listener, str]:
    """Why TLS fails, and OpenSSL's word for it."""
    reason = str(error.reason or error)
    return (Listener.PLAIN if reason in _NOT_TLS else Listener.TLS_FAILED), reason


def look(host: str, port: int, trust: Trust | None, timeout: float) -> tuple[Listener, str]:
    """What listens there, with the system's words, if there are any. Without `trust`, TLS is not used.

    It has at most three steps, and each may take `timeout` seconds.
    """
    place = host, port
    waiting = Listener.DROPS
    try:
        with socket.create_connection(place, timeout) as connection:
            if trust is not None:
                waiting = Listener.TLS_SILENT
                return _greet_secured(connection, host, trust)
            waiting = Listener.SILENT
            found = _answer(connection, _PREFACE)
        if found is Listener.CLOSES:
            found = _second_look(place, timeout)
    except socket.gaierror as error:
        return Listener.UNRESOLVED, str(error.strerror)
    except ConnectionRefusedError:
        return Listener.REFUSED, ""
    except TimeoutError:
        return waiting, ""
    except OSError as error:
        return Listener.UNREACHABLE, str(error.strerror or error)
    return found, ""


def _second_look(place: tuple[str, int], timeout: float) -> Listener:
    """Look again, because some servers do not answer HTTP/2, and others do not answer without TLS."""
    if _offers_tls(place, timeout):
        return Listener.WANTS_TLS
    with socket.create_connection(place, timeout) as connection:
        return _answer(connection, _REQUEST)


def _greet_secured(connection: socket.socket, host: str, trust: Trust) -> tuple[Listener, str]:
    try:
        context = trust.context()
        context.set_alpn_protocols(["h2", "http/1.1"])
        with context.wrap_socket(connection, server_hostname=host) as secured:
            if secured.selected_alpn_protocol() == "h2":
                return Listener.HTTP_2, ""
            try:
                found = _answer(secured, _REQUEST)
            except TimeoutError:
                return Listener.SILENT, ""
            # TLS 1.3 refuses a client after its handshake; a reset may come before the alert that says so.
            return (Listener.TLS_FAILED, "closed after the handshake") if found is Listener.CLOSES else (found, "")
    except ssl.SSLCertVerificationError as error:
        return of_certificate(error)
    except ssl.SSLError as error:
        return of_tls(error)
    except (FileNotFoundError, PermissionError) as error:
        return Listener.TLS_FAILED, f"{error.strerror}: a certificate file"
    except ConnectionError as error:
        return Listener.TLS_FAILED, str(error.strerror)


def _answer(connection: socket.socket, question: bytes) -> Listener:
    heard = b""
    with contextlib.suppress(ConnectionError):
        connection.sendall(question)
        while len(heard) < 9 and (more := connection.recv(9 - len(heard))):
            heard += more
    if heard.startswith(b"HTTP/1"):
        return Listener.HTTP_1
    if len(heard) == 9 and heard[3] == _SETTINGS:
        return Listener.HTTP_2
    return Listener.WANTS_TLS if heard[:1] == bytes([_ALERT]) else Listener.CLOSES


def _offers_tls(place: tuple[str, int], timeout: float) -> bool:
    context = Trust(verify=False).context()
    try:
        with socket.create_connection(place, timeout) as connection, context.wrap_socket(connection):
            return True
    except OSError:
        return False
