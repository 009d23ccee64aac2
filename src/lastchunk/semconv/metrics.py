# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The metrics: name, instrument, unit, attributes and buckets; and the endings that alerts count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lastchunk.semconv.attributes import (
    AGENT_NAME,
    CUTOFF,
    DELIVERY,
    ERROR_TYPE,
    HISTORY_MESSAGES,
    HISTORY_SIZE,
    IDLE_AT_END,
    INNER_CUTOFFS,
    MAX_GAP,
    OPERATION_NAME,
    OUTERMOST,
    PROVIDER_NAME,
    REQUEST_MODEL,
    RESPONSE_MODEL,
    SERVER_ADDRESS,
    SERVER_PORT,
    TERMINATION_CAUSE,
    TERMINATION_REASON,
    TOKEN_TYPE,
    WAITING_FOR,
    WORKFLOW_NAME,
)
from lastchunk.semconv.values import (
    Cause,
    Reason,
)

Instrument = Literal["counter", "histogram", "observable gauge", "observable up-down counter"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its name, instrument and unit, what it says, its attributes, and the buckets of a histogram."""

    name: str
    instrument: Instrument
    unit: str
    brief: str
    attributes: tuple[str, ...]
    buckets: tuple[float, ...] = ()


COMMON = (OPERATION_NAME, PROVIDER_NAME, REQUEST_MODEL, OUTERMOST)
"""What each metric of our own carries, as far as it is known: a team's run has neither provider nor model."""

_DURATIONS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_AGENT_DURATIONS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6)
_WORKFLOW_DURATIONS = (1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200)
_TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)
_GAPS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600)
_IDLE = (0.1, 0.5, 1, 2.5, 5, 10, 15, 25, 35, 55, 65, 85, 95, 115, 125, 175, 185, 235, 245, 290, 310, 590, 610)
"""Narrow around the timeouts that proxies, load balancers and SDKs come with: 30, 60, 90, 120, 180, 240, 300 and 600 s."""
_MESSAGES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)
_BYTES = (256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216)

# The briefs of the conventions' metrics are those of opentelemetry-util-genai: exporters that merge what several
# instrumentations record under one name want one description.
_CLIENT = (OPERATION_NAME, PROVIDER_NAME, REQUEST_MODEL, RESPONSE_MODEL, SERVER_ADDRESS, SERVER_PORT)

ENDED = Metric(
    "lastchunk.stream.ended",
    "counter",
    "{stream}",
    "Streams that ended, each on its own level.",
    (*COMMON, AGENT_NAME, WORKFLOW_NAME, TERMINATION_REASON, TERMINATION_CAUSE, CUTOFF, DELIVERY),
)
CUTOFFS = Metric(
    "lastchunk.stream.cutoffs",
    "counter",
    "{stream}",
    "Streams that were cut before their answer was complete. What alerts count, so it exists at 0 before the first.",
    (*COMMON, TERMINATION_REASON, TERMINATION_CAUSE),
)
OPEN = Metric("lastchunk.stream.open", "observable up-down counter", "{stream}", "Streams that are open now.", COMMON)
STALLED = Metric(
    "lastchunk.stream.stalled",
    "observable up-down counter",
    "{stream}",
    "Open streams that have been silent for longer than the stall threshold.",
    (*COMMON, WAITING_FOR),
)
HANGS_AFTER = 600.0
"""Seconds of silence after which nobody waits any more: a stream that is silent for longer hangs."""
HANGING = Metric(
    "lastchunk.stream.hanging",
    "observable up-down counter",
    "{stream}",
    "Open streams that have been silent for longer than ten minutes.",
    (*COMMON, WAITING_FOR),
)
LONGEST_SILENCE = Metric(
    "lastchunk.stream.longest_silence",
    "observable gauge",
    "s",
    "The longest current wait of any open stream.",
    (*COMMON, WAITING_FOR),
)
RECOVERED = Metric(
    INNER_CUTOFFS,
    "counter",
    "{stream}",
    "Cutoffs of inner streams from which a run recovered.",
    (*COMMON, TERMINATION_CAUSE),
)
LONGEST_GAP = Metric(MAX_GAP, "histogram", "s", "The longest silence within a stream.", (*COMMON, CUTOFF), _GAPS)
IDLE = Metric(
    IDLE_AT_END,
    "histogram",
    "s",
    "The silence before the end, of streams that did not complete.",
    (*COMMON, TERMINATION_REASON),
    _IDLE,
)
MESSAGES_SENT = Metric(
    HISTORY_MESSAGES,
    "histogram",
    "{message}",
    "Messages sent to the model, or given to the run.",
    (*COMMON, CUTOFF),
    _MESSAGES,
)
BYTES_SENT = Metric(HISTORY_SIZE, "histogram", "By", "Bytes of text in these messages.", (*COMMON, CUTOFF), _BYTES)

