# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A stand-in for an object of an SDK or of the application, with the special methods of that object and no others.

Python looks for special methods in the class. A proxy whose class has them all makes an async stream an `Iterable` that has
`__len__` and `__enter__`, and an application that tells streams apart by those takes the wrong path. So there is a class of
proxies for each class of objects, which goes by its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import FunctionType
from typing import Any, ClassVar, Self, SupportsIndex
from weakref import WeakKeyDictionary

from lastchunk import foreign
from lastchunk.own_errors import report
from lastchunk.streams.passing_on import no_frame_of_ours
from lastchunk.streams.shapes import Function

_OWN = frozenset(
    [
        "__new__",
        "__init__",
        "__del__",
        "__class__",
        "__getattribute__",
        "__getattr__",
        "__setattr__",
        "__delattr__",
        "__dir__",
        "__repr__",
        "__str__",
        "__format__",
        "__reduce__",
        "__reduce_ex__",
        "__getstate__",
        "__sizeof__",
        "__init_subclass__",
        "__subclasshook__",
        "__class_getitem__",
    ]
)
"""What `Proxy` does for every object, or what belongs to the class and not to its objects."""

_kinds: WeakKeyDictionary[type, dict[type, type]] = WeakKeyDictionary()
"""The classes that were made, by the object's class and by what they derive from. An application's class may die."""


class Proxy:
    """Does what its object does, but for the methods in `_self_instead`.

    Attributes that begin with `_self_` are the proxy's own.
    """

    __slots__ = ("__weakref__", "_self_wrapped")

    _self_instead: ClassVar[Mapping[str, Function]] = {}
    """What is called instead of a method of the object, by its name; only what the object has is replaced."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Its first argument is the object that it stands for."""
        of: object = args[0]
        return object.__new__(_kind(cls, type(of)))

    def __init__(self, wrapped: object) -> None:
        self._self_wrapped: Any = wrapped

    @property
    def __class__(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]  # read-only, as for any proxy
        return self._self_wrapped.__class__

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_self_"):
            raise AttributeError(name)
        with no_frame_of_ours:
            return getattr(self._self_wrapped, name)

    def __setattr__(self, name: str, value: object) -> None:
        if name.startswith("_self_"):
            object.__setattr__(self, name, value)
            return
        with no_frame_of_ours:
            setattr(self._self_wrapped, name, value)

    def __delattr__(self, name: str) -> None:
        with no_frame_of_ours:
            delattr(self._self_wrapped, name)

    def __dir__(self) -> list[str]:
        with no_frame_of_ours:
            return dir(self._self_wrapped)

    def __repr__(self) -> str:
        with no_frame_of_ours:
            return repr(self._self_wrapped)

    def __str__(self) -> str:
        with no_frame_of_ours:
            return str(self._self_wrapped)

    def __format__(self, spec: str) -> str:
        with no_frame_of_ours:
            return format(self._self_wrapped, spec)

    def __sizeof__(self) -> int:
        with no_frame_of_ours:
            return self._self_wrapped.__sizeof__()

    def __reduce__(self) -> str | tuple[Any, ...]:
        """A copy is one of the object, as without Lastchunk."""
        with no_frame_of_ours:
            return self._self_wrapped.__reduce__()

    def __reduce_ex__(self, protocol: SupportsIndex) -> str | tuple[Any, ...]:
        with no_frame_of_ours:
            return self._self_wrapped.__reduce_ex__(protocol)

    def __getstate__(self) -> object:
        with no_frame_of_ours:
            return self._self_wrapped.__getstate__()


def _kind(base: Any, of: type) -> Any:
    try:
        kinds = _kinds.setdefault(of, {})
        kind = kinds.get(base)
        if kind is None:
            kind = kinds[base] = _made(base, of)
        return kind
    except Exception as exc:  # An application's class, and the class of that, may do as they like.
        report("making a proxy of a stream", exc)
        return type(base.__name__, (base,), {"__slots__": (), **base._self_instead})


def _made(base: Any, of: type) -> type:
    """A class for proxies of objects of the class `of`, which it must not keep alive."""
    name = foreign.own_name(of)
    namespace: dict[str, object] = {
        "__slots__": (),
        "__module__": foreign.module_of(of),
        "__qualname__": foreign.class_name(of).removeprefix(f"{foreign.module_of(of)}."),
        "__doc__": type.__dict__["__doc__"].__get__(of),
    }
    for owner in reversed(of.__mro__[:-1]):
        for method, value in list[tuple[str, object]](vars(owner).items()):
            if method in base._self_instead:
                namespace[method] = _named(base._self_instead[method], method, f"{name}.{method}")
            elif method.startswith("__") and method.endswith("__") and method not in _OWN:
                if value is None:  # as `__hash__` of what cannot be hashed
                    namespace[method] = None
                elif callable(value) or isinstance(value, classmethod | staticmethod):
                    namespace[method] = _asked(method)
    return type(name, (base,), namespace)


def _named(function: Any, name: str, qualname: str) -> FunctionType:
    """`function` under another name, which Python's warnings and `repr` tell."""
    named = FunctionType(function.__code__, function.__globals__, name, function.__defaults__, function.__closure__)
    named.__kwdefaults__, named.__qualname__ = function.__kwdefaults__, qualname
    return named


def _asked(name: str) -> Function:
    def ask(proxy: Any, /, *args: object, **kwargs: object) -> object:
        with no_frame_of_ours:
            return getattr(proxy._self_wrapped, name)(*args, **kwargs)

    return ask
