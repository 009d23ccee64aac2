# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the application with another GenAI instrumentation beside Lastchunk, told to capture all content it can.

python peers.py NAME application.py ARGUMENTS...

NAME is one of `NAMES`, or `together`.
"""

from __future__ import annotations

import atexit
import logging
import os
import runpy
import sys
from typing import cast

from opentelemetry import _logs, metrics, trace
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from lastchunk import AutoGenStreamsInstrumentor

NAMES = ("autogen", "openinference", "genai_openai", "openllmetry", "logfire", "langfuse", "azure")
TOGETHER = ("logfire", "openinference", "genai_openai", "langfuse")
"""What `together` sets up, all in one process; logfire is first because it makes the providers."""
CAPTURE = {
    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_AND_EVENT",
    "OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT": "true",
    "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
    "TRACELOOP_TRACE_CONTENT": "true",
}
"""What makes them capture content, as their documentations say."""


def _openinference() -> None:
    from openinference.instrumentation.autogen_agentchat import AutogenAgentChatInstrumentor
    from openinference.instrumentation.openai import OpenAIInstrumentor

    AutogenAgentChatInstrumentor().instrument()
    OpenAIInstrumentor().instrument()


def _genai_openai() -> None:
    from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor

    OpenAIInstrumentor().instrument()


def _openllmetry() -> None:
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor

    OpenAIInstrumentor(use_legacy_attributes=os.environ.get("LEGACY") == "true").instrument()


def _logfire() -> None:
    import logfire

    logfire.configure(send_to_logfire=False, console=False, inspect_arguments=False)
    logfire.instrument_openai()


def _langfuse() -> None:
    import langfuse.openai
    from langfuse import Langfuse

    nowhere = "http://127.0.0.1:1"
    Langfuse(public_key="pk-lf-test", secret_key="sk-lf-test", base_url=nowhere, tracer_provider=_tracer_provider())
    assert langfuse.openai


def _azure() -> None:
    from azure.ai.inference.tracing import AIInferenceInstrumentor
    from azure.core.settings import settings

    settings.tracing_implementation = "opentelemetry"
    AIInferenceInstrumentor().instrument(enable_content_recording=True)


def _tracer_provider() -> TracerProvider:
    provider = trace.get_tracer_provider()
    assert hasattr(provider, "add_span_processor")  # logfire's is a proxy
    return cast("TracerProvider", provider)


def _providers() -> None:
    spans = TracerProvider()
    spans.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(spans)
    points = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())])
    metrics.set_meter_provider(points)
    records = LoggerProvider()
    records.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
    _logs.set_logger_provider(records)
    # What an application does that wants to see everything: AutoGen's and the SDK's loggers at their most talkative.
    logging.basicConfig(level=logging.DEBUG, handlers=[LoggingHandler(logging.DEBUG, records)])
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    for provider in (spans, points, records):
        atexit.register(provider.shutdown)


def main() -> None:
    """Set up the SDK and the instrumentation, then run the application in this process."""
    name, application = sys.argv[1:3]
    sys.argv = sys.argv[2:]
    os.environ.update(CAPTURE)
    # logfire makes its own providers, and exports by OTLP as the environment says.
    names = TOGETHER if name == "together" else (name,)
    if "logfire" not in names:
        _providers()
    if name == "autogen":
        AutoGenStreamsInstrumentor().instrument(autogen_spans="keep")
    else:
        for each in names:
            globals()[f"_{each}"]()
        AutoGenStreamsInstrumentor().instrument()
    runpy.run_path(application, run_name="__main__")


if __name__ == "__main__":
    main()
