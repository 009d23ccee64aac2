# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A step of an async generator into which an exception is thrown before it begins: what a task does that is cancelled at once."""

from __future__ import annotations

from typing import Any

from lastchunk.streams.shapes import AsyncItems


class Thrown:
    """A step of inner that is never closed, as no step of an application's generator is that dies while it waits.

    From Python 3.13 on to close a step throws a GeneratorExit into its generator, and `yield from` closes what has a `close`.
    """

    __slots__ = ("_step",)

    def __init__(self, step: Any) -> None:
        self._step: Any = step

    def __iter__(self) -> Thrown:
        return self

    def __next__(self) -> Any:
        return self._resumed(self._step.send, None)

    def send(self, value: Any) -> Any:
        """Resume inner."""
        return self._resumed(self._step.send, value)

    def throw(self, error: BaseException) -> Any:
        """Throw into inner."""
        return self._resumed(self._step.throw, error)

    def _resumed(self, resume: Any, value: Any) -> Any:
        try:
            return resume(value)
        except BaseException:
            # On Python 3.13 a step holds what was thrown into it, and a frame of the traceback would hold the step: a cycle.
            self._step = resume = value = None
            raise


class NotBegun:
    """A step of inner into which an exception is thrown before it begins, as it was into outer's: a cancelled task does that.

    Until Python 3.13 no step is under way then. What resumes the generator next is the begin of the step, wherever it waits
    by now; and that of an `aclose` throws a GeneratorExit into what it waits for, which any other GeneratorExit closes.
    """

    __slots__ = ("_inner", "_step", "_thrown", "_waits")

    def __init__(self, inner: AsyncItems, thrown: BaseException) -> None:
        self._inner = inner
        self._step: Any = inner.__anext__()
        self._thrown: BaseException | None = thrown
        self._waits: Waits | None = None

    def __iter__(self) -> NotBegun:
        return self

    def __next__(self) -> object:
        return self.send(None)

    def send(self, value: object) -> object:
        """Resume inner; at first with the exception."""
        thrown, self._thrown = self._thrown, None
        return self._step.send(value) if thrown is None else self._step.throw(thrown)

    def throw(self, error: BaseException) -> object:
        """Throw into inner, in the way in which `error` reached outer."""
        if issubclass(type(error), GeneratorExit) and self._waits is not None and not self._waits.closed:
            self._step = self._inner.athrow(error)
            return self._step.send(None)
        return self._step.throw(error)

    def wait(self, got: object) -> Waits:
        """Let the loop wait for what inner waits for."""
        self._waits = Waits(got)
        return self._waits


class Waits:
    """Lets the loop wait for what inner waits for. Knows whether it was `closed`."""

    __slots__ = ("_got", "_told", "closed")

    def __init__(self, got: object) -> None:
        self._got = got
        self._told = False
        self.closed = False

    def __await__(self) -> Waits:
        return self

    def __next__(self) -> object:
        return self.send(None)

    def send(self, value: object) -> object:
        """Yield to the loop first, then return what the loop sends."""
        if self._told:
            raise StopIteration(value)
        self._told = True
        return self._got

    def throw(self, error: BaseException) -> object:
        """Raise the exception in outer."""
        raise error

    def close(self) -> None:
        """Note the close: a GeneratorExit follows."""
        self.closed = True
