# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Tickets for a cause that becomes more frequent than in a service's own past."""

from __future__ import annotations

from lastchunk.monitoring.alerts.counts import recorded, summed
from lastchunk.monitoring.alerts.promql import (
    AGENT,
    BEGAN,
    BY_MODEL,
    CAUSE,
    CHAT,
    DELIVERY,
    JOB,
    OUTERMOST,
    REASON,
    WORKFLOW,
    counted,
    one_of,
    selector,
    share,
)
from lastchunk.monitoring.alerts.silences import LIKELY_OWNER, gathered
from lastchunk.monitoring.alerts.table import Alert, Recording
from lastchunk.monitoring.settings import Settings
from lastchunk.semconv import ENDED, Cause, Delivery, Reason

_TIMES, _SHARE, _KNOWN = 3, 0.02, 20
"""At least so many times its past; at least this share; with at least so many streams in the past."""
_ONE_PIECE = 0.9
_BY_AGENT = (JOB, AGENT, WORKFLOW)
_SUMMARY = (
    "{{ $value | humanizePercentage }} of the chat streams of {{ $labels.job }} from {{ $labels.gen_ai_request_model "
    "}} "
)
_NEW = "A service with fewer than 20 streams in its past: the budget alerts watch it."

_PARTS = {
    "idle_timeout": (CHAT, one_of(CAUSE, [Cause.IDLE_TIMEOUT]), BEGAN),
    "connection_lost": (CHAT, one_of(CAUSE, [Cause.CONNECTION_LOST])),
    "truncated": (CHAT, one_of(REASON, [Reason.TRUNCATED])),
    "empty": (CHAT, one_of(REASON, [Reason.EMPTY])),
    "provider_error": (CHAT, one_of(REASON, [Reason.PROVIDER_ERROR, Reason.PROTOCOL_ERROR])),
    "limit": (CHAT, one_of(CAUSE, [Cause.CONTEXT_LIMIT]), BEGAN),
    "filtered": (CHAT, one_of(CAUSE, [Cause.CONTENT_FILTER])),
    "one_piece": (CHAT, one_of(DELIVERY, [Delivery.SINGLE, Delivery.BURST])),
}
"""What each alert counts of `lastchunk.stream.ended`, by model."""


def recordings(settings: Settings) -> tuple[Recording, ...]:
    """The counts that are compared with their own past."""
    window = settings.time(settings.hour)
    parts = {name: counted(BY_MODEL, selector(ENDED, *matchers), window) for name, matchers in _PARTS.items()}
    parts["tool_failed"] = counted(_BY_AGENT, selector(ENDED, OUTERMOST, one_of(CAUSE, [Cause.TOOL_FAILURE])), window)
    parts["agent_began"] = counted(_BY_AGENT, selector(ENDED, OUTERMOST, BEGAN), window)
    return tuple(Recording(recorded(name, settings.hour), expression) for name, expression in parts.items())


def jumped(part: str, whole: str, at_least: float, floor: int, settings: Settings) -> str:
    """The expression for a share that is now several times what it was in its own past."""
    counted_now = recorded(part, settings.hour)
    now = share(counted_now, recorded(whole, settings.hour))
    before = [summed(name, settings.past, settings, offset=settings.hour) for name in (part, whole)]
    return (
        f"{now} >= {at_least:g}\n"
        f"and {now} >= {_TIMES} * (({before[0]} or 0 * {before[1]}) / ({before[1]} >= {_KNOWN}))\n"
        f"and {counted_now} >= {floor}"
    )


