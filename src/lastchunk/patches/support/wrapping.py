# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Wraps a function so that it still looks like the original, and errors of Lastchunk never reach the caller."""

from __future__ import annotations

import copy
from collections.abc import Callable
from operator import itemgetter
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Protocol, SupportsIndex

import wrapt

from lastchunk.own_errors import report
from lastchunk.streams.passing_on import passed_on
from lastchunk.streams.shapes import Args, Function, Kwargs

Wrapper = Callable[[Function, object, Args, Kwargs], object]
"""A wrapt wrapper: the wrapped function, the instance, the positional and the keyword arguments."""


_PROXIES = (wrapt.FunctionWrapper, wrapt.BoundFunctionWrapper, wrapt.ObjectProxy)
"""What wrapt makes, and others of it. Their classes have the attribute `__wrapped__` only where wrapt has its extension."""


class Active(Protocol):
    """The patcher, which says whether it is still active."""

    active: bool
    """False when the patches are undone: what is left of them passes everything through."""


class _Bound(wrapt.BoundFunctionWrapper[Any, Any] if TYPE_CHECKING else wrapt.BoundFunctionWrapper):
    """A patched method of an object or a class. It can be copied, pickled and weakly referenced like a method."""

    def __new__(cls, *args: Any) -> object:
        if len(args) == 2:
            # As `type(method)(function, instance)`, which is how a `weakref.WeakMethod` makes the method anew.
            function, instance = args
            method = getattr(instance, function.__name__, None)
            return method if getattr(method, "__func__", None) is function else MethodType(function, instance)
        return super().__new__(cls)

    def __init__(self, *args: Any) -> None:
        if len(args) != 2:
            super().__init__(*args)

    @property
    def __func__(self) -> object:
        """The patched function, as its class has it."""
        if type(self._self_parent) is FunctionOfClass and self._self_instance is not None:
            return self._self_parent.__get__(None, type(self._self_instance))
        method: Any = self.__wrapped__
        return method.__func__

    def __repr__(self) -> str:
        return repr(self.__wrapped__)

    def __copy__(self) -> object:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> object:
        instance = self._self_instance
        if instance is None:
            return self
        copied = copy.deepcopy(instance, memo)
        return self._self_parent.__get__(copied, type(copied))

    def __reduce__(self) -> str | tuple[object, ...]:
        return self.__reduce_ex__(2)

    def __reduce_ex__(self, protocol: SupportsIndex) -> str | tuple[object, ...]:
        if self._self_instance is None:
            return self.__qualname__  # As a function: by its name, where it is found as this very object.
        return self.__wrapped__.__reduce_ex__(protocol)


class Wrapped(wrapt.FunctionWrapper[Any, Any] if TYPE_CHECKING else wrapt.FunctionWrapper):
    """A patched function, of a module or of a class."""

    __bound_function_wrapper__ = _Bound

    def __init__(self, function: Any, wrapper: Wrapper, enabled: Callable[[], bool], by: Active) -> None:
        """`enabled` is asked before each call, and `wrapper` is called only if it says yes. `by` is the patcher."""
        super().__init__(function, wrapper, enabled=enabled)
        self._self_by = by

    def __repr__(self) -> str:
        return repr(self.__wrapped__)

    def __copy__(self) -> object:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> object:
        return self

    def __reduce__(self) -> str | tuple[object, ...]:
        return self.__reduce_ex__(2)

    def __reduce_ex__(self, protocol: SupportsIndex) -> str | tuple[object, ...]:
        return itemgetter(0), ((self.__wrapped__,),)  # The function: it says itself by what name it is found.


class FunctionOfClass(Wrapped):
    """A plain function of a class: it is one object, whichever class it is asked of (`A.run is B.run`: not overridden)."""

    def __init__(self, function: Any, wrapper: Wrapper, enabled: Callable[[], bool], by: Active, owner: type) -> None:
        """`owner` is the class that it is put into."""
        super().__init__(function, wrapper, enabled, by)
        self._self_of_class = super().__get__(None, owner)

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return self._self_of_class if instance is None else super().__get__(instance, owner)


def in_place_of(function: Any, wrapper: Wrapper, enabled: Callable[[], bool], by: Active, owner: object) -> Wrapped:
    """What is put into `owner`, a module or a class, in the place of `function`."""
    if isinstance(owner, type) and type(function) is FunctionType:
        return FunctionOfClass(function, wrapper, enabled, by, owner)
    return Wrapped(function, wrapper, enabled, by)


def resolved(cls: type, name: str) -> tuple[type, object]:
    """The class that `cls` has `name` from, and what stands there; itself and None if there is nothing of that name."""
    return next(((owner, vars(owner)[name]) for owner in cls.__mro__ if name in vars(owner)), (cls, None))


def patched_by(function: Any) -> Active | None:
    """Return the patcher that put `function` in its place, else None.

    It may be a bound method: another instrumentation that undoes itself puts back what it got from the class.
    """
    while type(function) is _Bound:
        function = function._self_parent
    return function._self_by if issubclass(type(function), Wrapped) else None


def without_undone(function: object) -> object:
    """Return `function` without our undone wrappers on top, which another instrumentation kept there."""
    while (by := patched_by(function)) is not None and not by.active:
        function = below(function)
    return function


def is_wrapped(function: object) -> bool:
    """Whether a wrapper of ours replaces `function`, perhaps below wrappers of others."""
    while issubclass(type(function), _PROXIES):
        by = patched_by(function)
        if by is not None and by.active:
            return True
        function = below(function)
    return False


def below(proxy: Any) -> object:
    """Return the object behind a proxy."""
    return proxy.__wrapped__


class _Call:
    """The wrapped function, and what it returned when it was called."""

    __slots__ = ("_function", "error", "gave", "made")

    def __init__(self, function: Function) -> None:
        self._function = function
        self.made = False
        self.gave: object = None
        self.error: BaseException | None = None

    def __call__(self, *args: object, **kwargs: object) -> object:
        self.made = True
        try:
            self.gave = self._function(*args, **kwargs)
        except BaseException as error:
            self.error = error
            raise
        return self.gave

    def __getattr__(self, name: str) -> object:
        return getattr(self._function, name)


def left_out_if_it_fails(name: str, wrapper: Wrapper) -> Wrapper:
    """Return `wrapper`. If it fails, the application gets what `name` returns without it, from one call."""

    def safe(wrapped: Function, instance: object, args: Args, kwargs: Kwargs) -> object:
        call = _Call(wrapped)
        try:
            try:
                return wrapper(call, instance, args, kwargs)
            except BaseException as error:
                if error is call.error:
                    passed_on(error)
                    raise
                if not issubclass(type(error), Exception):
                    raise
                report(f"handling a call of {name}", error)
            if call.error is not None:
                raise call.error
            return call.gave if call.made else wrapped(*args, **kwargs)
        finally:
            # The exception knows this frame, and this frame must not know it: what is in such a circle lives until the
            # garbage collector comes, with all that the callers' frames hold.
            call.error = call.gave = None

    return safe
