# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Receivers of OTLP, good ones and others, on the loopback interface: by HTTP and by gRPC, with and without TLS."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import grpc
import trustme

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass
class Receiver:
    """Where it listens, and what it was sent: each path, or method, with its headers."""

    port: int
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@dataclass(frozen=True)
class Authority:
    """Certificates for localhost, and the file to trust them by."""

    folder: Path
    made: trustme.CA = field(default_factory=trustme.CA)
    until: datetime | None = None
    """When the server's certificate expires."""

    def of_server(self) -> trustme.LeafCert:
        """A certificate for localhost."""
        return self.made.issue_cert("localhost", not_before=BEGINNING, not_after=self.until)

    @property
    def file(self) -> str:
        path = self.folder / "ca.pem"
        self.made.cert_pem.write_to_path(str(path))
        return str(path)

    def of_client(self) -> tuple[str, str]:
        """A client's certificate and key, as files."""
        issued = self.made.issue_cert("client@example.org")
        certificate, key = self.folder / "client.pem", self.folder / "client.key"
        certificate.write_bytes(issued.cert_chain_pems[0].bytes())
        issued.private_key_pem.write_to_path(str(key))
        return str(certificate), str(key)


@contextlib.contextmanager
def http_receiver(
    status: int = 200,
    content_type: str = "application/x-protobuf",
    *,
    authority: Authority | None = None,
    wants_client: bool = False,
    hangs: bool = False,
) -> Iterator[Receiver]:
    """Answers every request with `status`, as OTLP by HTTP does; with `hangs`, none that sends something."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            receiver.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            if hangs:
                over.wait()
                return
            self.send_response(status)
            self.send_header("content-type", content_type)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that leaves in the middle is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    receiver = Receiver(server.server_port)
    if authority:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.of_server().configure_cert(context)
        if wants_client:
            context.verify_mode = ssl.CERT_REQUIRED
            authority.made.configure_trust(context)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def grpc_receiver(code: grpc.StatusCode | None = None, *, authority: Authority | None = None) -> Iterator[Receiver]:
    """Answers every call with `code`, by default with an empty response."""

    class AnyMethod(grpc.GenericRpcHandler):
        def service(self, handler_call_details: Any) -> Any:
            receiver.requests.append((handler_call_details.method, dict(handler_call_details.invocation_metadata)))

            def answer(request: bytes, context: Any) -> bytes:
                if code is not None:
                    context.abort(code, "no")
                return b""

            return grpc.unary_unary_rpc_method_handler(answer)

    server = grpc.server(ThreadPoolExecutor(2), handlers=[AnyMethod()])
    if authority:
        issued = authority.of_server()
        pair = (issued.private_key_pem.bytes(), issued.cert_chain_pems[0].bytes())
        port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    receiver = Receiver(port)
    server.start()
    try:
        yield receiver
    finally:
        server.stop(None).wait()


@contextlib.contextmanager
def raw_server(answer: bytes) -> Iterator[Receiver]:
    """Answers whatever comes with these bytes, and closes."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                self.request.recv(2**16)
                self.request.sendall(answer)
                self.request.shutdown(socket.SHUT_WR)
                while self.request.recv(2**16):
                    pass

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield Receiver(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def silent_receiver() -> Iterator[Receiver]:
    """Accepts connections, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield Receiver(listening.getsockname()[1])


@contextlib.contextmanager
def nobody() -> Iterator[Receiver]:
    """A port that is taken, and on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield Receiver(taken.getsockname()[1])
