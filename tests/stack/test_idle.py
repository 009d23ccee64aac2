# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`lastchunk doctor stream --idle` through real proxies, in front of `lastchunk doctor serve`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lastchunk.doctor.ladder.clients import Given
from lastchunk.doctor.ladder.examine import Chosen
from lastchunk.doctor.report.findings import CouldNotRun, Status
from lastchunk.doctor.silence.examine import findings
from tests.doctor.ladders import Climbed
from tests.doctor.silent import Silent, silent
from tests.stack.servers import Server, binary, free_port

pytestmark = pytest.mark.xdist_group("idle")
PATIENCE = 2
"""Seconds of each proxy's timeout; nginx takes no fractions."""
KEPT, CUT = 0.5, 6.0
"""Silences below and above it, in seconds: the ladder of this test."""

NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/log info;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    scgi_temp_path {folder}/scgi;
    uwsgi_temp_path {folder}/uwsgi;
    server {{
        listen 127.0.0.1:{port};
        location = /ready {{
            return 200 ready;
        }}
        # All but the timeout as it is by default: HTTP/1.0 to the server behind, and buffering.
        location / {{
            proxy_read_timeout {patience}s;
            proxy_pass http://127.0.0.1:{upstream};
        }}
        location /patient/ {{
            proxy_read_timeout 60s;
            proxy_pass http://127.0.0.1:{upstream}/another/prefix/;
        }}
    }}
}}
"""

HAPROXY = """
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server {patience}s
frontend in
    bind 127.0.0.1:{port}
    http-request return status 200 content-type text/plain string ready if {{ path /ready }}
    use_backend patient if {{ path_beg /patient/ }}
    default_backend impatient
backend impatient
    server model 127.0.0.1:{upstream}
backend patient
    timeout server 60s
    server model 127.0.0.1:{upstream}
"""


class Proxy(Server):
    """A proxy in front of the server that stays silent."""

    def __init__(self, name: str, folder: Path, upstream: int) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        configuration = folder / f"{name}.conf"
        text, command = {
            "nginx": (NGINX, ("-p", folder, "-e", folder / "log", "-c", configuration)),
            "haproxy": (HAPROXY, ("-db", "-f", configuration)),
        }[name]
        super().__init__((binary(name), *command), folder, f"{self.url}/ready", {})
        configuration.write_text(text.format(folder=folder, port=port, upstream=upstream, patience=PATIENCE))


@pytest.fixture(scope="module", name="server")
def _server() -> Iterator[Silent]:
    with silent() as server:
        yield server


@pytest.fixture(scope="module", name="proxy", params=["nginx", "haproxy"])
def _proxy(
    request: pytest.FixtureRequest,
    needs: Callable[..., None],
    tmp_path_factory: pytest.TempPathFactory,
    server: Silent,
) -> Iterator[Proxy]:
    needs(request.param)
    proxy = Proxy(request.param, tmp_path_factory.mktemp(request.param), server.port)
    proxy.start()
    yield proxy
    proxy.stop()


def climb(url: str) -> Climbed:
    """The command's findings, with silences that fit the proxies' timeouts."""
    return Climbed.of(findings(Chosen(given=Given("openai", "lastchunk", url)), CUT, {}, (KEPT,)))


def test_the_first_silence_that_is_cut(proxy: Proxy, server: Silent) -> None:
    server.told.clear()
    climbed = climb(f"{proxy.url}/v1")
    found = climbed.checks["stream.idle"]
    assert found.status is Status.PROBLEM
    assert "A silence of 6 s was cut after " in found.evidence
    assert "; a silence of 0.5 s was not." in found.evidence
    assert "Something on the way closed the connection." in found.evidence
    assert found.runbook == "#cause-idle_timeout"
    kept, cut = climbed.details["silences"].value
    assert (kept["cut"], cut["cut"], cut["reason"], cut["cause"]) == (False, True, "connection_lost", "idle_timeout")
    # haproxy holds the chunk before the silence for 0.2 s, which makes it shorter for the client.
    assert PATIENCE * 0.8 < cut["seen"] < CUT - 1
    assert "the other side closed the connection after" in server.told[-1]


def test_a_proxy_that_waits(proxy: Proxy) -> None:
    climbed = climb(f"{proxy.url}/patient/v1")
    assert climbed.checks["stream.idle"].status is Status.OK
    assert "No silence up to 6 s was cut." in climbed.checks["stream.idle"].evidence


def test_a_proxy_that_leads_nowhere(
    needs: Callable[..., None], tmp_path: Path, started: list[Server], server: Silent
) -> None:
    """As when `serve` was not started: the proxy says 502 or 503."""
    for name in ("nginx", "haproxy"):
        needs(name)
        (tmp_path / name).mkdir()
        started.append(proxy := Proxy(name, tmp_path / name, free_port()))
        proxy.start()
        with pytest.raises(CouldNotRun, match=r"HTTP 50[23]"):
            climb(f"{proxy.url}/v1")
