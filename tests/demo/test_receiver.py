# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The receiver reads what the real OTLP exporter sends."""

from __future__ import annotations

import pytest
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from lastchunk.demo.receiver import Span, SpanReceiver


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
def test_spans_arrive_with_their_attributes(compression: Compression):
    with SpanReceiver() as receiver:
        provider = TracerProvider()
        provider.add_span_processor(
            SimpleSpanProcessor(OTLPSpanExporter(endpoint=receiver.endpoint, compression=compression))
        )
        attributes = {"text": "a", "flag": False, "count": 0, "seconds": 0.5}
        provider.get_tracer("t").start_span("chat m", attributes=attributes).end()
        provider.shutdown()

        assert receiver.spans == [Span("chat m", attributes)]
