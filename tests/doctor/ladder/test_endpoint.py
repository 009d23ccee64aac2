# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The model's endpoint, over real sockets and through real SDKs: each fault is told apart, and has one remedy that works."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from lastchunk.doctor.ladder import endpoint
from lastchunk.doctor.ladder.clients import Given
from lastchunk.doctor.ladder.examine import Chosen
from lastchunk.doctor.report.findings import CouldNotRun, Status
from lastchunk.doctor.silence.examine import findings as idle_findings
from tests.doctor import applications
from tests.doctor.ladders import ENVIRONMENT, MODELS, climb, climb_target
from tests.doctor.servers import Authority, Receiver, http_receiver, nobody, raw_server, silent_receiver

CLIENTS = ("openai", "azure", "anthropic", "ollama")
PATHS = {"openai": "/v1"}
"""What follows the host in an endpoint."""
SHORT = 0.3
"""A timeout in seconds, for servers that never answer, however busy the machine is."""


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "localhost,127.0.0.1,.invalid")


@pytest.fixture(name="authority")
def _authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture(name="short_look")
def _short_look(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(endpoint, "_LOOK", SHORT)
    yield
    gc.collect()  # asyncio leaves the socket of a handshake that is cancelled to the collector, and complains


def url(client: str, receiver: Receiver, scheme: str = "http", host: str = "localhost") -> str:
    return f"{scheme}://{host}:{receiver.port}{PATHS.get(client, '')}"


def found(client: str, base_url: str, timeout: float = 30.0) -> tuple[str, str]:
    """Return the evidence and the remedy of the verdict."""
    climbed = climb(base_url, client, timeout=timeout)
    verdict = climbed.verdict
    assert verdict.status is Status.PROBLEM
    assert verdict.evidence.startswith("Rung 1 (SDK create) already fails")
    assert climbed.runs(2) == []
    return verdict.evidence, verdict.remedy


@pytest.mark.parametrize("client", CLIENTS)
class TestNoAnswer:
    """The verdict is the same with each of AutoGen's clients."""

    def test_nobody_listens(self, client: str) -> None:
        with nobody() as receiver:
            evidence, remedy = found(client, url(client, receiver))
        assert "the connection is refused: nothing listens there" in evidence
        assert f"localhost:{receiver.port}" in evidence
        assert remedy.startswith("Start it (ollama serve)" if client == "ollama" else "Start the server")

    def test_a_host_that_nobody_knows(self, client: str) -> None:
        evidence, remedy = found(client, f"http://no-such-host.invalid{PATHS.get(client, '')}")
        assert "this machine cannot resolve the host's name" in evidence
        assert remedy == "Correct the host in --base-url."

    def test_a_certificate_that_is_not_trusted(
        self, client: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """After the user did what the remedy says, the certificate is trusted."""
        with http_receiver(401, "application/json", authority=authority) as receiver:
            evidence, remedy = found(client, url(client, receiver, "https"))
            assert "this machine does not trust its TLS certificate" in evidence
            assert remedy.startswith("Set SSL_CERT_FILE to a file with the certificate")

            monkeypatch.setenv("SSL_CERT_FILE", authority.file)
            evidence, remedy = found(client, url(client, receiver, "https"))
        assert "HTTP 401" in evidence
        assert "SSL_CERT_FILE" not in remedy

    def test_a_certificate_for_another_host(
        self, client: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", authority.file)
        with http_receiver(authority=authority) as receiver:
            evidence, remedy = found(client, url(client, receiver, "https", host="127.0.0.1"))
        assert "its TLS certificate is for another host" in evidence
        assert remedy == "In --base-url, use the host name that the certificate is for."

    def test_https_where_nobody_speaks_tls(self, client: str) -> None:
        with http_receiver() as receiver:
            evidence, remedy = found(client, url(client, receiver, "https"))
        assert "it does not use TLS" in evidence
        assert remedy == "Write http:// in --base-url."

    def test_http_where_tls_is_spoken(self, client: str, authority: Authority) -> None:
        with http_receiver(authority=authority) as receiver:
            evidence, remedy = found(client, url(client, receiver))
        assert "it accepts only TLS" in evidence
        assert remedy == "Write https:// in --base-url."

    def test_http_where_a_page_asks_for_tls(self, client: str) -> None:
        """Answer as nginx and servers in Go do."""
        with raw_json(400, b"<html>The plain HTTP request was sent to HTTPS port</html>") as receiver:
            evidence, remedy = found(client, url(client, receiver))
        assert "it accepts only TLS" in evidence
        assert remedy == "Write https:// in --base-url."

    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    def test_tls_that_never_ends(self, client: str, short_look: None) -> None:
        with silent_receiver() as receiver:
            evidence, remedy = found(client, url(client, receiver, "https"), timeout=SHORT)
        assert "the TLS handshake does not finish (waited for 0.3 s)" in evidence
        assert "the port in --base-url" in remedy

    def test_a_server_that_never_answers(self, client: str, short_look: None) -> None:
        with silent_receiver() as receiver:
            evidence, remedy = found(client, url(client, receiver), timeout=SHORT)
        assert "it accepts the connection, but does not answer (waited for 0.3 s)" in evidence
        assert "--timeout" in remedy

    def test_a_server_that_answers_all_but_requests_to_a_model(self, client: str) -> None:
        with http_receiver(hangs=True) as receiver:
            evidence, remedy = found(client, url(client, receiver), timeout=SHORT)
        assert "nothing came for this one (waited for 0.3 s)" in evidence
        assert "still loading the model" in remedy

    def test_a_server_that_is_none_of_models(self, client: str) -> None:
        with raw_server(b"220 mail.example.org ESMTP\r\n") as receiver:
            _, remedy = found(client, url(client, receiver))
        assert remedy == "Correct the port in --base-url: no model server listens there."

    def test_a_proxy_that_is_not_there(self, client: str, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name)
        with nobody() as receiver:
            monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{receiver.port}")
            evidence, remedy = found(client, f"http://models.invalid{PATHS.get(client, '')}")
        assert "the request goes through the proxy in HTTP_PROXY" in evidence
        assert remedy.startswith("Correct HTTP_PROXY, or add models.invalid to NO_PROXY")


NO_MODEL = {
    "openai": (b'{"error":{"message":"The model `test-model` does not exist","code":"model_not_found"}}', "test-model"),
    "azure": (b'{"error":{"code":"DeploymentNotFound","message":"The API deployment does not exist."}}', "deployed"),
    "anthropic": (
        b'{"type":"error","error":{"type":"not_found_error","message":"model: claude-3-5-haiku-latest"}}',
        "claude-3-5-haiku-latest",
    ),
    "ollama": (b'{"error":"model \'llama3.2\' not found"}', "llama3.2"),
}
"""The model that was asked for, and what each service answers if it does not have that model."""
REMEDIES = {
    "openai": "/v1/models lists its models.",
    "azure": "Set --model to the name of a deployment of this resource",
    "anthropic": "/v1/models lists its models.",
    "ollama": "Pull it there: ollama pull llama3.2.",
}


def raw_json(status: int, body: bytes) -> AbstractContextManager[Receiver]:
    """A server that gives this answer to every request."""
    kind = b"application/json" if body.startswith(b"{") else b"text/html"
    head = b"HTTP/1.1 %d .\r\ncontent-type: %s\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % (
        status,
        kind,
        len(body),
    )
    return raw_server(head + body)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_model_that_the_endpoint_does_not_have(client: str) -> None:
    body, model = NO_MODEL[client]
    with raw_json(404, body) as receiver:
        evidence, remedy = found(client, url(client, receiver))
    assert model in evidence
    assert REMEDIES[client] in remedy


def test_a_model_that_ollama_has_not_pulled() -> None:
    """Ollama also speaks OpenAI's protocol. The verdict is the same there."""
    body = b'{"error":{"message":"model \\"test-model\\" not found, try pulling it first","type":"api_error"}}'
    with raw_json(404, body) as receiver:
        evidence, remedy = found("openai", url("openai", receiver))
    assert "does not have the model test-model" in evidence
    assert remedy == "Pull it there: ollama pull test-model."


def test_a_gateway_that_calls_an_unknown_model_a_bad_request() -> None:
    with raw_json(400, b'{"error":{"message":"nonesuch is not a valid model ID","code":400}}') as receiver:
        _, remedy = found("openai", url("openai", receiver))
    assert remedy.startswith("Correct --model:")


@pytest.mark.parametrize(
    ("client", "path", "remedy"),
    [
        ("openai", "", "Add /v1 to --base-url"),
        ("openai", "/v1/chat/completions", "Leave /chat/completions out of --base-url"),
        ("openai", "/v1", "Correct --base-url: the SDK asks for /chat/completions below it."),
        ("azure", "/openai", "Set --base-url to the address of the resource, without a path"),
        ("anthropic", "/v1", "Leave /v1 out of --base-url"),
        ("anthropic", "/v1/messages", "Leave /v1/messages out of --base-url"),
        ("anthropic", "", "Correct --base-url: the SDK asks for /v1/messages below it."),
        ("ollama", "/v1", "Leave /v1 out of --base-url"),
        ("ollama", "", "Correct the host and port in --base-url: no Ollama answers there."),
    ],
)
@pytest.mark.parametrize("answer", [(404, b'{"detail":"Not Found"}'), (404, b"<html>no such model of a page</html>")])
def test_an_address_at_which_nobody_answers(client: str, path: str, remedy: str, answer: tuple[int, bytes]) -> None:
    with raw_json(*answer) as receiver:
        _, said = found(client, f"http://localhost:{receiver.port}{path}")
    assert said.startswith(remedy)


def test_the_variable_that_names_the_endpoint_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with nobody() as receiver:
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://localhost:{receiver.port}/v1")
        environ = {**ENVIRONMENT, "OPENAI_BASE_URL": f"http://localhost:{receiver.port}/v1"}
        climbed = climb(None, environ=environ)
    assert climbed.verdict.remedy == "Start the server, or correct the host and port in OPENAI_BASE_URL."


def test_a_target_is_told_of_its_own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with nobody() as receiver:
        monkeypatch.setenv(applications.URL, f"http://localhost:{receiver.port}/v1")
        climbed = climb_target("client")
    assert f"localhost:{receiver.port}/v1" in climbed.verdict.evidence
    assert climbed.verdict.remedy == "Start the server, or correct the host and port in the client's base_url."


def test_idle_says_why_its_server_is_not_reached() -> None:
    with nobody() as receiver:
        chosen = Chosen(given=Given("openai", MODELS["openai"], url("openai", receiver)))
        with pytest.raises(CouldNotRun, match="nothing listens there"):
            list(idle_findings(chosen, 5, ENVIRONMENT))
