# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What to do about an ending: one sentence for the person on call, and the anchor of the runbook's entry.

Pure data. Each sentence says what happened, a colon, and what to do. The detail decides where there is one, else the cause,
unless it is `unknown` or the reason says more. No sentence states what the evidence for its row does not show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lastchunk.semconv import Cause, Detail, Reason


@dataclass(frozen=True, slots=True)
class Remedy:
    """One sentence, and the anchor of its entry in `grafana/runbook.md`."""

    sentence: str
    anchor: str


_BY_CAUSE: Mapping[Cause, str] = {
    Cause.PARTIAL_CONSUMPTION: (
        "The application stopped reading before the last item: find the break, return or exception in its `async "
        "for`, and read on to the TaskResult."
    ),
    Cause.NO_STREAMING_SUPPORT: (
        "The backend does not stream: check that the endpoint supports `stream=true` for this model, and that no "
        "proxy buffers the response."
    ),
    Cause.IDLE_TIMEOUT: (
        "Something gave up on a silent stream: compare the silence with every timeout on the way to the model "
        "(often a proxy's 60 s), and raise the one that matches."
    ),
    Cause.CONNECTION_LOST: (
        "The connection broke in mid-stream: look for a restart of the model server or gateway at that time, and "
        "run again (no SDK retries in mid-stream)."
    ),
    Cause.TOOL_FAILURE: (
        "A tool failed or hung, or its arguments were cut off: read the tool's own log for this trace, and give "
        "the tool a timeout."
    ),
    Cause.CONTEXT_LIMIT: (
        "The conversation no longer fits the model: limit the history with a BufferedChatCompletionContext or a "
        "TokenLimitedChatCompletionContext."
    ),
    Cause.PACKAGE_MISMATCH: (
        "The installed packages and the backend are not compatible: compare the versions of `autogen-*`, AG2 and "
        "the provider's SDK, and pin compatible versions."
    ),
    Cause.CLIENT_DISCONNECTED: (
        "The web client disconnected first: if it is always after the same time, a proxy before the server timed "
        "out; send pings while the model is silent."
    ),
    Cause.RATE_LIMITED: (
        "The provider's rate limit was reached: lower the concurrency or raise the quota, and set `max_retries` "
        "so that the SDK waits as `Retry-After` says."
    ),
    Cause.PROVIDER_ERROR: (
        "The provider answered with an error: read `error.type`; for a 4xx check key, endpoint and model name, "
        "else see its status page and use a fallback model."
    ),
    Cause.CONTENT_FILTER: (
        "The provider's content filter stepped in: use this trace to find the prompt, and change it or the "
        "filter's policy; a retry is filtered again."
    ),
    Cause.CANCELLED_BY_APPLICATION: (
        "The application cancelled the run: do nothing if a person pressed Stop; else find the "
        "CancellationToken, `cancel()` or `asyncio.timeout` that fired."
    ),
    Cause.PROCESS_EXIT: (
        "The process ended while the stream was open: await open runs on shutdown, and give deployments a grace "
        "period longer than the longest answer."
    ),
    Cause.UNKNOWN: (
        "The evidence shows no cause: open the trace, and look at the last event and the silence before the end."
    ),
}

