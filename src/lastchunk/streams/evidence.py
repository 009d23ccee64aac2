# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The evidence from which an ending is decided. Values alone: nothing of the application's, no exception, no text."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, auto
from typing import TYPE_CHECKING

from lastchunk.semconv import Cause, Delivery, Detail, WaitingFor
from lastchunk.streams.finish_reasons import Finish

if TYPE_CHECKING:
    from lastchunk.streams.ending import Ending


class FailureKind(StrEnum):
    """The meaning of an exception."""

    LENGTH = auto()
    CONTENT_FILTER = auto()
    PROVIDER = auto()
    PROTOCOL = auto()
    TIMEOUT = auto()
    CONNECTION = auto()
    CANCEL = auto()
    EXIT = auto()
    CUT = auto()
    """The client itself complains that the body ended too soon."""
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Failure:
    """The meaning of an exception, without the exception and without its text."""

    kind: FailureKind
    error_type: str
    """The qualified class name."""
    hint: Cause | None = None
    """The cause that its status, code or signature names, if any."""
    detail: Detail | None = None
    """What it says beyond that."""


@dataclass(slots=True)
class Evidence:
    """Everything that is known of a stream when it has ended. A field that is not known keeps its default."""

    terminal: bool = False
    """The terminal item reached this layer; for a bare SDK stream, a finish reason or the end marker."""
    finish: frozenset[Finish] = frozenset()
    """What the finish reasons said."""
    finished: bool = True
    """With a terminal item: the provider finished, as far as anybody can tell."""
    arrived: bool = False
    """Text, reasoning, a refusal or a call arrived."""
    may_be_silent: bool = False
    """The turn follows a tool's result, so that it may be silent; or nothing can be said of the content."""
    began: bool = False
    """A stream was obtained: response headers, or an item."""
    streamed: bool = True
    """The body is a stream; False for JSON or HTML."""
    said: Cause | None = None
    """The cause that an error of the provider named, which stood in the stream, and that nobody raised."""
    context_full: bool = False
    """The finish reason, or the token counts, say that the context window is full."""
    model_loaded: bool = False
    """The finish reason says that the model was only loaded."""
    failure: Failure | None = None
    left: bool = False
    """The consumer stopped: it closed the stream, or let it go."""
    process_exit: bool = False
    disconnected: bool = False
    """The client of a web server left: whoever cancelled or left the stream then did it for that."""
    gave_up: bool = False
    """A `guard` found the stream silent for too long, and cut it."""
    failed_tool: bool = False
    """The run's last message is the result of a failed tool."""
    waiting_for: WaitingFor | None = None
    """What the step that was pending at the end waited for; None if none was."""
    idle: float = 0.0
    """Seconds of silence before the end."""
    max_gap: float = 0.0
    """Seconds of the longest silence, the last included."""
    own_gap: float | None = None
    """Seconds of the longest silence between two chunks, the last silence left out; None if there were no two."""
    stall_after: float = 30.0
    delivery: Delivery = Delivery.NONE
    unexplained_wait: float = 0.0
    """Seconds until the first content that nothing else explains: no retry, no reasoning, no queue, no call in one piece."""
    inner: Ending | None = None
    """For a run: the ending of the model stream whose result, or exception, this one hands on."""
