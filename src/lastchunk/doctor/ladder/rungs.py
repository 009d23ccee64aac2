# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Runs one rung: sends the request through that layer, and reads the answer to its end."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

from lastchunk.doctor.ladder.observe import Observed
from lastchunk.doctor.ladder.provider_sdks import Request
from lastchunk.doctor.ladder.refusal import NoAnswer
from lastchunk.doctor.ladder.runs import Run, Rung, Seen, from_answer, from_error, from_span
from lastchunk.doctor.ladder.subject import Question, Subject
from lastchunk.doctor.ladder.tools import NOT_RUN
from lastchunk.patches.support.chat_completions import error_in

Reader = Callable[[Any, Seen], str]
"""Notes what it knows of an item, and returns the item's text."""


LITELLM = "LiteLLM"


class Unobserved(Exception):
    """Raised for a stream that Lastchunk does not instrument. The message is a clause that says why."""


class Rungs:
    """The rungs of one subject, each with the same question.

    A model gets `patience` seconds to begin its answer. An answer in one piece also gets the time that its stream took.
    """

    def __init__(
        self, subject: Subject, question: Question, prompt: str, observed: Observed, patience: float | None = None
    ) -> None:
        self._patience = patience
        self._streamed_for = 0.0
        self._subject = subject
        self._question = question
        self._prompt = prompt
        self._observed = observed
        self._calls: Sequence[Any] = ()
        """The tool calls with which the model client's last stream ended."""

    async def create(self, number: int, request: Request | None) -> Run:
        """Rung 1: the answer in one piece, from the SDK; from the model client if no SDK request is known."""
        seen, began, refused = Seen(framework=self._subject.framework), time.monotonic(), None
        limit = None if self._patience is None else self._patience + self._streamed_for
        try:
            async with _patient(limit):
                if request is not None:
                    whole = await request.whole()
                    answer, refused = request.sdk.answer(whole), _error_in(whole)
                else:
                    client, question = self._subject.client, self._question
                    answer = _answer(await client.create(question.messages, **question.arguments))
        except Exception as error:
            seen.duration = _since(began)
            return from_error(Rung.CREATE, number, error, seen)
        seen.duration = _since(began)
        return from_answer(number, answer, seen, refused)

    async def sdk_stream(self, number: int, request: Request) -> Run:
        """Rung 2: the SDK's own stream."""
        return await self._read(Rung.SDK_STREAM, number, request.stream, lambda item, seen: request.sdk.text(item))

    async def create_stream(self, number: int) -> Run:
        """Rung 3: the model client's stream."""
        client, question = self._subject.client, self._question
        self._calls = ()

        def read(item: Any, seen: Seen) -> str:
            text = _of_client(item, seen)
            self._calls = seen.calls
            return text

        run = await self._read(
            Rung.CREATE_STREAM,
            number,
            lambda: client.create_stream(question.messages, **question.arguments),
            read,
        )
        self._streamed_for = run.duration if run.characters else 0.0
        return run

    def calls_answered(self) -> bool:
        """Answer the model's tool calls, so that the rungs below the agent get the text that follows. False if there are none.

        The tools are not run, and the answers say so.
        """
        from autogen_core.models import AssistantMessage, FunctionExecutionResult, FunctionExecutionResultMessage

        if not self._calls:
            return False
        results = [
            FunctionExecutionResult(content=NOT_RUN, name=call.name, call_id=call.id, is_error=False)
            for call in self._calls
        ]
        messages = [
            *self._question.messages,
            AssistantMessage(content=[*self._calls], source="assistant"),
            FunctionExecutionResultMessage(content=results),
        ]
        self._question, self._calls = Question(messages, self._question.arguments), ()
        return True

    async def agent(self, number: int) -> Run:
        """Rung 4: the agent's run."""
        return await self._read(Rung.AGENT, number, lambda: self._run(self._subject.agent), _Messages())

    async def team(self, number: int) -> Run:
        """Rung 5: the team's run."""
        return await self._read(Rung.TEAM, number, lambda: self._run(self._subject.team), _Messages())

    async def _run(self, runs: Any) -> Any:
        await self._subject.reset()
        return runs.run_stream(task=self._prompt)

    async def _read(self, rung: Rung, number: int, opened: Callable[[], Any], read: Reader) -> Run:
        seen, failed = Seen(framework=self._subject.framework), None
        self._observed.clear()
        began = time.monotonic()
        try:
            async with _patient(self._patience if rung < Rung.AGENT else None) as waiting:
                stream = opened()
                if inspect.isawaitable(stream):
                    stream = await stream
                seen.gateway = _gateway(stream)
                async for item in stream:
                    waiting.reschedule(None)
                    if text := read(item, seen):
                        seen.characters += len(text)
                        if seen.first is None:
                            seen.first = _since(began)
        except Exception as error:
            failed = error
        seen.duration = _since(began)
        span = self._observed.outermost()
        if span is not None and not isinstance(failed, NoAnswer):
            return from_span(rung, number, span, seen, failed, self._observed.model_streams())
        if failed is None:
            raise Unobserved(
                f"Lastchunk does not instrument the class that gives this stream ({type(self._subject.client).__name__})"
            )
        return from_error(rung, number, failed, seen)


@asynccontextmanager
async def _patient(limit: float | None) -> AsyncGenerator[asyncio.Timeout]:
    """Raise `NoAnswer` after `limit` seconds, unless the limit is lifted before."""
    waiting = asyncio.timeout(limit)
    try:
        async with waiting:
            yield waiting
    except TimeoutError as error:
        if waiting.expired():
            raise NoAnswer from error
        raise


def _gateway(stream: Any) -> str:
    """`LiteLLM` if its headers are in the response, else empty."""
    headers = getattr(getattr(stream, "response", None), "headers", None) or ()
    return LITELLM if any(str(name).lower().startswith("x-litellm") for name in headers) else ""


def _since(began: float) -> float:
    return round(time.monotonic() - began, 6)


def _of_client(item: Any, seen: Seen) -> str:
    if isinstance(item, str):
        return item
    seen.reported = str(getattr(item, "finish_reason", ""))
    content = getattr(item, "content", None)
    seen.calls = cast("list[Any]", content) if isinstance(content, list) else ()
    return ""


def _error_in(whole: Any) -> object:
    """An error that stands where the answer should be, although the status was 200; None if there is none."""
    first = whole[0] if isinstance(whole, list) and whole else whole
    return error_in(first, getattr(first, "choices", None))


def _answer(result: Any) -> tuple[str, str, bool]:
    content = getattr(result, "content", "")
    finish = str(getattr(result, "finish_reason", ""))
    return content if isinstance(content, str) else "", "" if finish == "unknown" else finish, isinstance(content, list)


class _Messages:
    """Reads the items of a run: chunks of text, or whole messages where none came before."""

    def __init__(self) -> None:
        self._chunks: set[str] = set()
        """The sources that stream."""

    def __call__(self, item: Any, seen: Seen) -> str:
        content, source = getattr(item, "content", None), str(getattr(item, "source", ""))
        if not isinstance(content, str):
            return ""
        if getattr(item, "type", "") == "ModelClientStreamingChunkEvent":
            self._chunks.add(source)
            return content
        return "" if source in self._chunks or source == "user" else content
