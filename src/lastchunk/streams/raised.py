# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Remembers with which ending a stream raised an exception, without keeping the exception alive.

`id()` is no identity of what may be dead: Python gives the same number to the next exception.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, SupportsIndex
from weakref import ref

from lastchunk.streams.shapes import members

if TYPE_CHECKING:
    from lastchunk.streams.ending import Ending

_LOOKED_AT = 50


class Raised:
    """An exception that left a stream."""

    __slots__ = ("_weak",)

    def __init__(self, error: BaseException) -> None:
        try:
            self._weak: ref[object] = ref(error)
        except TypeError:
            # Python's own exceptions know no weak references. Their attributes can stand in a dictionary that does.
            self._weak = ref(_attributes(error))

    def was(self, error: BaseException) -> bool:
        """Whether it was `error`."""
        there = self._weak()
        return there is not None and (there is error or there is error.__dict__)


class _Attributes(dict[str, object]):
    """The attributes of an exception, as Python keeps them, but for the weak references. A copy of it is a plain dictionary."""

    __slots__ = ("__weakref__", "ended")

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[type, tuple[dict[str, object]]]:
        return dict, (dict(self),)


def _attributes(error: BaseException) -> _Attributes:
    attributes = error.__dict__
    if not isinstance(attributes, _Attributes):
        # Past a `__setattr__` of the exception's own, that of a frozen dataclass for example.
        BaseException.__setattr__(error, "__dict__", attributes := _Attributes(attributes))
    return attributes


@dataclass(frozen=True, slots=True)
class Ended:
    """What is kept of a stream with the exception that came out of it, if the application wants to know its endings."""

    ending: Ending
    answered: bool
    """Something of the model's answer had come."""
    by_guard: bool = False
    """A `guard` raised the exception: no stream would have."""


def keep(error: BaseException, ended: Ended) -> None:
    """Note that a stream ended with `error`."""
    _attributes(error).ended = ended


def ended_with(error: BaseException) -> Ended | None:
    """Return the end of the stream that raised `error`, or that raised what caused `error`. None if there is none."""
    link: BaseException | None = error
    for _ in range(_LOOKED_AT):
        if link is None:
            break
        if isinstance(link.__dict__, _Attributes) and hasattr(link.__dict__, "ended"):
            return link.__dict__.ended
        group = members(link)
        link = group[0] if len(group) == 1 else link.__cause__
    return None


def behind(error: BaseException) -> Iterator[BaseException]:
    """`error`, and all that it was raised from, raised in the handling of, or that is in its group; nearest first."""
    waiting, seen = deque([error]), set[int]()
    while waiting and len(seen) < _LOOKED_AT:
        link = waiting.popleft()
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        waiting.extend(members(link)[:_LOOKED_AT])
        waiting.extend(other for other in (link.__cause__, link.__context__) if other is not None)
