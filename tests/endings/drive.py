# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Performs rows, bare and instrumented, many at a time in one loop; what each stage saw and what was exported is kept."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import io
import logging
import sys
import time
import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from autogen_core import CancellationToken
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider

from lastchunk import own_errors as guard
from lastchunk import semconv
from lastchunk.instrumentor import AutoGenStreamsInstrumentor
from lastchunk.model_server.server import ModelServer
from lastchunk.streams import open_streams
from tests.endings.sources import SOURCES
from tests.endings.stage import Stage, current, name_of, steady
from tests.endings.ways import SCRIPTS, STALL_AFTER, WAYS, Way

AT_ONCE = 6
"""Rows under way at the same time: more would measure the machine's load instead of the silence of a stream …"""
WAITING_AT_ONCE = 40
"""… but for those that mostly wait."""
GUARD = 20.0
"""Seconds after which a row hangs."""
CHANCES = 3
"""How often a row that fails is performed again: on a busy machine everything may take too long."""
LATE = 0.25
"""Seconds by which a timer of the loop may be late. More, and the machine had no time for the rows that were under way."""

Case = tuple[str, str]


@dataclass
class Performance:
    """The results of some cases, all bare or all instrumented."""

    stages: dict[Case, Stage] = field(default_factory=dict[Case, Stage])
    spans: list[ReadableSpan] = field(default_factory=list[ReadableSpan])
    """Everything that was exported, ours and AutoGen's."""
    traces: dict[int, list[ReadableSpan]] = field(default_factory=dict[int, list[ReadableSpan]])
    """The same by trace; each case has one."""
    unraisable: list[str] = field(default_factory=list[str])
    open: int = 0
    """Streams that are open at the end."""
    failures: list[str] = field(default_factory=list[str])
    """Where our own code failed."""
    late: list[float] = field(default_factory=list[float])
    """The moments at which a timer of the loop was late (`LATE`)."""

    def was_late(self, case: Case) -> bool:
        """While this case was under way, the machine had no time for it: what it shows is then the machine's doing."""
        began, ended = self.stages[case].lasted
        return any(began <= moment <= ended for moment in self.late)

    def exported(self, case: Case) -> list[ReadableSpan]:
        """Every span of one case, ours and AutoGen's."""
        if not self.traces:
            for span in self.spans:
                self.traces.setdefault(span.context.trace_id, []).append(span)
        return self.traces.get(self.stages[case].root.get_span_context().trace_id, [])

    def streams(self, case: Case) -> list[ReadableSpan]:
        """Our spans of one case, in the order in which they began."""
        return sorted(filter(is_ours, self.exported(case)), key=lambda span: span.start_time or 0)


def is_ours(span: ReadableSpan) -> bool:
    """The span is a stream, whether we made it or wrote the ending into a library's."""
    return semconv.TERMINATION_REASON in (span.attributes or {})


def is_lent(span: ReadableSpan) -> bool:
    """The library made it."""
    return span.instrumentation_scope is None or span.instrumentation_scope.name != semconv.SCOPE


