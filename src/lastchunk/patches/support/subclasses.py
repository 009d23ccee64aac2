# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Patches a base class's methods in every class that an application derives from it, inherited or from a mixin."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import FunctionType
from typing import Protocol

from lastchunk.own_errors import report
from lastchunk.patches.support.wrapping import Wrapper, is_wrapped, resolved
from lastchunk.streams.passing_on import no_frame_of_ours
from lastchunk.streams.shapes import Args, Function, Kwargs


class Wraps(Protocol):
    """The part of a `Patcher` that is needed here."""

    active: bool

    def wrap(self, owner: object, name: str, wrapper: Wrapper) -> None:
        """Wrap what `owner` itself defines as `name`."""
        ...

    def before(self, owner: object, name: str, call: Callable[[], None]) -> None:
        """Have `call` called before what `owner` itself defines as `name`."""
        ...


class Subclasses:
    """`base` and its subclasses, those to come too, whose methods are wrapped.

    A class is looked at when it is defined, and all of them when an object of one is made: by then a decorator, or whoever
    else, may have given it another method. What counts is what the class resolves a name to, be that a mixin's.

    `issubclass` is not asked: an abstract base class remembers every class that it was asked about.
    """

    def __init__(self, base: type, wrappers: Mapping[str, Wrapper], patcher: Wraps) -> None:
        self._base = base
        self._wrappers = wrappers
        self._patcher = patcher

    def look(self) -> None:
        """Look at all of them. Nothing is raised."""
        try:
            if self._patcher.active:
                for owner in _with_subclasses(self._base):
                    self.look_at(owner)
        except Exception as exc:
            report(f"patching the subclasses of {self._base.__name__}", exc)

    def look_at(self, cls: type) -> None:
        """Wrap what `cls` resolves the names to. Not if that is done, or if `cls` is ours and only delegates."""
        if resolved(cls, "lastchunk_delegates")[1]:
            return
        for name, wrapper in self._wrappers.items():
            owner, method = resolved(cls, name)
            if method is None or getattr(method, "__isabstractmethod__", False) or is_wrapped(method):
                continue
            self._patcher.wrap(owner, name, wrapper if self._base in owner.__mro__ else self._of_a_mixin(wrapper))
        made = vars(cls).get("__init__")
        if type(made) is FunctionType:
            self._patcher.before(cls, "__init__", self.look)

    def _of_a_mixin(self, wrapper: Wrapper) -> Wrapper:
        """Return `wrapper` for a method of a mixin: it passes calls of other classes through."""

        def only_ours(wrapped: Function, instance: object, args: Args, kwargs: Kwargs) -> object:
            if self._base not in type(instance).__mro__:
                return wrapped(*args, **kwargs)
            return wrapper(wrapped, instance, args, kwargs)

        return only_ours

    def follow(self) -> Callable[[], None]:
        """Look at every class that is defined from now on. Return the function that stops this."""
        base, patcher = self._base, self._patcher
        own = vars(base).get("__init_subclass__")

        def init_subclass(cls: type, *args: object, **kwargs: object) -> None:
            with no_frame_of_ours:
                if own is not None:
                    own.__get__(None, cls)(*args, **kwargs)
                else:
                    super(base, cls).__init_subclass__(*args, **kwargs)
            if patcher.active:
                try:
                    self.look_at(cls)
                except Exception as exc:
                    report(f"patching a subclass of {base.__name__}", exc)

        init_subclass.__name__, init_subclass.__module__ = "__init_subclass__", base.__module__
        init_subclass.__qualname__ = f"{base.__qualname__}.__init_subclass__"
        ours = classmethod(init_subclass)
        base.__init_subclass__ = ours  # pyright: ignore[reportAttributeAccessIssue]

        def undo() -> None:
            if vars(base).get("__init_subclass__") is not ours:
                return
            if own is not None:
                base.__init_subclass__ = own
            else:
                del base.__init_subclass__

        return undo


def _with_subclasses(base: type) -> Iterator[type]:
    seen: set[type] = set()
    waiting = [base]
    while waiting:
        owner = waiting.pop()
        if owner not in seen:
            seen.add(owner)
            yield owner
            waiting.extend(type.__subclasses__(owner))
