# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Streams that carry their observer as an attribute, because their library would bypass a proxy around them."""

from __future__ import annotations

from lastchunk.streams.observer import Observer
from lastchunk.streams.shapes import own_attributes

_WATCH = "_lastchunk_watch"


class Watch:
    """Watches one stream. Only the stream holds its watch, so both die together."""

    __slots__ = ("observer",)

    def __init__(self, observer: Observer) -> None:
        self.observer = observer


def attach(stream: object, watch: Watch) -> None:
    """Make `stream` hold its watch."""
    setattr(stream, _WATCH, watch)


def watch_of(stream: object) -> Watch | None:
    """Return the watch of `stream`, None if it has none. No property of the stream is asked."""
    watch = own_attributes(stream).get(_WATCH)
    return watch if isinstance(watch, Watch) else None
