# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Objects of an application's own classes that count what is asked of them: with Lastchunk nothing is asked once more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from tests.conftest import Instrument

T = TypeVar("T")
Asked = Counter[str]
"""How often each attribute was read, a method's included, as `Class.attribute`."""
Perform = Callable[["Spies"], Awaitable[object]]
"""A call of the application's, on objects whose classes it makes with what it is given."""


class Spies:
    """Makes classes of the application's own; every read of an attribute of their objects counts, and every look around."""

    def __init__(self) -> None:
        self.asked: Asked = Counter()

    def of(self, kind: type[T]) -> type[T]:
        """A subclass of `kind`, called like it, whose objects count."""
        asked = self.asked

        class Own(kind):  # type: ignore[valid-type, misc]
            def __getattribute__(self, name: str) -> Any:
                if not name.startswith("__"):
                    asked[f"{kind.__name__}.{name}"] += 1
                return kind.__getattribute__(self, name)

        Own.__name__ = Own.__qualname__ = kind.__name__
        return Own


async def differs(perform: Perform, instrument: Instrument) -> dict[str, tuple[int, int]]:
    """What is asked otherwise under Lastchunk: how often without it, and with it."""
    await perform(Spies())  # the first call fills the caches of the library
    bare, observed = Spies(), Spies()
    await perform(bare)
    instrument()
    await perform(observed)
    assert bare.asked
    names = {*bare.asked, *observed.asked}
    return {
        name: (bare.asked[name], observed.asked[name]) for name in names if bare.asked[name] != observed.asked[name]
    }
