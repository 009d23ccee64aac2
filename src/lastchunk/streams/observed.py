# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The proxies of generators, as they are handed to the application: all of inner's attributes, and outer's steps (`driver`)."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, SupportsIndex

from lastchunk.streams.driver import StandIn, announced, driven, driven_sync
from lastchunk.streams.observer import Observer
from lastchunk.streams.passing_on import no_frame_of_ours, passed_on
from lastchunk.streams.shapes import AsyncItems, Items
from lastchunk.streams.tap import Tap

_put = object.__setattr__
"""Sets an attribute of the proxy; what is set in any other way, is set on the generator."""


class _ObservedGenerator:
    """What both have in common.

    Two states: *new*, until a step is made for the first time; then *decided*: steps are those of outer, if somebody listens
    to this stream, else those of inner itself.
    """

    __slots__ = ("__weakref__", "_inner", "_next", "_steps", "observer")

    _inner: Any
    _steps: Any
    """Outer, or inner; None while new."""
    _next: Any
    """What makes the commonest step."""
    observer: Observer | Tap

    def __init__(self, inner: Any, observer: Observer | Tap) -> None:
        _put(self, "_inner", inner)
        _put(self, "_steps", None)
        _put(self, "_next", None)
        _put(self, "observer", observer)

    @property
    def __class__(self) -> object:  # pyright: ignore[reportIncompatibleMethodOverride]  # read-only, as for any proxy
        return self._inner.__class__

    def __getattr__(self, name: str) -> object:
        with no_frame_of_ours:
            return getattr(self._inner, name)

    def __setattr__(self, name: str, value: object) -> None:
        with no_frame_of_ours:
            setattr(self._inner, name, value)

    def __delattr__(self, name: str) -> None:
        with no_frame_of_ours:
            delattr(self._inner, name)

    def __repr__(self) -> str:
        return repr(self._inner)

    def __getstate__(self) -> object:
        return self._inner.__getstate__()

    def __reduce_ex__(self, protocol: SupportsIndex) -> str | tuple[Any, ...]:
        """As the inner generator's: neither is to be copied."""
        with no_frame_of_ours:
            return self._inner.__reduce_ex__(protocol)

    def _of_steps(self, name: str) -> Any:
        """Return an attribute that tells where the generator stands."""
        return getattr(self._inner if self._steps is None else self._steps, name)

    def _frame(self, name: str) -> object:
        return None if self._of_steps(name) is None else getattr(self._inner, name)

    def __del__(self) -> None:
        if self._steps is None:
            self.observer.let_go()


class ObservedAsyncGenerator(_ObservedGenerator):
    """An async generator as it is handed to the application: `run_stream`, `on_messages_stream`, `create_stream`."""

    __slots__ = ()

    def __aiter__(self) -> ObservedAsyncGenerator:
        return self

    def __anext__(self) -> Awaitable[object]:
        # Somebody holds this method since before the first step; or it is that step.
        return self._first("__anext__") if self._steps is None else self._steps.__anext__()

    def asend(self, value: object) -> Awaitable[object]:
        """As the inner generator's."""
        return self._first("asend", value) if self._steps is None else self._steps.asend(value)

    def athrow(self, *args: object) -> Awaitable[object]:
        """As the inner generator's."""
        return self._first("athrow", *args) if self._steps is None else self._steps.athrow(*args)

    def aclose(self) -> Awaitable[None]:
        """As the inner generator's."""
        self.observer.close_asked = True
        return self._first("aclose") if self._steps is None else self._steps.aclose()

    @property
    def ag_running(self) -> bool:
        """A step is under way."""
        return self._of_steps("ag_running")

    @property
    def ag_frame(self) -> object:
        """The frame, until the generator is over."""
        return self._frame("ag_frame")

    def _first(self, step: str, *args: object) -> Awaitable[Any]:
        """Decide whose steps they are, and make the first of them."""
        inner: AsyncItems = self._inner
        if not self.observer.listens():
            _put(self, "_steps", inner)
            _put(self, "_next", inner.__anext__)
            _decided(self)
            return getattr(inner, step)(*args)
        stand_in = StandIn(inner, self.observer)
        outer = driven(inner, self.observer, stand_in)
        stand_in.stands_for(outer)
        _put(self, "_steps", outer)
        _put(self, "_next", outer.__anext__)
        _decided(self)
        return announced(outer, stand_in, step, *args)


class _DecidedAsyncGenerator(ObservedAsyncGenerator):
    """The same from its first step on: the attribute `__anext__` is the slot that holds what makes a step.

    The interpreter calls what it finds there, and no line of Python is run per chunk for the proxy.
    """

    __slots__ = ()

    __anext__ = _ObservedGenerator._next  # pyright: ignore[reportAssignmentType]


def _decided(generator: ObservedAsyncGenerator) -> None:
    # `generator.__class__` is the inner generator's.
    object.__dict__["__class__"].__set__(generator, _DecidedAsyncGenerator)


class ObservedGenerator(_ObservedGenerator):
    """A generator that is not async, as it is handed to the application: the stream of a provider's SDK."""

    __slots__ = ()

    def __iter__(self) -> ObservedGenerator:
        return self

    def __next__(self) -> object:
        try:
            return (self._next or self._decided().__next__)()
        except BaseException as error:
            passed_on(error)
            raise

    def send(self, value: object) -> object:
        """As the inner generator's."""
        with no_frame_of_ours:
            return self._decided().send(value)

    def throw(self, *args: Any) -> object:
        """As the inner generator's."""
        with no_frame_of_ours:
            return self._decided().throw(*args)

    def close(self) -> object:
        """As the inner generator's."""
        with no_frame_of_ours:
            return self._decided().close()

    @property
    def gi_running(self) -> bool:
        """A step is under way."""
        return self._of_steps("gi_running")

    @property
    def gi_frame(self) -> object:
        """The frame, until the generator is over."""
        return self._frame("gi_frame")

    def _decided(self) -> Items:
        """Decide whose steps they are."""
        if self._steps is not None:
            return self._steps
        inner: Items = self._inner
        outer = inner
        if self.observer.listens():
            stand_in = StandIn(inner, self.observer)
            outer = driven_sync(inner, self.observer, stand_in)
            stand_in.stands_for(outer)
        _put(self, "_steps", outer)
        _put(self, "_next", outer.__next__)
        return outer


# Python's refusals (`len(stream)`, `stream + 1`) and an application's messages name the class.
for _kind, _name in (
    (ObservedAsyncGenerator, "async_generator"),
    (_DecidedAsyncGenerator, "async_generator"),
    (ObservedGenerator, "generator"),
):
    _kind.__name__ = _kind.__qualname__ = _name
