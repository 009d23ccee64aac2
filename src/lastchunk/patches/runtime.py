# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The spans of AutoGen's runtime and tools: drops those of each streamed item, and removes content from the others.

AutoGen makes a create, a publish and a process span for each item that a team hands to its consumer, with the message's
body as an attribute. They are known by the topic they go to. Source: autogen_core/_single_threaded_agent_runtime.py and
autogen_core/_telemetry/_tracing.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from importlib.metadata import version
from types import ModuleType, TracebackType

from opentelemetry.trace import INVALID_SPAN, Span, StatusCode

from lastchunk import foreign, semconv
from lastchunk.own_errors import report
from lastchunk.patches.support.patching import Patch, Patcher, argument
from lastchunk.streams.passing_on import no_frame_of_ours
from lastchunk.streams.shapes import Args, Function, Kwargs

_OUTPUT_TOPIC = "output_topic_"
_MESSAGE = "message"
_OF_AN_ITEM: dict[str, object] = {}
"""Handed on as the attributes of a span that is not to be made; known by its identity."""

_publishes_item: ContextVar[bool] = ContextVar("lastchunk_publishes_item", default=False)
"""An item is handed to those who subscribed to it: how AutoGen 0.4, which gives no attributes, is told what to leave out."""


def _apply_runtime(module: ModuleType, patcher: Patcher) -> None:
    if patcher.settings.autogen_spans == "keep" or version("autogen-core").startswith("0.4."):
        return

    def attributes(wrapped: Function, instance: object, args: Args, kwargs: Kwargs) -> object:
        if _is_output(getattr(kwargs.get("message_context"), "topic_id", None)):
            return _of_an_item()
        return _without_message(wrapped(*args, **{**kwargs, _MESSAGE: None}))

    patcher.wrap(module.SingleThreadedAgentRuntime, "_create_otel_attributes", attributes)


async def _of_an_item() -> dict[str, object]:
    return _OF_AN_ITEM


async def _without_message(answer: Awaitable[dict[str, object]]) -> dict[str, object]:
    with no_frame_of_ours:
        attributes = await answer
    return {key: value for key, value in attributes.items() if key != _MESSAGE}


def _apply_tracing(module: ModuleType, patcher: Patcher) -> None:
    if patcher.settings.autogen_spans == "keep":
        return

    def trace_block(wrapped: Function, instance: object, args: Args, kwargs: Kwargs) -> object:
        operation = argument(args, kwargs, 0, "operation")
        if _is_output(argument(args, kwargs, 1, "destination")):
            return _publish() if operation == "publish" else nullcontext(INVALID_SPAN)
        attributes = kwargs.get("attributes")
        if attributes is _OF_AN_ITEM or (attributes is None and operation == "process" and _publishes_item.get()):
            return nullcontext(INVALID_SPAN)
        return WithoutText(wrapped(*args, **kwargs))

    patcher.wrap(module.TraceHelper, "trace_block", trace_block)


@contextmanager
def _publish() -> Generator[Span]:
    token = _publishes_item.set(True)
    try:
        yield INVALID_SPAN
    finally:
        _publishes_item.reset(token)


def _apply_tools(module: ModuleType, patcher: Patcher) -> None:
    if patcher.settings.autogen_spans == "keep" or not hasattr(module, "trace_tool_span"):
        return

    def trace_tool_span(wrapped: Function, _: object, args: Args, kwargs: Kwargs) -> object:
        return WithoutText(wrapped(*args, **kwargs))

    patcher.wrap(module, "trace_tool_span", trace_tool_span)


class WithoutText:
    """A span of AutoGen's that records only the class of an exception.

    AutoGen would add text and traceback, which are content.
    """

    def __init__(self, block: AbstractContextManager[Span]) -> None:
        self._block = block
        self._span: Span = INVALID_SPAN

    def __enter__(self) -> Span:
        self._span = self._block.__enter__()
        return self._span

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if kind is not None and issubclass(kind, Exception):
            try:
                self._span.set_attribute(semconv.ERROR_TYPE, foreign.text(type(error).__name__))
                self._span.set_status(StatusCode.ERROR)
            except Exception as exc:
                report("handling a span of AutoGen", exc)
        self._block.__exit__(None, None, None)
        return False


def _is_output(topic: object) -> bool:
    kind = getattr(topic, "type", None)
    return isinstance(kind, str) and kind.startswith(_OUTPUT_TOPIC) and hasattr(topic, "source")


PATCHES = (
    Patch("autogen-core", ">= 0.4.9, < 0.8", "autogen_core._single_threaded_agent_runtime", _apply_runtime),
    Patch("autogen-core", ">= 0.4.9, < 0.8", "autogen_core._telemetry._tracing", _apply_tracing),
    Patch("autogen-core", ">= 0.4.9, < 0.8", "autogen_core.tools._base", _apply_tools),
    Patch("autogen-ext", ">= 0.4.9, < 0.8", "autogen_ext.tools.mcp._workbench", _apply_tools),
)
