# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The ladder through real SDKs, against a server that breaks streams: each known cause gives its verdict."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider

from lastchunk.doctor.ladder.clients import Given, make
from lastchunk.doctor.report.findings import CouldNotRun, Status
from lastchunk.instrumentor import AutoGenStreamsInstrumentor
from lastchunk.model_server.actions import JSON, Refused, Script, Step
from lastchunk.model_server.exchange import Exchange
from lastchunk.model_server.scripts import CLEAN, END, SCRIPTS, Head
from lastchunk.model_server.server import ModelServer
from tests.conftest import Instrument
from tests.doctor.ladders import ENVIRONMENT, KEY, LONG, climb


class Flaky(Script):
    """A script that is `silent_cut` for every third stream, else `clean`."""

    def for_request(self, *, stream: bool, **known: bool) -> tuple[Step, ...]:
        if stream:
            self.steps_taken.append(1)
        cut = stream and len(self.steps_taken) % 3 == 0
        return SCRIPTS["silent_cut" if cut else "clean"].for_request(stream=stream, **known)

    steps_taken: list[int] = []  # noqa: RUF012 (emptied by the test)


def _refused(status: int, code: str) -> Script:
    return Script((Head(status, JSON), Refused("invalid_request_error", code), END))


@pytest.fixture(scope="module", name="server")
def _server() -> Iterator[ModelServer]:
    own = {
        "flaky": Flaky(CLEAN),
        "http_403": _refused(403, "permission_denied"),
        "http_404": _refused(404, "model_not_found"),
        "http_405": _refused(405, "method_not_allowed"),
    }
    with ModelServer({**SCRIPTS, **own}) as server:
        yield server


@pytest.mark.parametrize(
    ("script", "rung", "ended", "cause", "says"),
    [
        ("silent_cut", 2, "truncated", "unknown", "look for a gateway"),
        ("incomplete_chunked", 2, "connection_lost", "connection_lost", "look for a restart"),
        ("rst", 2, "connection_lost", "connection_lost", "look for a restart"),
        ("error_object", 2, "provider_error", "provider_error", "status page"),
        ("error_without_error_key", 2, "provider_error", "provider_error", "status page"),
        ("malformed_json", 2, "protocol_error", "provider_error", "rewrites the body"),
        ("json_body", 2, "empty", "no_streaming_support", "does not stream"),
        ("finish_only", 2, "empty", "unknown", "empty answer"),
        ("single", 2, "in one piece", "no_streaming_support", "no proxy buffers"),
        ("burst", 2, "in one piece", "no_streaming_support", "no proxy buffers"),
        # the SDK is content, and AutoGen's client is not
        ("rst_after_finish", 3, "connection_lost", "connection_lost", "look for a restart"),
        ("null_chunk", 3, "protocol_error", "package_mismatch", "are not compatible"),
        ("chunk_without_choices", 3, "protocol_error", "package_mismatch", "are not compatible"),
        # it is no matter of streams
        ("length", 1, "length", "context_limit", "max_tokens"),
        ("content_filter", 1, "content_filter", "content_filter", "policy"),
        ("http_400_context", 1, "rejected", "context_limit", "BufferedChatCompletionContext"),
        ("http_400_content_filter", 1, "rejected", "content_filter", "policy"),
        ("http_401", 1, "rejected", "provider_error", "check OPENAI_API_KEY"),
        ("http_403", 1, "rejected", "provider_error", "check OPENAI_API_KEY"),
        ("http_404", 1, "rejected", "provider_error", "Correct --model"),
        ("http_405", 1, "rejected", "provider_error", "Correct --base-url"),
        ("http_429", 1, "rejected", "rate_limited", "raise the quota"),
        ("http_500", 1, "rejected", "provider_error", "status page"),
        ("html_body", 1, "empty", "unknown", "Correct --base-url"),
    ],
)
def test_each_breakage_has_its_verdict(
    server: ModelServer, script: str, rung: int, ended: str, cause: str, says: str
) -> None:
    climbed = climb(server.url(script, text=LONG, wait=2.0))
    verdict = climbed.verdict
    assert verdict.status is Status.PROBLEM
    assert verdict.evidence.startswith(f"Rung {rung} (")
    assert ended in verdict.evidence
    assert f"Cause: {cause}." in verdict.evidence
    assert says in verdict.remedy
    assert verdict.runbook.startswith("#")


@pytest.mark.parametrize("script", ["clean", "done_without_finish", "usage_on_every_chunk", "slow_first_chunk"])
def test_nothing_is_found_where_nothing_is_wrong(server: ModelServer, script: str) -> None:
    climbed = climb(server.url(script, text=LONG, gap=0.005, wait=0.3))
    assert climbed.verdict.status is Status.OK
    assert climbed.verdict.evidence.startswith("Not reproduced")
    assert "--repeat 10" in climbed.verdict.remedy


@pytest.mark.parametrize("client", ["openai", "azure", "anthropic", "ollama"])
def test_every_client(server: ModelServer, client: Any) -> None:
    dialect = {"azure": "anthropic"}.get(client, client)  # the base URL of both has nothing behind it
    climbed = climb(server.url("silent_cut", text=LONG, dialect=dialect), client)
    assert [run["reason"] for rung in (1, 2, 3) for run in climbed.runs(rung)] == [
        "completed",
        "truncated",
        "truncated",
    ]
    assert climb(server.url("clean", text=LONG, gap=0.005, dialect=dialect), client).verdict.status is Status.OK


