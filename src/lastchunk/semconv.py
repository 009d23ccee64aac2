# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The one table of every name that Lastchunk emits: spans, attributes, events, metrics, their types, units and meaning.

Standard names (`gen_ai.*`, `error.type`, `server.*`) follow the OpenTelemetry GenAI semantic conventions, generation A
(the last full text in the core conventions, 1.41). Own names stand under `lastchunk.stream.*`, and only where no
convention exists. Nothing else in this package, its dashboards, alerts or Collector configurations may write a name
that is not listed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

SCOPE = "lastchunk"
SCHEMA_URL = "https://opentelemetry.io/schemas/1.41.0"
OTHER = "_OTHER"


class Operation(StrEnum):
    """What a stream is: the value of `gen_ai.operation.name`, and the first word of the span's name."""

    CHAT = "chat"
    INVOKE_AGENT = "invoke_agent"
    INVOKE_WORKFLOW = "invoke_workflow"


class Reason(StrEnum):
    """Why a stream ended: the closed set of `lastchunk.stream.termination.reason`."""

    COMPLETED = "completed"
    LENGTH = "length"
    CONTENT_FILTER = "content_filter"
    TOOL_ERROR = "tool_error"
    PROVIDER_ERROR = "provider_error"
    PROTOCOL_ERROR = "protocol_error"
    TIMEOUT = "timeout"
    CONNECTION_LOST = "connection_lost"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    ABANDONED = "abandoned"
    PROCESS_EXIT = "process_exit"
    EMPTY = "empty"
    TRUNCATED = "truncated"
    ERROR = "error"


class Cause(StrEnum):
    """What probably lies behind an ending: the closed set of `lastchunk.stream.termination.cause`."""

    PARTIAL_CONSUMPTION = "partial_consumption"
    NO_STREAMING_SUPPORT = "no_streaming_support"
    IDLE_TIMEOUT = "idle_timeout"
    CONNECTION_LOST = "connection_lost"
    TOOL_FAILURE = "tool_failure"
    CONTEXT_LIMIT = "context_limit"
    PACKAGE_MISMATCH = "package_mismatch"
    CLIENT_DISCONNECTED = "client_disconnected"
    RATE_LIMITED = "rate_limited"
    PROVIDER_ERROR = "provider_error"
    CONTENT_FILTER = "content_filter"
    CANCELLED_BY_APPLICATION = "cancelled_by_application"
    PROCESS_EXIT = "process_exit"
    UNKNOWN = "unknown"


class Detail(StrEnum):
    """What the evidence says beyond reason and cause: the closed set of `lastchunk.stream.termination.detail`."""

    CONTEXT_FULL = "context_full"
    """The context window is full, and not the limit of output."""
    MODEL_LOADED = "model_loaded"
    """The server only loaded the model."""
    NO_FREE_CONNECTION = "no_free_connection"
    """Nothing was sent: the client's pool had no connection to spare."""
    NOT_CONNECTED = "not_connected"
    """Nothing was sent: no connection came about."""
    BEFORE_ANSWER = "before_answer"
    """The request was sent, and no answer began."""
    STREAMING_REFUSED = "streaming_refused"
    """The provider says that it does not stream this."""
    NOT_FOUND = "not_found"
    """HTTP 404: the model, or the path."""
    NOT_AUTHORIZED = "not_authorized"
    """HTTP 401 or 403."""
    GATEWAY_TIMEOUT = "gateway_timeout"
    """An error says that a gateway, or the server itself, waited too long."""


class Source(StrEnum):
    """What the decision rests on: the closed set of `lastchunk.stream.evidence`."""

    WIRE = "wire"
    END_MARKER = "end_marker"
    """The wire, but it said no more than that the body is over; no finish reason is known of this server and model."""
    HABIT = "habit"
    """The wire, and that this server and model have sent a finish reason before, which is missing here."""
    RESULT = "result"
    NONE = "none"


class Delivery(StrEnum):
    """How the content came: the closed set of `lastchunk.stream.delivery`."""

    INCREMENTAL = "incremental"
    BURST = "burst"
    SINGLE = "single"
    NONE = "none"


class ChunkKind(StrEnum):
    """What a chunk carries: the closed set of `lastchunk.stream.chunk.kind`."""

    TEXT = "text"
    REASONING = "reasoning"
    TOOL_CALL = "tool_call"
    USAGE = "usage"
    MESSAGE = "message"


