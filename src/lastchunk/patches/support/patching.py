# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Applies a patch to a library, and undoes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import AsyncGeneratorType, ModuleType
from weakref import WeakValueDictionary

from lastchunk.patches.support.fields import fields_of
from lastchunk.patches.support.subclasses import Subclasses
from lastchunk.patches.support.wrapping import (
    Wrapper,
    below,
    in_place_of,
    is_wrapped,
    left_out_if_it_fails,
    patched_by,
    resolved,
    without_undone,
)
from lastchunk.settings import Settings
from lastchunk.streams.lifecycle import Streams
from lastchunk.streams.nesting import current_stream
from lastchunk.streams.observed import ObservedAsyncGenerator
from lastchunk.streams.observer import Observer, OnItem
from lastchunk.streams.sdk_streams import ObservedAsyncStream
from lastchunk.streams.shapes import Args, Function, Kwargs
from lastchunk.streams.start import Start

Describe = Callable[[object, Sequence[object], Mapping[str, object]], Start | None]
"""What a patch module says of a call: the instance, the positional and the keyword arguments."""


@dataclass(frozen=True, slots=True)
class Patch:
    """The changes to one module, made once it is imported."""

    library: str
    """The distribution, for messages."""
    supported: str
    """The versions of it that the patch was made for, for messages."""
    module: str
    apply: Callable[[ModuleType, Patcher], None]
    """Raises AttributeError if the module is not what the patch was made for."""


class Patcher:
    """Applies patches, and undoes them; one for each `instrument()`."""

    def __init__(self, streams: Streams, settings: Settings) -> None:
        self.streams = streams
        self.settings = settings
        self.active = True
        self._owners: WeakValueDictionary[int, object] = WeakValueDictionary()
        """Modules and classes, by their `id`. An application may define a class for each request, and expect it to die."""
        self._undo: list[Callable[[], None]] = []
        """What else is to be done."""
        self._under_way: list[tuple[object, str]] | None = None
        """What the patch has wrapped that is being applied."""

    def wrap(self, owner: object, name: str, wrapper: Wrapper) -> None:
        """Wrap what `owner` itself defines as `name`."""
        self._put_wrapped(owner, name, left_out_if_it_fails(name, wrapper), self._is_active)

    def before(self, owner: object, name: str, call: Callable[[], None]) -> None:
        """Have `call` called before what `owner` itself defines as `name`, and no frame of ours around that."""

        def enabled() -> bool:
            call()
            return False

        self._put_wrapped(owner, name, _never, enabled)

    def _put_wrapped(self, owner: object, name: str, wrapper: Wrapper, enabled: Callable[[], bool]) -> None:
        original = vars(owner)[name] if name in vars(owner) else _missing(owner, name)
        setattr(owner, name, in_place_of(without_undone(original), wrapper, enabled, self, owner))
        self._owners[id(owner)] = owner
        if self._under_way is not None:
            self._under_way.append((owner, name))

    def _is_active(self) -> bool:
        return self.active

    def put(self, owner: object, name: str, ours: object) -> None:
        """Replace what `owner` defines as `name` by `ours`, which passes calls through after this patcher is undone."""
        original = vars(owner)[name]
        setattr(owner, name, ours)

        def undo() -> None:
            if vars(owner).get(name) is ours:
                setattr(owner, name, original)

        self._undo.append(undo)

    def wrap_streams(
        self, owner: object, name: str, describe: Describe, on_item: OnItem, text: type | None = None
    ) -> None:
        """Wrap a method that returns an async generator, so that each becomes a stream; `text` as for `Observer`."""
        self.wrap(owner, name, self.streams_of(describe, on_item, text))

    def streams_of(self, describe: Describe, on_item: OnItem, text: type | None = None) -> Wrapper:
        """The wrapper of a method that returns an async generator; `text` as for `Observer`."""

        def wrapper(wrapped: Function, instance: object, args: Args, kwargs: Kwargs) -> object:
            stream = wrapped(*args, **kwargs)
            if not hasattr(type(stream), "__anext__") or issubclass(type(stream), ObservedAsyncGenerator):
                return stream
            around = current_stream()
            if around is not None and around.start.subject == id(instance) and around.ending is None:
                return stream  # A part of the invocation under way, which would only pass through a proxy.
            observer = Observer(self.streams, lambda: describe(instance, args, kwargs), on_item, text)
            observed = ObservedAsyncGenerator if isinstance(stream, AsyncGeneratorType) else ObservedAsyncStream
            return observed(stream, observer)

        return wrapper

    def for_subclasses(self, base: type, wrappers: Mapping[str, Wrapper]) -> None:
        """Wrap these methods in `base` and in each of its subclasses, also in those to come, wherever a class has them from.

        A class is looked at when it is defined, and all of them when an object of one is made: by then a decorator, or
        whoever else, may have given it another method.
        """
        classes = Subclasses(base, wrappers, self)
        classes.look()
        self._undo.append(classes.follow())

    def observes(self, instance: object, name: str) -> bool:
        """Whether what `instance` has as `name` is wrapped."""
        own = fields_of(instance).get(name)
        return is_wrapped(resolved(type(instance), name)[1] if own is None else own)

    def apply(self, patch: Patch, module: ModuleType) -> None:
        """Apply a patch, all of it or nothing."""
        before, self._under_way = len(self._undo), []
        try:
            patch.apply(module, self)
        except BaseException:
            self._undo_down_to(before)
            for owner, name in reversed(self._under_way):
                self._unwrap(owner, name)
            raise
        finally:
            self._under_way = None

    def undo(self) -> None:
        """Restore what was there, except where somebody else has replaced it since."""
        self.active = False
        self._undo_down_to(0)
        for owner in list(self._owners.values()):
            for name in list(vars(owner)):
                self._unwrap(owner, name)

    def _undo_down_to(self, count: int) -> None:
        while len(self._undo) > count:
            with suppress(AttributeError):
                self._undo.pop()()

    def _unwrap(self, owner: object, name: str) -> None:
        # If somebody put a wrapper on top of ours, it stays, and ours below it passes everything through.
        while patched_by(ours := vars(owner).get(name)) is self:
            setattr(owner, name, below(ours))


def _never(wrapped: Function, instance: object, args: Args, kwargs: Kwargs) -> object:
    """The wrapper of what is never enabled."""
    return wrapped(*args, **kwargs)


def argument(args: Sequence[object], kwargs: Mapping[str, object], position: int, name: str) -> object:
    """Return the argument of a call, given by position or by name. None if it is not given."""
    return args[position] if len(args) > position else kwargs.get(name)


def _missing(owner: object, name: str) -> object:
    raise AttributeError(f"{getattr(owner, '__name__', owner)} has no {name}")
