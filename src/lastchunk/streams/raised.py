# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Which exception it was that left a stream: known again as long as it lives, and not kept alive by us.

`id()` is no identity of what may be dead: Python gives the same number to the next exception.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any
from weakref import ref

_LOOKED_AT = 50


class Raised:
    """An exception that left a stream."""

    __slots__ = ("_weak",)

    def __init__(self, error: BaseException) -> None:
        try:
            self._weak: ref[Any] = ref(error)
        except TypeError:
            # Python's own exceptions know no weak references. Their attributes can stand in a dictionary that does.
            attributes = error.__dict__
            if not isinstance(attributes, _Attributes):
                error.__dict__ = attributes = _Attributes(attributes)
            self._weak = ref(attributes)

    def was(self, error: BaseException) -> bool:
        """It was `error`."""
        there = self._weak()
        return there is not None and (there is error or there is error.__dict__)


class _Attributes(dict[str, Any]):
    """The attributes of an exception, as Python keeps them, but for the weak references. A copy of it is a plain dictionary."""

    __slots__ = ("__weakref__",)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return dict, (dict(self),)


def behind(error: BaseException) -> Iterator[BaseException]:
    """`error`, and all that it was raised from, raised in the handling of, or that is in its group; nearest first."""
    waiting, seen = deque([error]), set[int]()
    while waiting and len(seen) < _LOOKED_AT:
        link = waiting.popleft()
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        if isinstance(link, BaseExceptionGroup):
            waiting.extend(link.exceptions[:_LOOKED_AT])  # pyright: ignore[reportUnknownMemberType]
        waiting.extend(other for other in (link.__cause__, link.__context__) if other is not None)