class LastEvent(StrEnum):
    """The last thing seen that is not a chunk; with `ChunkKind` the closed set of `lastchunk.stream.last_event`."""

    FINISH = "finish"
    END_MARKER = "end_marker"
    HEADERS = "headers"
    TOOL_RESULT = "tool_result"
    ERROR = "error"
    NONE = "none"


class WaitingFor(StrEnum):
    """What a pending step waits for: the closed set of `lastchunk.stream.waiting_for`."""

    FIRST_CHUNK = "first_chunk"
    NEXT_CHUNK = "next_chunk"
    TOOL = "tool"
    PERSON = "person"


class TeamStopReason(StrEnum):
    """Why a team stopped, without the text that AutoGen gives: the closed set of `lastchunk.stream.team.stop_reason`."""

    MAX_TURNS = "max_turns"
    MAX_MESSAGES = "max_messages"
    TEXT_MENTION = "text_mention"
    TOKEN_USAGE = "token_usage"
    TIMEOUT = "timeout"
    EXTERNAL = "external"
    STOP_MESSAGE = "stop_message"
    HANDOFF = "handoff"
    SOURCE_MATCH = "source_match"
    TEXT_MESSAGE = "text_message"
    FUNCTION_CALL = "function_call"
    FUNCTIONAL = "functional"
    GRAPH_COMPLETE = "graph_complete"
    MAX_ROUNDS = "max_rounds"
    ALREADY_TERMINATED = "already_terminated"
    RUNTIME_STOPPED = "runtime_stopped"
    OTHER = OTHER


