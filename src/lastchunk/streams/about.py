# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`About`: which stream ended, for the application's own function."""

from __future__ import annotations

from dataclasses import dataclass

from opentelemetry.trace import format_span_id, format_trace_id

from lastchunk import semconv
from lastchunk.semconv import Operation
from lastchunk.streams.record import StreamRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The stream that ended. A field that is not known is empty."""

    operation: Operation
    """A model's stream (`chat`), an agent's run or turn (`invoke_agent`), or a team's run (`invoke_workflow`)."""
    agent: str = ""
    """The name of the agent that ran, or that called the model."""
    team: str = ""
    """The team's `name`, or its class if it has none."""
    model: str = ""
    """The model that the request named."""
    provider: str = ""
    """`gen_ai.provider.name`."""
    server: str = ""
    """The host of the model's endpoint."""
    outermost: bool = True
    """Whether the application itself iterates this stream. Each stream below it has its own ending."""
    items: int = 0
    """The number of items that the stream yielded, without the last one (`TaskResult`, `Response`, `CreateResult`)."""
    trace_id: str = ""
    """32 hexadecimal digits; empty if no span was made."""
    span_id: str = ""
    """16 hexadecimal digits; empty if no span was made."""


def about(record: StreamRecord) -> About:
    """Describe the stream of `record`."""
    start = record.start
    agent = start.name if record.operation is Operation.INVOKE_AGENT else ""
    if record.operation is Operation.CHAT and record.parent is not None:
        agent = record.parent.start.name if record.parent.operation is Operation.INVOKE_AGENT else ""
    span = record.span.get_span_context() if record.span is not None else None
    traced = span is not None and span.is_valid
    return About(
        operation=record.operation,
        agent=agent,
        team=start.name if record.operation is Operation.INVOKE_WORKFLOW else "",
        model=_text(record, semconv.REQUEST_MODEL),
        provider=_text(record, semconv.PROVIDER_NAME),
        server=_text(record, semconv.SERVER_ADDRESS),
        outermost=record.outermost,
        items=record.chunks,
        trace_id=format_trace_id(span.trace_id) if span is not None and traced else "",
        span_id=format_span_id(span.span_id) if span is not None and traced else "",
    )


def _text(record: StreamRecord, name: str) -> str:
    value = record.start.attributes.get(name)
    return value if isinstance(value, str) else ""
