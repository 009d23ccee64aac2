# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A cutoff is not sampled away, however late it comes; the shipped gateway.yaml, with shorter waits."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from lastchunk.semconv import Reason
from tests.stack import otlp
from tests.stack.otlp import Backend, Made
from tests.stack.servers import Collector, wait_for

MakeCollector = Callable[..., Collector]
MANY = 40
pytestmark = pytest.mark.timeout(180)


def gateway(collector: MakeCollector, backend: Backend, *files: str, **settings: str) -> Collector:
    """A gateway in front of the backend, which also takes OTLP over HTTP: only so can a test hand it spans."""
    endpoint = f"{backend.otlp}/v1/traces"
    files = ("gateway.yaml", *files, "../tests/stack/over-http.yaml")
    return collector(*files, name="gateway", TRACES_ENDPOINT=endpoint, **settings).start()


def accept(server: Collector, spans: list[Made]) -> None:
    assert otlp.send(server.otlp, otlp.request(spans)) == 200


def test_a_cut_in_a_run_of_some_minutes_is_whole(collector: MakeCollector, backend: Backend) -> None:
    """Most spans of a long run come before anybody knows how it ends; here the minutes are seconds."""
    server = gateway(
        collector, backend, DECISION_WAIT_SECONDS="60", DECISION_WAIT_AFTER_ROOT_SECONDS="1", HEALTHY_PERCENT="0"
    )
    cut = [otlp.stream(Reason.TRUNCATED) for _ in range(MANY)]
    healthy = [otlp.stream() for _ in range(MANY)]
    for early, chat, *_ in (*cut, *healthy):
        first = Made(early.trace, "POST", chat.id, {"n": otlp.number()})
        accept(server, [early, first])
    time.sleep(8)
    for _, *late in (*cut, *healthy):
        accept(server, late)
    expected = {trace: ids for spans in cut for trace, ids in otlp.whole(spans).items()}
    wait_for(lambda: len(backend.traces()) >= MANY, "all cut traces arrive", 20)
    time.sleep(3)
    taken = backend.traces()
    assert taken.keys() == expected.keys()
    assert all(taken[trace] > ids and len(taken[trace]) == 5 for trace, ids in expected.items())


def test_a_cut_that_comes_after_the_decision_is_kept(collector: MakeCollector, backend: Backend) -> None:
    """Past the wait, and after a root that is not ours (a web server's, say): alone, or with what is still held."""
    server = gateway(
        collector, backend, DECISION_WAIT_SECONDS="2", DECISION_WAIT_AFTER_ROOT_SECONDS="1", HEALTHY_PERCENT="0"
    )
    past_the_wait = [otlp.stream(Reason.CONNECTION_LOST) for _ in range(MANY)]
    foreign_root = [otlp.stream(Reason.TRUNCATED) for _ in range(MANY)]
    for early, *_ in past_the_wait:
        accept(server, [early])
    for spans in foreign_root:
        accept(server, [Made(spans[0].trace, "GET /chat"), spans[0]])
    time.sleep(7)
    for _, chat, agent, root in (*past_the_wait, *foreign_root):
        accept(server, [chat])
        accept(server, [agent, root])
    late = (span for _, *spans in (*past_the_wait, *foreign_root) for span in spans)
    expected = otlp.whole(late)
    wait_for(lambda: backend.traces().keys() >= expected.keys(), "every late cutoff arrives", 20)
    time.sleep(2)
    taken = backend.traces()
    assert all(taken[trace] >= ids for trace, ids in expected.items())


def test_a_share_of_the_healthy_is_kept_whole(collector: MakeCollector, backend: Backend) -> None:
    server = gateway(
        collector, backend, DECISION_WAIT_SECONDS="3", DECISION_WAIT_AFTER_ROOT_SECONDS="1", HEALTHY_PERCENT="20"
    )
    for _ in range(20):
        accept(server, [span for _ in range(50) for span in otlp.stream()])
    accept(server, otlp.stream(Reason.TRUNCATED))
    wait_for(lambda: len(backend.traces()) > 1, "the healthy share arrives", 20)
    time.sleep(5)
    taken = backend.traces()
    assert 200 - 51 <= len(taken) - 1 <= 200 + 51  # four standard deviations of 1,000 at 20 %
    assert all(len(ids) == 4 for ids in taken.values())


@pytest.mark.parametrize(
    ("attributes", "kept"),
    [
        ({"lastchunk.stream.max_gap": 30.0}, True),
        ({"lastchunk.stream.max_gap": 29.9}, False),
        ({"gen_ai.response.time_to_first_chunk": 10.0}, True),
        ({"gen_ai.response.time_to_first_chunk": 9.9}, False),
        ({"lastchunk.stream.termination.cause": "no_streaming_support"}, True),
        ({"lastchunk.stream.cutoff": False}, False),
        ({"lastchunk.stream.cutoff": "true"}, False),
    ],
    ids=str,
)
def test_what_counts_as_worth_keeping(
    collector: MakeCollector, backend: Backend, attributes: dict[str, otlp.Value], kept: bool
) -> None:
    server = gateway(
        collector, backend, DECISION_WAIT_SECONDS="1", DECISION_WAIT_AFTER_ROOT_SECONDS="0.5", HEALTHY_PERCENT="0"
    )
    accept(server, [Made(otlp.new_trace(), "chat", attributes=attributes)])
    marker = otlp.stream(Reason.TRUNCATED)
    accept(server, marker)
    wait_for(lambda: marker[0].trace.hex() in backend.traces(), "a cutoff arrives", 20)
    server.stop()  # decides what is pending
    wait_for(lambda: len(backend.traces()) == 1 + kept, "and what is worth it", 5)


def test_the_bypass_keeps_a_cutoff_that_a_killed_gateway_would_lose(collector: MakeCollector, backend: Backend) -> None:
    settings = {"DECISION_WAIT_SECONDS": "60", "DECISION_WAIT_AFTER_ROOT_SECONDS": "30"}
    server = gateway(collector, backend, "cutoffs-bypass.yaml", **settings)
    cut = [otlp.stream(Reason.TRUNCATED) for _ in range(MANY)]
    for _, chat, *_ in cut:
        accept(server, [chat])
    backend.stop()
    rest = [otlp.stream(Reason.TRUNCATED) for _ in range(MANY)]
    for _, chat, *_ in rest:
        accept(server, [chat])
    time.sleep(2.5)
    server.kill()
    backend.start()
    server.start()
    expected = {chat.trace.hex() for _, chat, *_ in (*cut, *rest)}
    wait_for(lambda: backend.traces().keys() >= expected, "every cutoff arrives", 30)
