# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The closed sets of values: why a stream ended, what lies behind it, what came last, and the like."""

from __future__ import annotations

from enum import StrEnum

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
    PAYMENT_REQUIRED = "payment_required"
    """HTTP 402: the account has no credit."""
    TOO_LARGE = "too_large"
    """HTTP 413: the request, whoever says so."""
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
