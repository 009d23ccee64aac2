# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""How a library is patched, and how that is undone."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from types import AsyncGeneratorType, ModuleType
from typing import Any

import wrapt

from lastchunk.own_errors import report
from lastchunk.settings import Settings
from lastchunk.streams.lifecycle import Streams, current_stream
from lastchunk.streams.observed import ObservedAsyncGenerator
from lastchunk.streams.observer import Observer, OnItem
from lastchunk.streams.record import Start
from lastchunk.streams.sdk_streams import ObservedAsyncStream

Wrapper = Callable[[Callable[..., Any], Any, tuple[Any, ...], dict[str, Any]], Any]
"""A wrapt wrapper: the wrapped function, the instance, the positional and the keyword arguments."""

Describe = Callable[[Any, Sequence[Any], Mapping[str, Any]], Start | None]
"""What a patch module says of a call: the instance, the positional and the keyword arguments."""


@dataclass(frozen=True, slots=True)
class Patch:
    """What is done to one module, once it is imported."""

    library: str
    """The distribution, for messages."""
    supported: str
    """The versions of it that the patch was made for, for messages."""
    module: str
    apply: Callable[[ModuleType, Patcher], None]
    """Raises AttributeError if the module is not what the patch was made for."""


class Patcher:
    """Applies patches, and undoes them in reverse order; one for each `instrument()`."""

    def __init__(self, streams: Streams, settings: Settings) -> None:
        self.streams = streams
        self.settings = settings
        self.active = True
        self._undo: list[Callable[[], None]] = []

    def wrap(self, owner: Any, name: str, wrapper: Wrapper) -> None:
        """Wrap what `owner` itself defines as `name`."""
        original = vars(owner)[name] if name in vars(owner) else _missing(owner, name)
        ours = wrapt.FunctionWrapper(original, _left_out_if_it_fails(name, wrapper), enabled=self._is_active)
        setattr(owner, name, ours)
        # Weak references: an application may define a class for each request, and expect it to die.
        self._undo.append(partial(_unwrap, weakref.ref(owner), name, weakref.ref(ours)))

    def _is_active(self) -> bool:
        return self.active

    def put(self, owner: Any, name: str, ours: Any) -> None:
        """Put `ours`, which passes through when this patcher is undone, in the place of what `owner` defines as `name`."""
        original = vars(owner)[name]
        setattr(owner, name, ours)

        def undo() -> None:
            if vars(owner).get(name) is ours:
                setattr(owner, name, original)

        self._undo.append(undo)

    def wrap_streams(
        self, owner: Any, name: str, describe: Describe, on_item: OnItem, text: type | None = None
    ) -> None:
        """Wrap a method that returns an async generator, so that each becomes a stream; `text` as for `Observer`."""

        def wrapper(wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            stream = wrapped(*args, **kwargs)
            if not hasattr(stream, "__anext__") or isinstance(stream, ObservedAsyncGenerator):
                return stream
            around = current_stream()
            if around is not None and around.start.subject == id(instance) and around.ending is None:
                return stream  # A part of the invocation under way, which would only pass through a proxy.
            observer = Observer(self.streams, lambda: describe(instance, args, kwargs), on_item, text)
            observed = ObservedAsyncGenerator if isinstance(stream, AsyncGeneratorType) else ObservedAsyncStream
            return observed(stream, observer)

        self.wrap(owner, name, wrapper)

    def for_subclasses(self, base: type, patch: Callable[[type], None]) -> None:
        """Call `patch` for `base`, for each of its subclasses, and for those that are defined later."""
        for owner in _with_subclasses(base):
            patch(owner)
        own = vars(base).get("__init_subclass__")

        def init_subclass(cls: type, **kwargs: Any) -> None:
            if own is not None:
                own.__get__(None, cls)(**kwargs)
            else:
                super(base, cls).__init_subclass__(**kwargs)
            if self.active:
                try:
                    patch(cls)
                except Exception as exc:
                    report(f"patching a subclass of {base.__name__}", exc)

        ours = classmethod(init_subclass)
        base.__init_subclass__ = ours  # pyright: ignore[reportAttributeAccessIssue]

        def undo() -> None:
            if vars(base).get("__init_subclass__") is not ours:
                return
            if own is not None:
                base.__init_subclass__ = own
            else:
                del base.__init_subclass__

        self._undo.append(undo)

    def apply(self, patch: Patch, module: ModuleType) -> None:
        """Apply a patch, all of it or nothing."""
        before = len(self._undo)
        try:
            patch.apply(module, self)
        except BaseException:
            self._undo_down_to(before)
            raise

    def undo(self) -> None:
        """Put back what was there, as far as it is still ours."""
        self.active = False
        self._undo_down_to(0)

    def _undo_down_to(self, count: int) -> None:
        while len(self._undo) > count:
            with suppress(AttributeError):
                self._undo.pop()()


def _unwrap(of_owner: weakref.ref[Any], name: str, of_ours: weakref.ref[Any]) -> None:
    # If somebody put a wrapper on top of ours, it stays, and ours below it passes everything through.
    owner, ours = of_owner(), of_ours()
    if owner is not None and ours is not None and vars(owner).get(name) is ours:
        setattr(owner, name, ours.__wrapped__)


class _Call:
    """What is wrapped; and what it gave when it was called."""

    __slots__ = ("_function", "error", "gave", "made")

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self.made = False
        self.gave: Any = None
        self.error: BaseException | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.made = True
        try:
            self.gave = self._function(*args, **kwargs)
        except BaseException as error:
            self.error = error
            raise
        return self.gave

    def __getattr__(self, name: str) -> Any:
        return getattr(self._function, name)


def _left_out_if_it_fails(name: str, wrapper: Wrapper) -> Wrapper:
    """`wrapper`; if it fails, the application has what `name` gives without it, from one call."""

    def safe(wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        call = _Call(wrapped)
        try:
            return wrapper(call, instance, args, kwargs)
        except Exception as error:
            if error is call.error:
                raise
            report(f"a call of {name}", error)
        if call.error is not None:
            raise call.error
        return call.gave if call.made else wrapped(*args, **kwargs)

    return safe


def owns(owner: type, name: str) -> bool:
    """`owner` itself defines a method `name` that can be called."""
    method = vars(owner).get(name)
    return method is not None and not getattr(method, "__isabstractmethod__", False)


def argument(args: Sequence[Any], kwargs: Mapping[str, Any], position: int, name: str) -> Any:
    """The argument of a call, given by position or by name; None if it is not given."""
    return args[position] if len(args) > position else kwargs.get(name)


def _missing(owner: Any, name: str) -> Any:
    raise AttributeError(f"{getattr(owner, '__name__', owner)} has no {name}")


def _with_subclasses(base: type) -> Iterator[type]:
    seen: set[type] = set()
    waiting = [base]
    while waiting:
        owner = waiting.pop()
        if owner not in seen:
            seen.add(owner)
            yield owner
            waiting.extend(type.__subclasses__(owner))