class _Collector(SpanProcessor):
    """Keeps the spans that end while a performance is on."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] | None = None

    def on_end(self, span: ReadableSpan) -> None:
        if self.spans is not None:
            self.spans.append(span)


_collector = _Collector()


@cache
def provider() -> TracerProvider:
    """The global provider, which AutoGen's own spans go to; an SDK's, whoever set it."""
    given = trace.get_tracer_provider()
    if not isinstance(given, TracerProvider):
        given = TracerProvider()
        trace.set_tracer_provider(given)
    given.add_span_processor(_collector)
    return given


@contextlib.contextmanager
def instrumented(active: bool = True, **providers: Any) -> Iterator[None]:
    """Lastchunk is on, with the thresholds of this matrix; or off."""
    if not active:
        yield
        return
    instrumentor = AutoGenStreamsInstrumentor()
    instrumentor.instrument(tracer_provider=provider(), stall_after=STALL_AFTER, **providers)
    try:
        yield
    finally:
        instrumentor.uninstrument()


def perform(
    cases: Iterable[Case],
    *,
    observed: bool,
    new_loop: Callable[[], asyncio.AbstractEventLoop] | None = None,
    **providers: Any,
) -> Performance:
    """Perform `cases`, each on a stage of its own. `providers` take the metrics and log events, if somebody wants them."""
    performance = Performance()
    tracer = provider().get_tracer("application")
    _collector.spans = performance.spans
    try:
        with ModelServer(SCRIPTS) as server, watched(performance), instrumented(observed, **providers):
            with asyncio.Runner(loop_factory=new_loop) as runner:
                runner.run(_perform_all(list(dict.fromkeys(cases)), performance, server, tracer))
            gc.collect()
            gc.freeze()  # Libraries that rows have imported, and what is kept: rows that collect garbage need not look there.
            open_streams.drain()
            performance.open = len(open_streams.open_streams())
            performance.failures = sorted({place for place, _ in guard._reported})
            guard._reported.clear()
    finally:
        _collector.spans = None
    return performance


async def _perform_all(cases: list[Case], performance: Performance, server: ModelServer, tracer: trace.Tracer) -> None:
    loop = asyncio.get_running_loop()
    loop.set_task_factory(_attributed_task)
    loop.set_exception_handler(lambda _, context: performance.unraisable.append(_described(context)))
    waiting, working = asyncio.Semaphore(WAITING_AT_ONCE), asyncio.Semaphore(AT_ONCE)

    begins = asyncio.Lock()

    async def one(case: Case) -> None:
        timed = WAYS[case[1]].timed
        async with waiting if timed else working:
            if timed:
                async with begins:
                    await asyncio.sleep(0.02)  # one after the other, or they slow each other down in step
            performance.stages[case] = stage = stage_of(WAYS[case[1]], server)
            began = time.monotonic()
            with stage.on(tracer):
                await play(stage, case)
                await _settled(stage)
            stage.lasted = began, time.monotonic()

    # The longest first, so that they do not stand alone at the end; and nothing works beside those that are timed.
    cases.sort(key=lambda case: -float(WAYS[case[1]].speech.get("wait", 0)))
    watch = asyncio.create_task(_watch_timers(performance))
    for timed in (True, False):
        await asyncio.gather(*(one(case) for case in cases if WAYS[case[1]].timed is timed))
    watch.cancel()
    gc.collect()
    await asyncio.sleep(0.1)
    for stage in performance.stages.values():
        tasks = [reference() for reference in stage.tasks]
        stage.pending = sorted(_coroutine_of(task) for task in tasks if task is not None and not task.done())
        stage.kept.clear()
    for stage in performance.stages.values():
        for close in stage.closing:
            await close()
    gc.collect()
    await asyncio.sleep(0.05)


async def _watch_timers(performance: Performance) -> None:
    """Set a timer again and again, and note when one is late."""
    while True:
        due = time.monotonic() + LATE / 5
        await asyncio.sleep(LATE / 5)
        if time.monotonic() - due > LATE:
            performance.late += [due, time.monotonic()]


def stage_of(way: Way, server: ModelServer) -> Stage:
    """The stage for one way."""
    script = way.says() if callable(way.says) else way.says
    return Stage(way.url(server), way.timeout, script, token=CancellationToken(), **way.stage)


async def play(stage: Stage, case: Case) -> None:
    """The application opens the stream and does with it what the way says; nothing is raised."""
    source, way = SOURCES[case[0]], WAYS[case[1]]
    try:
        async with asyncio.timeout(GUARD) as guard:
            try:
                await way.consume(stage, lambda: source(stage))
            except BaseException as error:
                if guard.expired() or not isinstance(error, Exception | asyncio.CancelledError):
                    raise
                stage.raised(error)
    except TimeoutError:
        stage.errors.append("hangs: ")
    stage.look_around()


async def _settled(stage: Stage) -> None:
    """What the stage left behind has a moment to end; a stream that was let go is closed on the loop."""
    until = time.monotonic() + 1.0
    await asyncio.sleep(0.01)
    while time.monotonic() < until:
        if not any(task is not None and not task.done() for task in (reference() for reference in stage.tasks)):
            return
        await asyncio.sleep(0.02)


def _attributed_task(loop: Any, coroutine: Any, **kwargs: Any) -> Any:
    task = asyncio.Task(coroutine, loop=loop, **kwargs)
    stage = current.get()
    if stage is not None:
        stage.tasks.append(weakref.ref(task))
    return task


def _coroutine_of(task: asyncio.Task[Any]) -> str:
    return str(getattr(task.get_coro(), "__qualname__", task.get_coro())).replace("Observed", "")


# -- what the interpreter says ---------------------------------------------------------------------------------------


class _Logs(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        stage = current.get()
        line = f"{record.name} {record.levelname} {steady(record.getMessage().partition(chr(10))[0])[:60]}"
        if stage is not None:
            stage.logs.append(line)


@contextlib.contextmanager
def watched(performance: Performance) -> Iterator[None]:
    """Warnings and log records go to their stage; what nobody can raise is kept."""
    root, hook = logging.getLogger(), sys.unraisablehook
    handlers, root.handlers = root.handlers, [_Logs(logging.WARNING)]
    sys.unraisablehook = lambda unraisable: performance.unraisable.append(_unraisable(unraisable))

    def showwarning(message: Warning | str, category: type[Warning], *rest: Any) -> None:
        if issubclass(category, ResourceWarning):
            return  # of sockets whose client nobody closed: AutoGen does not, and when they die is chance
        stage = current.get()
        line = f"{category.__name__}: {str(message).partition(chr(10))[0]}"
        (stage.warnings if stage is not None else performance.unraisable).append(line)

    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):  # `Console` prints
            warnings.simplefilter("always")
            warnings.showwarning = showwarning
            yield
    finally:
        sys.unraisablehook = hook
        root.handlers = handlers


def _unraisable(unraisable: Any) -> str:
    error = unraisable.exc_value
    return f"{unraisable.err_msg or 'unraisable'}: {name_of(type(error))}{_ours(error)}"


def _described(context: dict[str, Any]) -> str:
    error = context.get("exception")
    message = str(context.get("message", "")).partition("<")[0].strip()
    task = context.get("future")
    if isinstance(task, asyncio.Task) and type(task.get_coro()).__name__ == "async_generator_athrow":
        # A forgotten generator is closed by a task while its loop runs, and by the loop when that ends.
        message = "an error occurred during closing of asynchronous generator"
    return f"{message}: {name_of(type(error))}{_ours(error)}"


def _ours(error: BaseException | None) -> str:
    """Names the module of ours that the traceback passes through, if any."""
    traceback = error.__traceback__ if error is not None else None
    while traceback is not None:
        name = str(traceback.tb_frame.f_globals.get("__name__", ""))
        if name.startswith("lastchunk.") and not name.startswith("lastchunk.demo"):
            return f" through {name}"
        traceback = traceback.tb_next
    return ""