OPERATION_DURATION = Metric(
    "gen_ai.client.operation.duration",
    "histogram",
    "s",
    "Duration of GenAI client operation",
    (*_CLIENT, ERROR_TYPE),
    _DURATIONS,
)
TIME_TO_FIRST_CHUNK = Metric(
    "gen_ai.client.operation.time_to_first_chunk",
    "histogram",
    "s",
    "Time to receive the first chunk, measured from when the client issues the generation request to when the first chunk"
    " is received in the response stream.",
    _CLIENT,
    _DURATIONS,
)
TIME_PER_OUTPUT_CHUNK = Metric(
    "gen_ai.client.operation.time_per_output_chunk",
    "histogram",
    "s",
    "Time per output chunk, recorded for each chunk received after the first one, measured as the time elapsed from the"
    " end of the previous chunk to the end of the current chunk.",
    _CLIENT,
    _DURATIONS,
)
TOKEN_USAGE = Metric(
    "gen_ai.client.token.usage",
    "histogram",
    "{token}",
    "Number of input and output tokens used by GenAI clients",
    (*_CLIENT, TOKEN_TYPE),
    _TOKENS,
)
AGENT_DURATION = Metric(
    "gen_ai.invoke_agent.duration",
    "histogram",
    "s",
    "Measures the duration of an in-process agent invocation.",
    (AGENT_NAME, REQUEST_MODEL, ERROR_TYPE),
    _AGENT_DURATIONS,
)
WORKFLOW_DURATION = Metric(
    "gen_ai.invoke_workflow.duration",
    "histogram",
    "s",
    "Measures the duration of a workflow execution.",
    (WORKFLOW_NAME, ERROR_TYPE),
    _WORKFLOW_DURATIONS,
)

METRICS: tuple[Metric, ...] = (
    ENDED,
    CUTOFFS,
    OPEN,
    STALLED,
    HANGING,
    LONGEST_SILENCE,
    RECOVERED,
    LONGEST_GAP,
    IDLE,
    MESSAGES_SENT,
    BYTES_SENT,
    OPERATION_DURATION,
    TIME_TO_FIRST_CHUNK,
    TIME_PER_OUTPUT_CHUNK,
    TOKEN_USAGE,
    AGENT_DURATION,
    WORKFLOW_DURATION,
)

COUNTED_BY_ALERTS: tuple[tuple[Reason, Cause], ...] = (
    (Reason.TRUNCATED, Cause.UNKNOWN),
    (Reason.TRUNCATED, Cause.IDLE_TIMEOUT),
    (Reason.TRUNCATED, Cause.NO_STREAMING_SUPPORT),
    (Reason.EMPTY, Cause.UNKNOWN),
    (Reason.EMPTY, Cause.IDLE_TIMEOUT),
    (Reason.EMPTY, Cause.NO_STREAMING_SUPPORT),
    (Reason.CONNECTION_LOST, Cause.CONNECTION_LOST),
    (Reason.CONNECTION_LOST, Cause.IDLE_TIMEOUT),
    (Reason.TIMEOUT, Cause.IDLE_TIMEOUT),
    (Reason.TIMEOUT, Cause.UNKNOWN),
    (Reason.PROVIDER_ERROR, Cause.PROVIDER_ERROR),
    (Reason.PROVIDER_ERROR, Cause.RATE_LIMITED),
    (Reason.PROVIDER_ERROR, Cause.CONTEXT_LIMIT),
    (Reason.PROVIDER_ERROR, Cause.CONTENT_FILTER),
    (Reason.PROVIDER_ERROR, Cause.IDLE_TIMEOUT),
    (Reason.PROVIDER_ERROR, Cause.CONNECTION_LOST),
    (Reason.PROVIDER_ERROR, Cause.NO_STREAMING_SUPPORT),
    (Reason.PROVIDER_ERROR, Cause.PACKAGE_MISMATCH),
    (Reason.PROTOCOL_ERROR, Cause.PROVIDER_ERROR),
    (Reason.PROTOCOL_ERROR, Cause.PACKAGE_MISMATCH),
    (Reason.TOOL_ERROR, Cause.TOOL_FAILURE),
    (Reason.ERROR, Cause.UNKNOWN),
    (Reason.ERROR, Cause.PACKAGE_MISMATCH),
)
"""Every pair of reason and cause that pages somebody: what the service did to the user. The other cutoffs (the user
left, the process ended, a limit was reached, a filter stepped in) are watched against their own past."""