_BY_REASON: Mapping[Reason, str] = {
    Reason.COMPLETED: "The answer is complete: there is nothing to do.",
    Reason.LENGTH: "The model reached its output limit: raise `max_tokens`, or ask it to continue.",
    Reason.CONTENT_FILTER: (
        "The provider's content filter stopped the answer: use this trace to find the prompt, and change it or "
        "the filter's policy."
    ),
    Reason.TOOL_ERROR: "The run ended because a tool failed: read the tool's own log for this trace.",
    Reason.PROVIDER_ERROR: (
        "The provider sent an error inside the stream: check its status page and the model server's log, and run again."
    ),
    Reason.PROTOCOL_ERROR: (
        "The stream could not be decoded: look for a proxy that rewrites the body, and compare the versions of "
        "the SDK and the backend."
    ),
    Reason.TIMEOUT: "The client's own timeout fired before the answer was complete: raise it, or ask for shorter answers.",
    Reason.CONNECTION_LOST: (
        "The connection broke before the answer was complete: look for a restart of the model server or gateway "
        "at that time, and run again."
    ),
    Reason.REJECTED: "No stream started: read `error.type`, and check endpoint, key, model name and quota.",
    Reason.CANCELLED: "The run was cancelled: find the `cancel()` or the timeout that fired.",
    Reason.ABANDONED: (
        "The application stopped reading before the last item: find the break, return or exception in its `async for`."
    ),
    Reason.PROCESS_EXIT: "The process ended while the stream was open: await open runs on shutdown.",
    Reason.EMPTY: (
        "The backend sent an empty answer: look at its raw response (a JSON or HTML body, a refusal), and check "
        "endpoint and model name."
    ),
    Reason.TRUNCATED: (
        "The answer stops in the middle without an error: do not use it, run again, and look for a gateway that "
        "ends streams early."
    ),
    Reason.ERROR: (
        "An unexpected exception ended the stream: read `error.type`, and the traceback in the application's log."
    ),
}


_BY_DETAIL: Mapping[Detail, str] = {
    Detail.CONTEXT_FULL: (
        "The context window is full, whatever the output limit is: limit the history, or give the model a larger "
        "window (Ollama: `num_ctx`)."
    ),
    Detail.MODEL_LOADED: (
        "The server only loaded the model and sent an empty answer: look for an empty list of messages, or a template "
        "that produces an empty prompt."
    ),
    Detail.NO_FREE_CONNECTION: (
        "The client had no free connection and sent nothing: close the streams that you stop reading, or raise "
        "`max_connections` of its pool."
    ),
    Detail.NOT_CONNECTED: (
        "The client could not connect to the server: check that the server runs, and check its address, its port "
        "and the firewall."
    ),
    Detail.BEFORE_ANSWER: (
        "The request got no answer, not even headers: look into the model server's log at that time, and let the "
        "client retry (`max_retries`)."
    ),
    Detail.STREAMING_REFUSED: (
        "The provider refuses to stream this: verify the organization, choose a model that streams, or use "
        "`create` instead of `create_stream`."
    ),
    Detail.NOT_FOUND: (
        "The server does not know the model or the path: check the model's name and the base URL (Ollama: `ollama "
        "pull` the model)."
    ),
    Detail.NOT_AUTHORIZED: (
        "The provider refused the credentials: check the key, its organization or project, and the endpoint."
    ),
    Detail.PAYMENT_REQUIRED: (
        "The account has no credit left at the provider: add credit, or use another account; a retry fails again."
    ),
    Detail.TOO_LARGE: (
        "The request is larger than the server, or a gateway before it, accepts: limit the history and its images, or "
        "raise the gateway's limit."
    ),
    Detail.GATEWAY_TIMEOUT: (
        "The server or a gateway reports a timeout: raise the timeout between gateway and model, or send less at "
        "a time."
    ),
}

_REASON_SAYS_MORE: frozenset[tuple[str, str | None]] = frozenset(
    {
        (Reason.LENGTH, Cause.CONTEXT_LIMIT),
        (Reason.PROVIDER_ERROR, Cause.PROVIDER_ERROR),
        (Reason.PROTOCOL_ERROR, Cause.PROVIDER_ERROR),
    }
)


def remedy_for(reason: str, cause: str | None, detail: str | None = None) -> Remedy | None:
    """The remedy for an ending. None if nothing is wrong, and for values outside the closed sets.

    A healthy stream is `completed` without a cause. The anchor is that of the cause or the reason, whose entry has the
    sentences of the details, too.
    """
    general = _general(reason, cause)
    if general is not None and detail in _BY_DETAIL:
        return Remedy(_BY_DETAIL[Detail(detail)], general.anchor)
    return general


def _general(reason: str, cause: str | None) -> Remedy | None:
    if cause in _BY_CAUSE and cause != Cause.UNKNOWN and (reason, cause) not in _REASON_SAYS_MORE:
        return Remedy(_BY_CAUSE[Cause(cause)], f"#cause-{cause}")
    if reason in _BY_REASON and reason != Reason.COMPLETED:
        return Remedy(_BY_REASON[Reason(reason)], f"#reason-{reason}")
    return None