Type = Literal["string", "string[]", "int", "double", "boolean"]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: its name, its type, its unit if it has one, and what it says."""

    name: str
    type: Type
    brief: str
    unit: str = ""
    values: tuple[str, ...] = ()
    """The closed set of values, where there is one."""


# --- attributes of the conventions ------------------------------------------------------------------------------------

OPERATION_NAME = "gen_ai.operation.name"
PROVIDER_NAME = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
REQUEST_STREAM = "gen_ai.request.stream"
RESPONSE_MODEL = "gen_ai.response.model"
RESPONSE_ID = "gen_ai.response.id"
RESPONSE_FINISH_REASONS = "gen_ai.response.finish_reasons"
RESPONSE_TIME_TO_FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"
USAGE_INPUT_TOKENS = "gen_ai.usage.input_tokens"
USAGE_OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
TOKEN_TYPE = "gen_ai.token.type"
AGENT_NAME = "gen_ai.agent.name"
AGENT_DESCRIPTION = "gen_ai.agent.description"
AGENT_ID = "gen_ai.agent.id"
WORKFLOW_NAME = "gen_ai.workflow.name"
SERVER_ADDRESS = "server.address"
SERVER_PORT = "server.port"
ERROR_TYPE = "error.type"

# --- attributes of our own --------------------------------------------------------------------------------------------

TERMINATION_REASON = "lastchunk.stream.termination.reason"
TERMINATION_CAUSE = "lastchunk.stream.termination.cause"
TERMINATION_DETAIL = "lastchunk.stream.termination.detail"
TERMINATION_INHERITED = "lastchunk.stream.termination.inherited"
LATE_ERROR = "lastchunk.stream.late_error"
OUTERMOST = "lastchunk.stream.outermost"
CUTOFF = "lastchunk.stream.cutoff"
EVIDENCE = "lastchunk.stream.evidence"
LAST_EVENT = "lastchunk.stream.last_event"
WAITING_FOR = "lastchunk.stream.waiting_for"
CHUNKS = "lastchunk.stream.chunks"
SIZE = "lastchunk.stream.size"
DELIVERY = "lastchunk.stream.delivery"
MAX_GAP = "lastchunk.stream.max_gap"
IDLE_AT_END = "lastchunk.stream.idle_at_end"
CONSUMER_MAX_PAUSE = "lastchunk.stream.consumer.max_pause"
HISTORY_MESSAGES = "lastchunk.stream.history.messages"
HISTORY_SIZE = "lastchunk.stream.history.size"
FINISH_REASON_RAW = "lastchunk.stream.finish_reason.raw"
INNER_CUTOFFS = "lastchunk.stream.inner_cutoffs"
TEAM_STOP_REASON = "lastchunk.stream.team.stop_reason"
SILENCE = "lastchunk.stream.silence"
REMEDY = "lastchunk.stream.remedy"
RUNBOOK = "lastchunk.stream.runbook"

CHUNK_INDEX = "lastchunk.stream.chunk.index"
CHUNK_KIND = "lastchunk.stream.chunk.kind"
CHUNK_SIZE = "lastchunk.stream.chunk.size"
CHUNK_ELAPSED = "lastchunk.stream.chunk.elapsed"
CHUNK_GAP = "lastchunk.stream.chunk.gap"

CHUNK_EVENT = "lastchunk.stream.chunk"
CUTOFF_EVENT = "lastchunk.stream.cutoff"
STALLED_EVENT = "lastchunk.stream.stalled"


def _values(values: type[StrEnum]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)


SPAN_ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute(OPERATION_NAME, "string", "What the stream is.", values=_values(Operation)),
    Attribute(PROVIDER_NAME, "string", "The provider of the model, as the client is configured."),
    Attribute(REQUEST_MODEL, "string", "The model that was asked for."),
    Attribute(REQUEST_STREAM, "boolean", "Always true: the request is a streaming one. On chat spans."),
    Attribute(RESPONSE_MODEL, "string", "The model that the wire names, else `_OTHER` if that is no name."),
    Attribute(RESPONSE_ID, "string", "The id that the wire gives to the answer, else `_OTHER` if that is no name."),
    Attribute(
        RESPONSE_FINISH_REASONS,
        "string[]",
        "The finish reason; `error` where one was due and none came. On chat spans.",
    ),
    Attribute(RESPONSE_TIME_TO_FIRST_CHUNK, "double", "From the request to the first content chunk.", "s"),
    Attribute(USAGE_INPUT_TOKENS, "int", "From the last usage that the wire gave; absent if it gave none.", "{token}"),
    Attribute(USAGE_OUTPUT_TOKENS, "int", "From the last usage that the wire gave; absent if it gave none.", "{token}"),
    Attribute(AGENT_NAME, "string", "The agent that runs, or under which the model was called."),
    Attribute(AGENT_DESCRIPTION, "string", "What the agent says of itself."),
    Attribute(AGENT_ID, "string", "The agent's id in the runtime of its team."),
    Attribute(WORKFLOW_NAME, "string", "The team's `name`, else its class."),
    Attribute(SERVER_ADDRESS, "string", "The host of the endpoint."),
    Attribute(SERVER_PORT, "int", "The port of the endpoint."),
    Attribute(ERROR_TYPE, "string", "The exception's qualified class name, else the reason. With status ERROR, only."),
    Attribute(TERMINATION_REASON, "string", "Why the stream ended.", values=_values(Reason)),
    Attribute(
        TERMINATION_CAUSE,
        "string",
        "What probably lies behind it. On every ending but a healthy one.",
        values=_values(Cause),
    ),
    Attribute(
        TERMINATION_DETAIL,
        "string",
        "What the evidence says beyond that, where it says more. The remedy is chosen by it.",
        values=_values(Detail),
    ),
    Attribute(
        TERMINATION_INHERITED,
        "boolean",
        "The ending arose in another stream: below, or above when the consumer left or cancelled.",
    ),
    Attribute(LATE_ERROR, "string", "The class of an exception that came after the terminal item."),
    Attribute(OUTERMOST, "boolean", "The application itself iterates this stream."),
    Attribute(CUTOFF, "boolean", "The stream began and was cut before its answer was complete."),
    Attribute(
        EVIDENCE,
        "string",
        "What the decision rests on: an SDK's stream; its end marker alone, of a server that has sent no finish reason yet; the "
        "lack of one that it has sent before; AutoGen's result; or nothing.",
        values=_values(Source),
    ),
    Attribute(LAST_EVENT, "string", "The exact last thing seen.", values=_values(ChunkKind) + _values(LastEvent)),
    Attribute(WAITING_FOR, "string", "What the last step waited for.", values=_values(WaitingFor)),
    Attribute(CHUNKS, "int", "Chunks handed to the consumer of this layer, before the terminal item.", "{chunk}"),
    Attribute(SIZE, "int", "Bytes of content in these chunks, UTF-8.", "By"),
    Attribute(DELIVERY, "string", "How the content came.", values=_values(Delivery)),
    Attribute(MAX_GAP, "double", "The longest silence: time in which a step was pending.", "s"),
    Attribute(IDLE_AT_END, "double", "The silence before the end.", "s"),
    Attribute(CONSUMER_MAX_PAUSE, "double", "The longest time the consumer took between two steps.", "s"),
    Attribute(HISTORY_MESSAGES, "int", "Messages sent to the model, or given to the run.", "{message}"),
    Attribute(HISTORY_SIZE, "int", "Bytes of text in these messages, UTF-8; images are not sized.", "By"),
    Attribute(
        FINISH_REASON_RAW, "string", "The finish reason as the wire said it, else `_OTHER` if it is no identifier."
    ),
    Attribute(INNER_CUTOFFS, "int", "Cutoffs of inner streams from which this run recovered.", "{stream}"),
    Attribute(TEAM_STOP_REASON, "string", "Why the team stopped.", values=_values(TeamStopReason)),
)

CHUNK_EVENT_ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute(CHUNK_INDEX, "int", "The chunk's place in the stream, from 0."),
    Attribute(CHUNK_KIND, "string", "What the chunk carries.", values=_values(ChunkKind)),
    Attribute(CHUNK_SIZE, "int", "Bytes of content, UTF-8.", "By"),
    Attribute(CHUNK_ELAPSED, "double", "Time since the stream began.", "s"),
    Attribute(CHUNK_GAP, "double", "The silence before this chunk.", "s"),
)

# --- log events -------------------------------------------------------------------------------------------------------

CUTOFF_EVENT_ATTRIBUTES: tuple[Attribute, ...] = (
    *SPAN_ATTRIBUTES,
    Attribute(REMEDY, "string", "What happened and what to do, in one sentence."),
    Attribute(RUNBOOK, "string", "Where the runbook says more."),
)
"""Of `lastchunk.stream.cutoff` (WARN): one for each cutoff, by the stream where it arose and by none that inherits it."""

_SAID_AT_BEGIN = frozenset(
    {
        OPERATION_NAME,
        PROVIDER_NAME,
        REQUEST_MODEL,
        REQUEST_STREAM,
        AGENT_NAME,
        AGENT_DESCRIPTION,
        AGENT_ID,
        WORKFLOW_NAME,
        SERVER_ADDRESS,
        SERVER_PORT,
        OUTERMOST,
    }
)

STALLED_EVENT_ATTRIBUTES: tuple[Attribute, ...] = (
    *(attribute for attribute in SPAN_ATTRIBUTES if attribute.name in _SAID_AT_BEGIN),
    Attribute(
        WAITING_FOR,
        "string",
        "What the stream waits for.",
        values=tuple(str(value) for value in WaitingFor if value is not WaitingFor.PERSON),
    ),
    Attribute(SILENCE, "double", "How long it has been silent.", "s"),
    Attribute(CHUNKS, "int", "Chunks handed to the consumer so far.", "{chunk}"),
)
"""Of `lastchunk.stream.stalled` (WARN): at most one for each stream, while it hangs."""

# --- metrics ----------------------------------------------------------------------------------------------------------

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
_CHUNKS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384)
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
    "The longest silence that is pending now: how long the open stream that has waited longest has waited.",
    (*COMMON, WAITING_FOR),
)
CHUNKS_PER_STREAM = Metric(
    CHUNKS, "histogram", "{chunk}", "Chunks that a stream handed to its consumer.", (*COMMON, CUTOFF), _CHUNKS
)
RECOVERED = Metric(
    INNER_CUTOFFS,
    "counter",
    "{stream}",
    "Cutoffs of inner streams from which a run recovered.",
    (*COMMON, TERMINATION_CAUSE),
)
LONGEST_GAP = Metric(MAX_GAP, "histogram", "s", "The longest silence within a stream.", (*COMMON, CUTOFF), _GAPS)
IDLE = Metric(IDLE_AT_END, "histogram", "s", "The silence before a stream ended.", (*COMMON, TERMINATION_REASON), _IDLE)
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
    CHUNKS_PER_STREAM,
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
    (Reason.PROVIDER_ERROR, Cause.PACKAGE_MISMATCH),
    (Reason.PROTOCOL_ERROR, Cause.PROVIDER_ERROR),
    (Reason.PROTOCOL_ERROR, Cause.PACKAGE_MISMATCH),
    (Reason.TOOL_ERROR, Cause.TOOL_FAILURE),
    (Reason.ERROR, Cause.UNKNOWN),
    (Reason.ERROR, Cause.PACKAGE_MISMATCH),
)
"""Every pair of reason and cause that pages somebody: what the service did to the user. The other cutoffs (the user
left, the process ended, a limit was reached, a filter stepped in) are watched against their own past."""
