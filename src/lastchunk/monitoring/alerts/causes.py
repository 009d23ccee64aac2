# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""One cause jumps: tickets, each against its own past, so that what is usual for a service stays quiet."""

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
"""How many times its past; at least this share; of a past of at least so many streams."""
_ONE_PIECE = 0.9
_BY_AGENT = (JOB, AGENT, WORKFLOW)
_SUMMARY = (
    "{{ $value | humanizePercentage }} of the chat streams of {{ $labels.job }} from {{ $labels.gen_ai_request_model "
    "}} "
)
_NEW = "A service without a past of 20 streams: it has nothing to compare with, and the budget alerts watch it."

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
    """A share that is now several times that of its own past."""
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
         " Compare the silence with every timeout on the way to the model, and raise the one that fits.",
         "Streams that were rejected before they began."),
        ("LastchunkConnectionsLost", "connection_lost", "chat_began", "lose their connection", "chat_by_reason",
         Cause.CONNECTION_LOST,
         "Connections break while data flows: a restart, a deployment without draining, or a network path.",
         "Connections that were lost after a silence: LastchunkIdleTimeouts."),
        ("LastchunkTruncated", "truncated", "chat_began", "end in the middle without an error", "chat_by_reason", None,
         "These answers look like success and are not complete. Look for a gateway that ends streams early.",
         "Models of which only a result was seen, without a finish reason: there is no evidence."),
        ("LastchunkEmpty", "empty", "chat_began", "are empty", "chat_by_reason", None,
         "The backend answers, but with nothing: a wrong URL, a login page, a refusal, or a gateway that swallows "
         "errors.",
         "A silent turn after a tool's result: that is complete."),
        ("LastchunkProviderErrors", "provider_error", "chat_began", "end with an error of the provider", "chat_by_reason",
         None, "The provider fails inside streams that began well. Its status page, and a fallback model.",
         "Requests that were refused before a stream began: LastchunkRejectedFast."),
        ("LastchunkLimitsReached", "limit", "chat_began", "reach a limit of the model", "context_errors", Cause.CONTEXT_LIMIT,
         "Answers stop in mid-sentence: a history that grows, or an output limit that is too low.",
         "Requests that were refused for their length: LastchunkContextRejected."),
        ("LastchunkContentFilter", "filtered", "asked", "are stopped or refused by a filter", "filter", Cause.CONTENT_FILTER,
         "A prompt provokes the filter, or its policy changed. Find the prompt by a trace, in your own log.",
         "A filter that always steps in this often: it does its work."),
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
                description=f"{description} It is at least {_TIMES} times its own past.",
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
                "{{ $value | humanizePercentage }} of the runs of {{ $labels.job }}"
                "{{ with $labels.gen_ai_agent_name }} by the agent {{ . }}{{ end }}"
                "{{ with $labels.gen_ai_workflow_name }} by the team {{ . }}{{ end }} end at a tool"
            ),
            description=(
                f"A tool fails or hangs: read its own log for one of the traces. It is at least {_TIMES} times its "
                "own past."
            ),
            leaves_out=f"Failures that the model could react to. {_NEW}",
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
                "This backend used to stream. A proxy that buffers, compression, or a plug-in that collects the "
                "answer first."
            ),
            leaves_out="Models whose answers were always short or always whole: they are compared with their own past.",
            panel="delivery",
            labels={CAUSE: Cause.NO_STREAMING_SUPPORT},
        ),
    )
