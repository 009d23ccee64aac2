# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Leaves out AutoGen's own `invoke_agent` span where Lastchunk has a span for the same invocation.

AutoGen asks for one in `run`, in `run_stream`, and in a team right before an agent's turn, and gives no more than the agent's
name, which other agents may have, too: so the agent is found where it is asked. Source: autogen_agentchat/agents/
_base_chat_agent.py and autogen_agentchat/teams/_group_chat/_chat_agent_container.py.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext, suppress
from contextvars import ContextVar
from types import FrameType, ModuleType
from typing import Any

from opentelemetry.trace import INVALID_SPAN

from lastchunk.patches.runtime import WithoutText
from lastchunk.patches.support.fields import field
from lastchunk.patches.support.patching import Patcher
from lastchunk.streams.nesting import current_stream
from lastchunk.streams.record import StreamRecord
from lastchunk.streams.shapes import Args, Function, Kwargs
from lastchunk.streams.start import Start

SpanOf = Callable[[Patcher, object, Callable[[], object]], object]
"""Gives the span for whoever asks for one (the `self` of the method that does), given what makes AutoGen's."""


class _Run:
    """An agent's `run` that is under way. The stream that it may use within is no invocation of its own."""

    __slots__ = ("agent", "around")

    def __init__(self, agent: object, around: StreamRecord | None) -> None:
        self.agent = agent
        self.around = around
        """The stream that the run began in."""

    def over(self) -> None:
        """Drop all references: a task that was started within may live for ever."""
        self.agent = self.around = None


_run: ContextVar[_Run | None] = ContextVar("lastchunk_run", default=None)
"""The innermost `run` of an agent that is under way."""


def wrap_spans(module: ModuleType, patcher: Patcher, span_of: SpanOf) -> None:
    """Let `span_of` decide about the spans that `module` asks for. AutoGen 0.4 asks for none."""
    if not hasattr(module, "trace_invoke_agent_span"):
        return

    def span(wrapped: Function, _: object, args: Args, kwargs: Kwargs) -> object:
        def of_autogen() -> object:
            made = wrapped(*args, **kwargs)
            return made if patcher.settings.autogen_spans == "keep" else WithoutText(made)

        if not patcher.streams.observes():
            return of_autogen()
        return span_of(patcher, _who_asks(module), of_autogen)

    patcher.wrap(module, "trace_invoke_agent_span", span)


def of_a_run(patcher: Patcher, agent: object, of_autogen: Callable[[], object]) -> object:
    """`run_stream` opens AutoGen's span right after ours began; `run` does too, where there is no stream of ours."""
    record = current_stream()
    if record is None or not record.replaces_span or record.start.subject != id(agent):
        return _without_stream(_Run(agent, record), of_autogen())
    record.replaces_span = False
    ours = patcher.settings.autogen_spans != "keep" and patcher.streams.telemetry.enabled()
    return nullcontext(INVALID_SPAN) if ours else of_autogen()


def of_a_turn(
    patcher: Patcher, container: object, start: Callable[[object], Start], of_autogen: Callable[[], object]
) -> object:
    """A team opens AutoGen's span right before the turn's stream begins: whether one will is to be known here.

    `start` says whose invocation the turn of an agent is.
    """
    agent = field(container, "_agent")
    if patcher.settings.autogen_spans == "keep" or not patcher.observes(agent, "on_messages_stream"):
        return of_autogen()
    if is_part_of_run(agent) or not patcher.streams.would_emit(start(agent)):
        return of_autogen()
    return nullcontext(INVALID_SPAN)


def is_part_of_run(agent: object) -> bool:
    """Whether the agent's turn belongs to its own `run`."""
    run = _run.get()
    return run is not None and run.agent is agent and run.around is current_stream()


@contextmanager
def _without_stream(run: _Run, span: Any) -> Generator[Any]:
    token = _run.set(run)
    try:
        with span as made:
            yield made
    finally:
        run.over()
        # A `run_stream` that is no stream of ours may be closed in another context than that of its begin.
        with suppress(ValueError):
            _run.reset(token)


def _who_asks(module: ModuleType) -> object:
    """Return the object whose method, in `module`, asks for the span."""
    frame: FrameType | None = sys._getframe()  # pyright: ignore[reportPrivateUsage]  # as the logging of Python does
    while frame is not None and frame.f_globals is not vars(module):
        frame = frame.f_back
    return frame.f_locals.get("self") if frame is not None else None
