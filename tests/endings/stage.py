# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Where one stream is performed: what its source needs, and everything that the application sees of it."""

from __future__ import annotations

import asyncio
import re
import weakref
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from typing import Any

from autogen_core import CancellationToken
from opentelemetry import trace
from opentelemetry.context import attach, detach
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.trace import Span
from pydantic import BaseModel

SECRET = "s3cr3t"
"""Stands in every prompt, answer, tool argument and error text, and may stand in nothing that is exported."""

OF_A_HANDLER = "lastchunk_web_client"
"""The one context variable of ours that a consumer may meet: a handler of a WebSocket has it before any stream begins."""

current: ContextVar[Stage | None] = ContextVar("stage", default=None)
"""The stage that a warning, a log record or a new task belongs to."""

_CHANGING = re.compile(
    r"chatcmpl-\d+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z?"
    r"|received \d+ bytes|column \d+ \(char \d+\)|0x[0-9a-f]+|127\.0\.0\.1:\d+"
)
"""What differs from run to run: ids, times, addresses."""


def steady(text: str) -> str:
    """`text` without what differs from run to run; of a text with a traceback, only the first line."""
    return _CHANGING.sub("*", text.partition("\nTraceback")[0])


def name_of(kind: type) -> str:
    """The name of a class, with its package unless that is `builtins`."""
    package = kind.__module__.partition(".")[0]
    return kind.__name__ if package == "builtins" else f"{package}.{kind.__name__}"


@dataclass(eq=False)
class Stage:
    """One performance of one row."""

    url: str = ""
    timeout: float = 0.0
    """Of the client, in seconds."""
    script: Any = None
    """What a client without a server says."""
    tools: tuple[Any, ...] = ()
    options: dict[str, Any] = field(default_factory=dict[str, Any])
    """Further arguments of the agent."""
    token: CancellationToken | None = None
    root: Any = None
    """The span that the application has around it."""
    items: list[str] = field(default_factory=list[str])
    last: str = "nothing"
    errors: list[str] = field(default_factory=list[str])
    """The exception and its causes, by class, and the first line of each text."""
    left: str = ""
    """How the consumer left, if it did."""
    warnings: list[str] = field(default_factory=list[str])
    logs: list[str] = field(default_factory=list[str])
    strangers: list[str] = field(default_factory=list[str])
    """Spans and context variables that the consumer met between two items, and that are not its own."""
    tasks: list[weakref.ref[asyncio.Task[Any]]] = field(default_factory=list[weakref.ref["asyncio.Task[Any]"]])
    pending: list[str] = field(default_factory=list[str])
    closing: list[Callable[[], Awaitable[None]]] = field(default_factory=list[Callable[[], Awaitable[None]]])
    """Closes what was opened for this stage."""
    kept: list[Any] = field(default_factory=list[Any])
    """References that the application keeps."""
    lasted: tuple[float, float] = (0.0, 0.0)
    """When it began and ended, by `time.monotonic`."""

    def saw(self, item: Any) -> None:
        """The application got an item."""
        self.last = name_of(type(item)).rpartition(".")[2]
        text = item.model_dump_json() if isinstance(item, BaseModel) else repr(item)
        self.items.append(f"{name_of(type(item))} {steady(text)}")
        self.look_around()

    def look_around(self) -> None:
        """The application's own span is the current one, and nothing of ours is in its context."""
        span = trace.get_current_span()
        if span is not self.root:
            self.strangers.append(f"span {span.name}" if isinstance(span, Span) else repr(span))
        ours = {variable.name for variable in copy_context() if variable.name.startswith("lastchunk")}
        self.strangers += ours - {OF_A_HANDLER}

    def raised(self, error: BaseException) -> None:
        """The application got an exception."""
        link: BaseException | None = error
        while link is not None:
            self.errors.append(f"{name_of(type(link))}: {steady(str(link))}")
            link = link.__cause__

    @property
    def sees(self) -> str:
        """What the application saw, in the words of the table."""
        if self.errors:
            return f"{len(self.items)} raises {self.errors[0].partition(':')[0]}"
        return f"{len(self.items)} {self.left or self.last}"

    @contextmanager
    def unobserved(self) -> Iterator[None]:
        """What a row does to prepare itself is no stream of it."""
        with suppress_instrumentation():
            yield

    @contextmanager
    def on(self, tracer: trace.Tracer) -> Iterator[None]:
        """Everything in here belongs to this stage."""
        token = current.set(self)
        self.root = tracer.start_span("application")
        attached = attach(trace.set_span_in_context(self.root))
        try:
            yield
        finally:
            detach(attached)
            self.root.end()
            current.reset(token)
