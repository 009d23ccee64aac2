# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What came of a use, as values that can be compared."""

from __future__ import annotations

import gc
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

_ADDRESS = re.compile(r"0x[0-9a-f]+")
_NUMBER_OF_TASK = re.compile(r"Task-\d+")


def frozen(seeds: Iterable[int]) -> Iterator[int]:
    """The seeds; what is there already stays, so that the collections in each case do not look through it.

    Cases import libraries, so it is not said once. And whoever has frozen what there was before finds it frozen afterwards.
    """
    was_frozen = gc.get_freeze_count()
    try:
        for number, seed in enumerate(seeds):
            if number % 10 == 0:
                gc.collect()
                gc.freeze()
            yield seed
    finally:
        if not was_frozen:
            gc.unfreeze()


def collected(log: list[Any]) -> None:
    """Collect garbage. What is heard of it is sorted.

    The finalisers of one collection run in the order in which the collector last came to the objects: no version of Python
    promises it, and any object more, or another way to one, changes it.
    """
    place = len(log)
    gc.collect()
    log[place:] = sorted(log[place:], key=text)


def text(value: object) -> str:
    """A value's repr, or an exception's text, without what differs from run to run."""
    return _NUMBER_OF_TASK.sub("Task-", _ADDRESS.sub("0x", value if isinstance(value, str) else repr(value)))


def chain(error: BaseException | None) -> Any:
    """An exception with all that it came from: class, text, the value of a stop, frames of ours, members of a group."""
    if error is None:
        return None
    inside = [chain(member) for member in error.exceptions] if isinstance(error, BaseExceptionGroup) else []
    value = text(error.value) if isinstance(error, StopIteration) else ""
    return (
        type(error).__name__,
        text(str(error)),
        value,
        _frames_of_ours(error.__traceback__),
        inside,
        chain(error.__cause__),
        error.__suppress_context__ or chain(error.__context__),
    )


def _frames_of_ours(traceback: TracebackType | None) -> list[str]:
    """What an application must not see in a traceback; but for a generator that never began, where no line can take it out."""
    found: list[str] = []
    while traceback is not None:
        frame = traceback.tb_frame
        began = traceback.tb_lineno != frame.f_code.co_firstlineno
        if began and frame.f_globals.get("__name__", "").startswith("lastchunk."):
            found.append(f"{frame.f_code.co_qualname} at {traceback.tb_lineno}")
        traceback = traceback.tb_next
    return found


def outcome(call: Callable[..., Any], *args: Any) -> Any:
    """What a call gives, or raises."""
    try:
        return ("gives", text(call(*args)))
    except BaseException as error:
        return ("raises", *chain(error))


@contextmanager
def overheard(log: list[Any]) -> Iterator[None]:
    """Adds warnings, and what was raised where nobody could catch it."""

    def unraisable(told: Any) -> None:
        # Whose finaliser it was is said by name, and the name of what drives a generator is ours.
        log.append(("unraisable", chain(told.exc_value)))

    def warned(message: Any, category: type, *_: Any, **__: Any) -> None:
        log.append(("warning", category.__name__, text(str(message))))

    hook, show = sys.unraisablehook, warnings.showwarning
    sys.unraisablehook = unraisable
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = warned
        try:
            yield
        finally:
            sys.unraisablehook, warnings.showwarning = hook, show
