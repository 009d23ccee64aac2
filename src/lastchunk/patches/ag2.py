# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The turns of AG2 1.x (`Agent.ask`, `Agent.run`), where AG2's TelemetryMiddleware makes its `invoke_agent` span.

A turn is no stream for the application, but a stream below it may be cut, and AG2 hands out half an answer as a whole one: the
turn takes that stream's ending, on AG2's own span. Behind a client whose SDK is not patched, AG2's own finish reason decides.
Source: ag2/middleware/builtin/telemetry.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

from opentelemetry import trace

from lastchunk import semconv
from lastchunk.own_errors import report
from lastchunk.patches.support.patching import Patch, Patcher
from lastchunk.semconv import ChunkKind, Operation
from lastchunk.streams.nesting import current_stream
from lastchunk.streams.observer import Observer
from lastchunk.streams.passing_on import no_frame_of_ours, passed_on
from lastchunk.streams.record import StreamRecord
from lastchunk.streams.shapes import Args, Function, Kwargs
from lastchunk.streams.start import Start
from lastchunk.telemetry.lent_spans import LentSpan

Turn = Callable[[object, object], Awaitable[object]]

_ALWAYS_SAY_FINISH = frozenset({"bedrock", "dashscope", "xai", "zai"})
"""Providers whose SDKs are not patched. They send a finish reason with every answer: one without it was cut."""


def _apply(module: ModuleType, patcher: Patcher) -> None:
    def on_turn(wrapped: Function, middleware: object, args: Args, kwargs: Kwargs) -> object:
        if not args:
            return wrapped(*args, **kwargs)
        call_next: Any = args[0]
        return wrapped(_within(patcher, middleware, call_next), *args[1:], **kwargs)

    def on_llm_call(wrapped: Function, middleware: object, args: Args, kwargs: Kwargs) -> object:
        if not args:
            return wrapped(*args, **kwargs)
        call_next: Any = args[0]
        return wrapped(_model_asked(patcher, call_next), *args[1:], **kwargs)

    patcher.wrap(module._TelemetryMiddlewareInstance, "on_turn", on_turn)
    patcher.wrap(module._TelemetryMiddlewareInstance, "on_llm_call", on_llm_call)


def _within(patcher: Patcher, middleware: object, call_next: Turn) -> Turn:
    """Await the rest of the turn, which AG2 calls with its span as the current one."""

    async def turn(event: object, context: object) -> object:
        observer = Observer(patcher.streams, lambda: _describe(middleware), _on_item)
        observer.begin()
        record = observer.record
        if record is None:
            with no_frame_of_ours:
                return await call_next(event, context)
        observer.step_begins()
        try:
            with patcher.streams.visit(record):
                response = await call_next(event, context)
        except BaseException as error:
            observer.failed(error)
            passed_on(error)
            raise
        observer.item(response)
        observer.exhausted()
        return response

    return turn


def _model_asked(patcher: Patcher, call_next: Turn) -> Turn:
    """Await the answer of a model, and tell the turn how it ended, unless a patched SDK has done that."""

    async def ask(events: object, context: object) -> object:
        before = _last_model()
        try:
            response = await call_next(events, context)
        except BaseException as error:
            _tell(patcher, before, None, error)
            passed_on(error)
            raise
        _tell(patcher, before, response, None)
        return response

    return ask


def _last_model() -> object:
    around = current_stream()
    return around.inner.last_model if around is not None else None


def _tell(patcher: Patcher, before: object, response: object, error: BaseException | None) -> None:
    try:
        if _last_model() is before:
            finish, provider = getattr(response, "finish_reason", None), getattr(response, "provider", None)
            patcher.streams.model_answered(
                finish if isinstance(finish, str) else "", error, finish_is_due=provider in _ALWAYS_SAY_FINISH
            )
    except Exception as exc:
        report("reading the answer of a model", exc)


def _describe(middleware: object) -> Start:
    name = getattr(middleware, "_agent_name", None)
    return Start(
        operation=Operation.INVOKE_AGENT,
        subject=id(middleware),
        name=name if isinstance(name, str) else "",
        attributes={
            semconv.PROVIDER_NAME: getattr(middleware, "_provider_name", None),
            semconv.REQUEST_MODEL: getattr(middleware, "_model_name", None),
        },
        may_be_silent=True,
        library_span=True,
        lent_span=LentSpan(trace.get_current_span()),
    )


def _on_item(record: StreamRecord, response: object, now: float, gap: float) -> None:
    """Read the turn's only item, which is its answer."""
    record.chunk(ChunkKind.MESSAGE, 0, now, gap)
    record.result(gap, arrived=True)


PATCHES = (Patch("ag2", ">= 1.0, < 2", "ag2.middleware.builtin.telemetry", _apply),)
