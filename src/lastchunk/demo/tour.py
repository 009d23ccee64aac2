# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The stops of the tour, as data: which stream is shown, and what a server is told to do to it.

llmock plays the provider wherever it knows the ending; the raw-socket `ModelServer` plays those it does not know.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from llmock.chaos import StreamChaos
from llmock.ratelimit import LimitSettings, RateLimiter
from llmock.scenarios import Behavior, Fail, Match, Reply, SlowFirstToken, StreamFault, ToolFault
from llmock.testing import LLMockServer

from lastchunk.demo.model_server import ModelServer

STALL_AFTER = 2.0
"""Seconds of silence that count as a stall during the tour; the default of thirty would make it a long one."""

_LONGER_THAN_A_STALL = STALL_AFTER + 0.5
_NOT_REALLY_STREAMING = 5.5
_ANSWER = "Lisbon is sunny today, so take the tram up to the castle and stay there for the sunset over the river."
_HALF = "Lisbon is sunny today, so take the tram up to the castle and"
_PACE = 0.02


@dataclass(frozen=True, slots=True)
class Raw:
    """A script of `ModelServer` and the fields of its `Speech`."""

    script: str
    speech: dict[str, str | float] = field(default_factory=dict[str, str | float])


@dataclass(frozen=True, slots=True)
class Stop:
    """One stream of the tour. Its agent or team has this name; the bare SDK call asks for a model of this name."""

    name: str
    done: str
    """What was done to the stream, for a reader who has never seen it."""
    server: tuple[Behavior, ...] | Raw = ()
    """What llmock does with it, or a script of the raw-socket server. Without either, llmock just answers."""


STOPS: tuple[Stop, ...] = (
    Stop("travel_guide", "nothing: a tool is called, an answer is streamed"),
    Stop("newsroom", "nothing: a team of two, one after the other"),
    Stop("bare_sdk", "nothing: the openai SDK without AutoGen"),
    Stop(
        "silent_gateway",
        "the gateway ends the response after a few words, politely",
        (StreamFault("truncate", after_chunks=9),),
    ),
    Stop(
        "review_board",
        "the same, to the last speaker of a team",
        (StreamFault("truncate", after_chunks=9),),
    ),
    Stop("dropped_line", "the server drops the connection mid-answer", (StreamFault("disconnect", after_chunks=9),)),
    Stop(
        "idle_proxy",
        f"the model thinks for {_LONGER_THAN_A_STALL} s, and a proxy closes the idle connection",
        Raw("idle_then_close", {"wait": _LONGER_THAN_A_STALL}),
    ),
    Stop(
        "short_patience",
        f"the model stalls, and the client's read timeout of {_LONGER_THAN_A_STALL} s fires",
        (StreamFault("stall", after_chunks=6, stall_seconds=30.0),),
    ),
    Stop("no_stream", "the backend ignores stream=true and sends one JSON document", Raw("json_body")),
    Stop(
        "all_at_once",
        f"a proxy buffers the answer: silence for {_NOT_REALLY_STREAMING} s, then all of it",
        (SlowFirstToken(_NOT_REALLY_STREAMING),),
    ),
    Stop("broken_tool", "the tool raises an exception"),
    Stop("garbled_call", "the model sends tool arguments that are no JSON", (ToolFault("malformed_arguments"),)),
    Stop("long_answer", "the answer reaches the output limit", (Reply(text=_HALF, finish_reason="length"),)),
    Stop("long_history", "the conversation is longer than the context window"),
    Stop("filtered", "the content filter stops the answer", (Reply(text=_HALF, finish_reason="content_filter"),)),
    Stop("rate_limited", "the provider says 429", (Fail(429, retry_after=1.0),)),
    Stop("night_shift", "the provider sends an error event mid-answer, to a team", Raw("error_object")),
    Stop("garbled_stream", "a chunk arrives that is no JSON", (StreamFault("malformed", after_chunks=9),)),
    Stop("odd_backend", "the backend sends a chunk that this autogen-ext cannot read", Raw("null_chunk")),
    Stop("early_break", "the application leaves the loop after three words", ()),
    Stop("stop_button", "the application cancels the run after a second", Raw("clean", {"gap": 0.15})),
    Stop("bare_sdk_cut", "the gateway ends the response early, without AutoGen", (StreamFault("truncate", after_chunks=9),)),
)


def prepare(llmock: LLMockServer, models: ModelServer) -> dict[str, str]:
    """Tell both servers what to do at each stop; the base URL of each, by name."""
    llmock.state.limiter = RateLimiter(LimitSettings(context_window=2_000))
    llmock.state.stream_chaos = StreamChaos(chunk_delay_ms=round(_PACE * 1000))
    urls: dict[str, str] = {}
    for stop in STOPS:
        if isinstance(stop.server, Raw):
            speech = {"gap": _PACE, "text": _ANSWER, **stop.server.speech}
            urls[stop.name] = models.url(stop.server.script, **speech)
            continue
        for behavior in stop.server:
            match = replace(behavior.match, model=stop.name)
            llmock.state.scenarios.add(replace(behavior, times=None, match=match))
        urls[stop.name] = llmock.base_url("openai")
    # What llmock says where no other answer is scripted; requests that offer tools are answered by a call.
    llmock.state.scenarios.add(Reply(text=_ANSWER, times=None, match=Match(tools=False)))
    return urls
