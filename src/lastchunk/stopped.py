# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Ends a command in the same way for SIGTERM as for Ctrl-C, with the exit status that shells expect."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Generator, Mapping, Sequence
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


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command to its end. Its exit status; 128 + N after signal N. Raises OSError if it cannot be run.

    Ctrl-C is left to the command, which hears it from the terminal. SIGTERM is passed on to it. Neither interrupts the wait: an
    exception between the child's end and the note of its status would lose that status.
    """
    child: list[subprocess.Popen[bytes]] = []
    early: list[int] = []

    def pass_on(sent: int, _: FrameType | None) -> None:
        if not child:
            early.append(sent)
        elif sent == signal.SIGTERM:
            child[0].terminate()

    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            if callable(handler := signal.getsignal(number)):
                before[number] = handler
                signal.signal(number, pass_on)
    try:
        child.append(subprocess.Popen(command, env=environment))
        if signal.SIGTERM in early:
            child[0].terminate()
        ended = child[0].wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return ended if ended >= 0 else 128 - ended


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
