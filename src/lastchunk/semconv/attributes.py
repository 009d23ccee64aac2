# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The attributes of spans, chunk events and log events, with the names of the events themselves."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from lastchunk.semconv.values import (
    Cause,
    ChunkKind,
    Delivery,
    Detail,
    LastEvent,
    Operation,
    Reason,
    Source,
    TeamStopReason,
    WaitingFor,
)

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
