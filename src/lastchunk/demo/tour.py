# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The stops of the tour as data: which stream is shown, and what a server does to it.

llmock plays the provider wherever it knows the ending; the raw-socket `ModelServer` plays those it does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec

from llmock.chaos import StreamChaos
from llmock.ratelimit import LimitSettings, RateLimiter
from llmock.scenarios import Behavior, Fail, Match, Reply, SlowFirstToken, StreamFault, ToolFault
from llmock.testing import LLMockServer

from lastchunk.model_server.server import ModelServer

STALL_AFTER = 2.0
"""Seconds of silence that count as a stall during the tour; the default of thirty would make it a long one."""

_ANSWER = "Lisbon is sunny today, so take the tram up to the castle and stay there for the sunset over the river."
_HALF = "Lisbon is sunny today, so take the tram up to the castle and"
_CONTEXT_WINDOW = 2_000
_PACE = 0.02
"""Seconds between two chunks."""

_FAULTS: Mapping[str, Behavior] = {
    "truncate": StreamFault("truncate", after_chunks=9),
    "disconnect": StreamFault("disconnect", after_chunks=9),
    "stall": StreamFault("stall", after_chunks=9, stall_seconds=30.0),
    "malformed": StreamFault("malformed", after_chunks=9),
    "slow_first": SlowFirstToken(STALL_AFTER / 2),
    "bad_tool": ToolFault("malformed_arguments"),
    "length": Reply(text=_HALF, finish_reason="length"),
    "filter": Reply(text=_HALF, finish_reason="content_filter"),
    "busy": Fail(429, retry_after=1.0),
    "sdk_cut": StreamFault("truncate", after_chunks=9),
}
"""What llmock does to a stream, by the model that is asked for. Every other model just answers."""


@dataclass(frozen=True, slots=True)
class Raw:
    """A script of the raw-socket `ModelServer`, with the one silence and the pace that are its own."""

    script: str
    wait: float = 0.0
    gap: float = _PACE


@dataclass(frozen=True, slots=True)
class Stop:
    """One stream of the tour. Its agent or team has this name; a bare SDK call asks for a model of this name."""

    name: str
    done: str
    """What was done to the stream, for a reader who has never seen it."""
    model: str = "gpt-4o-mini"
    raw: Raw | None = None
    """The raw-socket server's script, where llmock does not play the provider."""


_STOPS: tuple[Stop, ...] = (
    Stop("travel_guide", "nothing (a tool is called, then an answer streamed)"),
    Stop("newsroom", "nothing (a team of two, one after the other)"),
    Stop("sdk_call", "nothing (the openai SDK, without AutoGen)", "sdk_call"),
    Stop("slow_thinker", f"nothing but {STALL_AFTER / 2:.0f} s of thought before the first token", "slow_first"),
    Stop("silent_gateway", "a gateway ends the response early, without an error", "truncate"),
    Stop("review_board", "the same, to the last speaker of a team", "truncate"),
    Stop("sdk_cut", "the same, to the openai SDK without AutoGen", "sdk_cut"),
    Stop("successor", "the same, to an agent of Microsoft Agent Framework", raw=Raw("silent_cut")),
    Stop("dropped_line", "the server drops the connection mid-answer", "disconnect"),
    Stop("idle_proxy", "2.5 s of silence, then a proxy closes the connection", raw=Raw("idle_then_close", wait=2.5)),
    Stop("short_patience", "silence until the client's read timeout fires", "stall"),
    Stop("no_stream", "the backend ignores stream=true and sends one JSON document", raw=Raw("json_body")),
    Stop("all_at_once", "a proxy buffers it: 5.5 s of silence, then all at once", raw=Raw("burst", wait=5.5)),
    Stop("broken_tool", "the tool raises an exception"),
    Stop("garbled_call", "the tool's arguments arrive cut off", "bad_tool"),
    Stop("long_answer", "the answer reaches the output limit", "length"),
    Stop("long_history", "the history is longer than the context window"),
    Stop("filtered", "a content filter stops the answer", "filter"),
    Stop("rate_limited", "the provider says 429", "busy"),
    Stop("night_shift", "an error event mid-answer, to a team", raw=Raw("error_object")),
    Stop("garbled_stream", "a chunk that is not JSON", "malformed"),
    Stop("odd_backend", "a chunk that this autogen-ext cannot read", raw=Raw("null_chunk")),
    Stop("early_break", "the application leaves the loop after three words"),
    Stop("stop_button", "the application cancels the run after a second", raw=Raw("clean", gap=0.15)),
)
HAS_SUCCESSOR = find_spec("agent_framework_openai") is not None
STOPS = tuple(stop for stop in _STOPS if HAS_SUCCESSOR or stop.name != "successor")
"""All of them, where Agent Framework is installed: it needs OpenTelemetry 1.39, and Lastchunk 1.37."""


def prepare(llmock: LLMockServer, models: ModelServer) -> dict[str, dict[str, str]]:
    """Tell both servers what to do; `model` and `base_url` for each stop, by name."""
    llmock.state.limiter = RateLimiter(LimitSettings(context_window=_CONTEXT_WINDOW))
    llmock.state.stream_chaos = StreamChaos(chunk_delay_ms=round(_PACE * 1000))
    for model, fault in _FAULTS.items():
        match = replace(fault.match, model=model)
        llmock.state.scenarios.add(replace(fault, times=None, match=match))
    # What llmock says where no other answer is scripted; a request that offers tools is answered by a call.
    llmock.state.scenarios.add(Reply(text=_ANSWER, times=None, match=Match(tools=False)))
    return {stop.name: {"model": stop.model, "base_url": _url(stop, llmock, models)} for stop in STOPS}


def _url(stop: Stop, llmock: LLMockServer, models: ModelServer) -> str:
    if stop.raw is None:
        return llmock.base_url("openai")
    return models.url(stop.raw.script, text=_ANSWER, wait=stop.raw.wait, gap=stop.raw.gap)
