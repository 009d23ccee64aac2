# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Ends a command in the same way for SIGTERM as for Ctrl-C, with the exit status that shells expect."""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 128 + signal.SIGINT
"""The exit status after Ctrl-C."""
TERMINATED = 128 + signal.SIGTERM
"""The exit status after SIGTERM, which container engines and service managers send."""

_terminated = threading.Event()


@contextmanager
def stoppable() -> Generator[None]:
    """Let SIGTERM raise `KeyboardInterrupt`, as Ctrl-C does, so that each command needs only one way to clean up."""
    if threading.current_thread() is not threading.main_thread():  # only that thread receives signals
        yield
        return
    _terminated.clear()
    before = signal.signal(signal.SIGTERM, _on_sigterm)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def terminated() -> bool:
    """True if SIGTERM ends this command. Nobody has told its child processes; after Ctrl-C, the terminal has."""
    return _terminated.is_set()


def status() -> int:
    """The exit status of a command that was stopped."""
    return TERMINATED if terminated() else INTERRUPTED


def _on_sigterm(_: int, frame: FrameType | None) -> None:
    if terminated():
        return  # it ends already
    _terminated.set()
    # asyncio has a handler of its own while it runs: it cancels the main task first.
    if callable(handler := signal.getsignal(signal.SIGINT)):
        handler(signal.SIGINT, frame)
    else:
        raise KeyboardInterrupt
