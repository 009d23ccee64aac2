# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A bad value in any field that a server or the application can set: every signal can be encoded, is small, and shows no text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

from lastchunk.semconv import CUTOFFS, ChunkKind, Operation
from lastchunk.streams.record import StreamRecord
from lastchunk.streams.start import Start
from tests.telemetry.signals import Signals

SECRET = "ZQXsecret of the user's"
BAD = [
    pytest.param(f"an answer: {SECRET}\x1b[31m\n", id="text"),
    pytest.param("lone \ud800 surrogate", id="surrogate"),
    pytest.param("x" * 1_000_000, id="long"),
]
FIELDS_OF_THE_APPLICATION = (
    "name",
    "gen_ai.request.model",
    "gen_ai.provider.name",
    "gen_ai.agent.description",
    "gen_ai.agent.id",
    "server.address",
)


def _encoded(signals: Signals) -> dict[str, bytes]:
    """What an exporter would send of each signal."""
    return {
        "spans": encode_spans(signals.exporter.get_finished_spans()).SerializeToString(),
        "logs": encode_logs(signals.logs).SerializeToString(),
        "metrics": encode_metrics(signals.readers[0].get_metrics_data()).SerializeToString(),
    }


def _cut(signals: Signals, start: Start, then: Callable[[StreamRecord], None] = lambda record: None) -> None:
    """A stream that ends with an error: then each signal has something to say."""
    streams = signals.streams()
    record = streams.begin(start)
    assert record is not None
    record.chunk(ChunkKind.TEXT, 1, record.clock(), 0.0)
    then(record)
    streams.end(record, error=RuntimeError(SECRET))


@pytest.mark.parametrize("operation", Operation)
@pytest.mark.parametrize("field", FIELDS_OF_THE_APPLICATION)
@pytest.mark.parametrize("bad", BAD)
def test_what_the_application_says(operation: Operation, field: str, bad: str) -> None:
    """A model's name that is a megabyte long would be sent with every export of metrics from then on."""
    signals = Signals()
    attributes: dict[str, Any] = {"gen_ai.request.model": "m", "gen_ai.provider.name": "p"}
    if field == "name":
        _cut(signals, Start(operation=operation, subject=1, name=bad, attributes=attributes))
    else:
        _cut(signals, Start(operation=operation, subject=1, name="n", attributes={**attributes, field: bad}))
    encoded = _encoded(signals)
    assert {signal for signal, data in encoded.items() if len(data) > 40_000} == set()
    assert all(encoded.values())


@pytest.mark.parametrize("field", ["id", "model", "finish"])
@pytest.mark.parametrize("bad", BAD)
def test_what_the_server_says(field: str, bad: str) -> None:
    """Its text may be content, so only a name of it leaves."""
    signals = Signals()

    def answer(record: StreamRecord) -> None:
        assert record.wire is not None
        record.wire.obtained("text/event-stream")
        record.wire.named(bad if field == "id" else "id-1", bad if field == "model" else "m")
        record.wire.usage(2**63, -1)
        record.wire.finished(bad if field == "finish" else "length")

    _cut(signals, Start(operation=Operation.CHAT, subject=1, bare=True), answer)
    encoded = _encoded(signals)
    assert {signal for signal, data in encoded.items() if len(data) > 40_000 or b"ZQX" in data} == set()
    (span,) = signals.spans
    assert not {key for key in span.attributes or {} if key.startswith("gen_ai.usage")}


@pytest.mark.parametrize("bad", BAD)
def test_names_of_classes(bad: str) -> None:
    """`error.type` is on every signal."""
    signals = Signals()
    streams = signals.streams()
    record = streams.begin(Start(operation=Operation.CHAT, subject=1))
    assert record is not None
    record.chunk(ChunkKind.TEXT, 1, record.clock(), 0.0)
    streams.end(record, error=type("E", (Exception,), {"__qualname__": bad})())
    assert {signal for signal, data in _encoded(signals).items() if len(data) > 40_000} == set()
    assert signals.total(CUTOFFS) == 1