def test_what_is_shown_of_each_rung(server: ModelServer) -> None:
    climbed = climb(server.url("usage_on_every_chunk", text=LONG, gap=0.005))
    (create,), (sdk,), (stream,) = (climbed.runs(rung) for rung in (1, 2, 3))
    assert create["characters"] == sdk["characters"] == stream["characters"] == len(LONG)
    assert (create["finish_sent"], sdk["finish_sent"], stream["finish_sent"]) == ("stop", "stop", "stop")
    assert stream["finish_reported"] == "unknown"  # AutoGen's, for usage on the finish chunk
    assert sdk["last_event"] == stream["last_event"] == "end_marker"
    assert create["delivery"] == ""
    assert sdk["delivery"] == stream["delivery"] == "incremental"
    assert 0 < stream["first_chunk"] < stream["duration"]
    assert 0 < stream["longest_gap"] < stream["duration"]
    assert [cells[0] for cells in climbed.details["runs"].cells] == ["1 SDK create", "2 SDK stream", "3 create_stream"]


def test_length_and_time_are_not_judged(server: ModelServer) -> None:
    """The stream gives half of what the answer in one piece gives, takes longer, and ends well."""
    climbed = climb(server.url("function_call", text=LONG, gap=0.01), "anthropic")
    assert climbed.verdict.status is Status.OK


def test_the_same_request_is_sent_by_each_rung(server: ModelServer) -> None:
    before = len(server.exchanges)
    climb(server.url("clean", text=LONG, gap=0.002), prompt="Say what you said.", repeat=2)
    exchanges: list[Exchange] = server.exchanges[before:]
    assert [exchange.stream for exchange in exchanges] == [True, False, True, False, True, True]
    assert all(exchange.messages == exchanges[0].messages for exchange in exchanges)
    assert exchanges[0].messages[-1]["content"] == "Say what you said."
    streamed = [exchange.body for exchange in exchanges if exchange.stream]
    assert all(body == streamed[0] for body in streamed)
    assert exchanges[1].body == {name: value for name, value in streamed[0].items() if name != "stream"}


def test_the_calls_are_announced(server: ModelServer) -> None:
    before = server.requests("clean")
    climbed = climb(server.url("clean", text=LONG), repeat=3)
    assert "9 model calls" in climbed.checks["stream.calls"].evidence
    assert next(iter(climbed.checks)) == "stream.calls"
    assert server.requests("clean") - before == 9


def test_a_request_that_is_refused_is_not_sent_again(server: ModelServer) -> None:
    before = server.requests("http_401")
    climbed = climb(server.url("http_401"), repeat=5)
    assert server.requests("http_401") - before == 2
    assert "not tried" in climbed.checks["stream.rung2"].evidence
    assert "HTTP 401, code invalid_api_key" in climbed.verdict.evidence


def test_intermittent(server: ModelServer) -> None:
    Flaky.steps_taken.clear()
    climbed = climb(server.url("flaky", text=LONG, gap=0.002), repeat=4)
    assert climbed.verdict.status is Status.PROBLEM
    assert "(intermittent)" in climbed.verdict.evidence
    cut = [run for run in climbed.details["runs"].value if run["reason"] == "truncated"]
    # Eight streams, of which the third and the sixth are cut: the first of round 2, and the second of round 3.
    assert [(run["round"], run["rung"]) for run in cut] == [(2, 2), (3, 3)]
    assert climbed.verdict.evidence.startswith("Rung 2 (SDK stream)")
    assert "in 1 of 4 runs" in climbed.verdict.evidence
    assert "Rung 3 (create_stream) also does worse than the one below it, in 1 of 4 runs." in climbed.verdict.evidence


def test_a_short_answer_in_one_piece_says_nothing(server: ModelServer) -> None:
    climbed = climb(server.url("single", text="Yes.", wait=0.1))
    assert climbed.verdict.status is Status.OK
    assert "too short to tell" in climbed.verdict.evidence


def test_nobody_answers() -> None:
    climbed = climb("http://127.0.0.1:1/v1")
    assert climbed.verdict.evidence.startswith("Rung 1 (")
    assert "Cause: connection_lost." in climbed.verdict.evidence
    assert climbed.verdict.remedy.startswith("Start the server")


@pytest.mark.parametrize(("client", "variable"), [("openai", "OPENAI_API_KEY"), ("anthropic", "ANTHROPIC_API_KEY")])
def test_the_key_comes_from_the_environment(client: str, variable: str) -> None:
    with pytest.raises(CouldNotRun, match=variable):
        make(Given(client, "any"), {})


def test_azure_needs_an_endpoint() -> None:
    with pytest.raises(CouldNotRun, match="AZURE_OPENAI_ENDPOINT"):
        make(Given("azure", "any"), ENVIRONMENT)


def test_no_key_and_no_answer_is_in_what_is_found(server: ModelServer) -> None:
    for script in ("http_401", "rst", "error_object", "clean"):
        text = "s3cret " * 40
        found = repr(climb(server.url(script, text=text, error=f"wrong key {KEY}"), prompt="s3cret prompt"))
        assert KEY not in found
        assert "s3cret" not in found


def test_an_instrumented_process(server: ModelServer, instrument: Instrument) -> None:
    """As under `opentelemetry-instrument`: what the doctor does is nothing that the application sent."""
    exported = instrument()
    assert climb(server.url("silent_cut", text=LONG)).verdict.evidence.startswith("Rung 2")
    assert exported.ours == []
    assert not AutoGenStreamsInstrumentor().is_instrumented_by_opentelemetry


def test_the_environment_of_telemetry_does_not_matter(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    assert TracerProvider()._disabled
    assert climb(server.url("silent_cut", text=LONG)).verdict.evidence.startswith("Rung 2")