def alerts(settings: Settings) -> tuple[Alert, ...]:
    """All are tickets: the budget pages."""
    rows = (
        ("LastchunkIdleTimeouts", "idle_timeout", "chat_began", "are cut after a silence", "chat_idle", Cause.IDLE_TIMEOUT,
         "{{ with $labels.silence }}Most of them after {{ . }}: {{ end }}" + LIKELY_OWNER +
         "Compare the silence with every timeout on the way to the model, and raise the one that matches.",
         "Streams that were rejected before they began."),
        ("LastchunkConnectionsLost", "connection_lost", "chat_began", "lose their connection", "chat_by_reason",
         Cause.CONNECTION_LOST,
         "Connections break while data flows. Likely causes are a restart, a deployment without draining, or a "
         "network path.",
         "Connections that were lost after a silence: see LastchunkIdleTimeouts."),
        ("LastchunkTruncated", "truncated", "chat_began", "end in the middle without an error", "chat_by_reason", None,
         "These answers look complete and are not. Look for a gateway that ends streams early.",
         "Models of which Lastchunk saw only a result without a finish reason: there is no evidence."),
        ("LastchunkEmpty", "empty", "chat_began", "are empty", "chat_by_reason", None,
         "The backend sends empty answers. Likely causes are a wrong URL, a login page, a refusal, or a gateway "
         "that swallows errors.",
         "An empty turn after a tool's result: it is complete."),
        ("LastchunkProviderErrors", "provider_error", "chat_began", "end with an error of the provider", "chat_by_reason",
         None, "The provider fails in the middle of streams. Check its status page, and use a fallback model.",
         "Requests that were refused before a stream began: see LastchunkRejectedFast."),
        ("LastchunkLimitsReached", "limit", "chat_began", "reach a limit of the model", "context_errors", Cause.CONTEXT_LIMIT,
         "Answers stop in mid-sentence. Either the history grows, or the output limit is too low.",
         "Requests that were refused for their length: see LastchunkContextRejected."),
        ("LastchunkContentFilter", "filtered", "asked", "are stopped or refused by a filter", "filter", Cause.CONTENT_FILTER,
         "A prompt triggers the filter, or its policy changed. Use a trace to find the prompt in your own log.",
         "A filter that always steps in this often."),
    )  # fmt: skip
    made: list[Alert] = []
    for name, part, whole, what, panel, cause, description, left in rows:
        expression = jumped(part, whole, _SHARE, settings.ticket_floor, settings)
        made.append(
            Alert(
                name=name,
                severity="ticket",
                expression=gathered(expression, "chat", settings) if part == "idle_timeout" else expression,
                wait="5m",
                keep="30m",
                summary=_SUMMARY + what,
                description=f"{description} The share is at least {_TIMES} times that of the past day.",
                leaves_out=f"{left} {_NEW}",
                panel=panel,
                labels={} if cause is None else {CAUSE: cause},
            )
        )
    return (
        *made,
        Alert(
            name="LastchunkToolFailures",
            severity="ticket",
            expression=jumped("tool_failed", "agent_began", _SHARE, settings.ticket_floor, settings),
            wait="5m",
            keep="30m",
            summary=(
                "{{ $value | humanizePercentage }} of the runs of "
                "{{ $labels.job }}{{ with $labels.gen_ai_agent_name }} by the agent "
                "{{ . }}{{ end }}{{ with $labels.gen_ai_workflow_name }} by the team {{ . }}{{ end }} end "
                "because of a tool"
            ),
            description=(
                f"A tool fails or hangs: read its own log for one of the traces. The share is at least {_TIMES} "
                "times that of the past day."
            ),
            leaves_out=f"Failures to which the model could react. {_NEW}",
            panel="tool_failures",
            labels={CAUSE: Cause.TOOL_FAILURE},
        ),
        Alert(
            name="LastchunkStoppedStreaming",
            severity="ticket",
            expression=jumped("one_piece", "chat_began", _ONE_PIECE, _KNOWN, settings),
            wait="15m",
            keep="1h",
            summary=_SUMMARY + "arrive in one piece",
            description=(
                "This backend used to stream. Look for a proxy that buffers, for compression, or for a plug-in "
                "that collects the answer first."
            ),
            leaves_out="Models whose answers always came in one piece: they are compared with their own past.",
            panel="delivery",
            labels={CAUSE: Cause.NO_STREAMING_SUPPORT},
        ),
    )
