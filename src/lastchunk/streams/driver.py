# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Drives a library's generator (*inner*) from a generator of Lastchunk's (*outer*), which the application receives.

Outer is a real generator, so that each step of it is Python's own object: what is not a step's turn is refused by Python
itself, with its own exception, text and time, in every version. Outer's only duty is to stand where inner stands:

=============  ==================  ==================  ==================================================================
state          outer stands at     inner stands at     what can come, and what outer does with it
=============  ==================  ==================  ==================================================================
new            its start           its start           a value: the stream begins, inner takes its first step → under way;
                                                       an exception: Python ends outer, inner never runs → over
under way      its call of inner   any line            inner gives an item → item given; it waits → waiting; it ends or
                                                       raises → over
waiting        `await`             `await`             a value: handed to inner → under way; an exception: thrown into
                                                       inner's step → under way
item given     `yield`             `yield`             a value: inner's next step → under way; an exception: thrown into
                                                       inner by a step of its own → under way
over           its end             its end             nothing: Python refuses
=============  ==================  ==================  ==================================================================

Each step of inner runs in the stream's private context, so that its span is current for everything that the stream calls and
never for the consumer. Only outer calls inner, so nothing else can move inner out of outer's place.
"""

from __future__ import annotations

import asyncio
import sys
import types
from collections.abc import Awaitable, Callable
from typing import Any
from weakref import ref

from lastchunk.own_errors import report
from lastchunk.streams.not_begun import NotBegun, Thrown, Waits
from lastchunk.streams.observer import ITEM, Observer
from lastchunk.streams.passing_on import passed_on
from lastchunk.streams.shapes import AsyncItems, Function, Items
from lastchunk.streams.tap import Tap

Finalizer = Callable[[AsyncItems], None]
"""Called with an async generator when the last reference to it is dropped."""


async def driven(inner: AsyncItems, observer: Observer | Tap, stand_in: StandIn) -> AsyncItems:
    """Outer, for an async generator; every line in the loop is paid per chunk."""
    observer.begin()
    # An item lies behind four that are none: so the list neither asks for memory nor gives it back when one comes and goes.
    items: list[object] = [None] * 4
    run, ask = observer.run, _ask(inner)
    send: Any = observer.watch(items)
    asked: Any = unannounced(inner, _leave_alone)
    wait: Callable[[object], Awaitable[object]] = _wait
    thrown: BaseException | None
    left = False
    try:
        while True:
            got = run(send, asked)
            while got is not ITEM:
                try:
                    value = await wait(got)
                except BaseException as error:
                    thrown = _arrived(error)
                else:
                    got = run(send, value)
                    continue
                # Not through `watch`: what a generator delegates to is closed by a GeneratorExit, and never sees it.
                try:
                    if send.__self__.gi_frame is None:
                        raise thrown  # Garbage collection found outer in a cycle, and has closed `watch` and inner's step.
                    got = run(asked.throw, thrown)
                except StopIteration as stop:
                    items.append(stop.value)
                    got = ITEM
                finally:
                    thrown = None
                if got is ITEM:
                    observer.item(items[-1])
                    send = observer.watch(items)
            left = False
            try:
                sent = yield items.pop()
            except BaseException as error:
                thrown = _arrived(error)
            else:
                asked = ask(sent)
                continue
            # The cancel of a step that had not begun reaches inner where it stands, as it reaches any generator.
            left = observer.close_asked or not issubclass(type(thrown), asyncio.CancelledError)
            if issubclass(type(thrown), GeneratorExit):
                stand_in.over(thrown, left)
            # If garbage collection found outer in a cycle, it has closed `watch`, too.
            send = observer.watch(items)
            if stand_in.step_began():
                asked = Thrown(inner.athrow(thrown))
            else:
                asked = NotBegun(inner, thrown)
                wait = asked.wait
            thrown = None
    except StopAsyncIteration:
        stand_in.over(None, left)
    except BaseException as error:
        stand_in.over(error, left)
        passed_on(error)
        raise
    finally:
        asked, wait = None, _wait  # It may hold the exception, whose traceback holds this frame.


def driven_sync(inner: Items, observer: Observer | Tap, stand_in: StandIn) -> Items:
    """Yield from inner, a generator that is not async. Nothing waits, and no loop is told."""
    observer.begin()
    run = observer.run
    resume: Function = inner.send
    given: object = None
    left = False
    try:
        while True:
            observer.step_begins()
            item = run(resume, given)
            given, left = None, False
            observer.item(item)
            items = [item]
            del item
            try:
                given = yield items.pop()
            except BaseException as error:
                given = _arrived(error)
                resume, left = inner.throw, True
                if issubclass(type(error), GeneratorExit):
                    stand_in.over(error, left)
            else:
                resume = inner.send
    except StopIteration as stop:
        stand_in.over(None, left)
        return stop.value
    except BaseException as error:
        stand_in.over(error, left)
        passed_on(error)
        raise
    finally:
        given = None


class StandIn:
    """Stands for an outer generator in its loop's list of those to close, and says how its stream ended.

    Outer's frame holds it: when it dies, the stream is over, however that came.
    """

    __slots__ = ("__weakref__", "_being_closed", "_closed_by_loop", "_inner", "_observer", "_outer", "finalizer")

    def __init__(self, inner: Any, observer: Observer | Tap) -> None:
        self._inner = inner
        self._observer = observer
        self._closed_by_loop = False
        self._outer: Any = None
        """A weak reference: dead as soon as nobody holds the generator, before its finaliser runs."""
        self._being_closed: Callable[[], Any] = _nobody
        """The same, for whoever closes it then."""
        self.finalizer: Finalizer | None = None
        """What the loop wants to be called when outer is dropped."""

    def stands_for(self, outer: Any) -> None:
        """Note that `outer` was made with this stand-in. `outer` takes inner's name, which Python's warnings show."""
        self._outer = ref(outer)
        outer.__name__, outer.__qualname__ = self._inner.__name__, self._inner.__qualname__

    def __repr__(self) -> str:
        return repr(self._inner)

    def aclose(self) -> object:
        """Called by `shutdown_asyncgens`."""
        self._closed_by_loop = True
        outer = self._outer()
        return _nothing() if outer is None else outer.aclose()

    def over(self, error: BaseException | None, left: bool) -> None:
        """The stream has no more items, inner raised `error`, or the consumer `left`. A finaliser may call this."""
        if self._outer() is None:
            self._observer.let_go()
        elif left:
            self._observer.closed(process_exit=self._closed_by_loop)
        elif error is None:
            self._observer.exhausted()
        else:
            self._observer.failed(error)

    def step_began(self) -> bool:
        """Outer was resumed by a step that had begun, as far as this version of Python tells."""
        outer = self._outer() or self._being_closed()
        return outer is None or outer.ag_running

    def let_go(self, outer: AsyncItems) -> None:
        """The last reference to the generator was dropped, except for that of the code that closes it."""
        self._being_closed = ref(outer)
        self._observer.let_go()
        if self.finalizer is not None:
            self.finalizer(outer)

    def __del__(self) -> None:
        self._observer.let_go()


def _ask(inner: AsyncItems) -> Callable[[Any], Any]:
    """Return what makes a step of `inner`, given what is sent: None is no value."""
    if type(inner) is types.AsyncGeneratorType:
        return inner.asend  # With None as `__anext__`, and quicker.
    # Another library's proxy, which may watch each of the two in a way of its own.
    return lambda sent: inner.__anext__() if sent is None else inner.asend(sent)


async def _nothing() -> None:
    return


def _nobody() -> None:
    return


def announced(outer: AsyncItems, stand_in: StandIn, step: str, *args: object) -> Awaitable[Any]:
    """Take the first step of `outer`: its loop learns of the stand-in, and how to close `outer` when it is dropped."""
    hooks = sys.get_asyncgen_hooks()
    stand_in.finalizer = hooks.finalizer
    if hooks.firstiter is not None:
        hooks.firstiter(stand_in)  # pyright: ignore[reportArgumentType]  # it only wants an `aclose`
    sys.set_asyncgen_hooks(None, None if hooks.finalizer is None else stand_in.let_go)
    try:
        return getattr(outer, step)(*args)
    finally:
        sys.set_asyncgen_hooks(*hooks)


def unannounced(generator: AsyncItems, finalizer: Finalizer | None) -> Any:
    """Take the first step of a generator that the loop does not know. `finalizer` is called when it is dropped."""
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(None, finalizer)
    try:
        return generator.__anext__()
    finally:
        sys.set_asyncgen_hooks(*hooks)


def _leave_alone(inner: AsyncItems) -> None:
    """Do nothing about an inner generator that dies: outer has passed on its end."""


@types.coroutine
def _wait(got: object) -> Items:
    """Let the loop wait for what inner waits for."""
    return (yield got)


_OURS = frozenset({driven.__code__, driven_sync.__code__, _wait.__code__, Waits.throw.__code__})


def _arrived(error: BaseException) -> BaseException:
    """Return an exception on its way to inner, as if it came straight from where it was thrown."""
    try:
        traceback = error.__traceback__
        while traceback is not None and traceback.tb_frame.f_code in _OURS:
            traceback = traceback.tb_next
        error.__traceback__ = traceback
    except Exception as exc:
        report("cleaning the traceback of an exception", exc)
    return error
