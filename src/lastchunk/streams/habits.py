# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Remembers whether a server and a model have ever sent a finish reason.

An end marker (`[DONE]`) says that the body is over, not that the answer is. Some servers never send a finish reason, and then
the marker is all there is. Others send one with each answer, and one without was cut. Only the habit tells them apart.
Remembered for each process, and for no more than `LIMIT` of them, the latest.
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress

from lastchunk.semconv import REQUEST_MODEL
from lastchunk.streams.start import Start

LIMIT = 500
_LONGEST = 300

_sent: OrderedDict[tuple[str, str], None] = OrderedDict()
"""Base URL and model of those that have sent a finish reason, in the order in which they last did."""


def finish_expected(start: Start) -> bool:
    """Whether the server and the model of this stream have sent a finish reason before. An answer without one was then cut."""
    return _endpoint(start) in _sent


def finish_sent(start: Start) -> None:
    """Note that they sent one."""
    endpoint = _endpoint(start)
    with suppress(KeyError):  # another thread may have thrown out what was there a moment ago
        _sent[endpoint] = None
        _sent.move_to_end(endpoint)
        if len(_sent) > LIMIT:
            _sent.popitem(last=False)


def forget() -> None:
    """Forget all habits, as in a new process."""
    _sent.clear()


def _endpoint(start: Start) -> tuple[str, str]:
    model = start.attributes.get(REQUEST_MODEL)
    return start.base_url[:_LONGEST], model[:_LONGEST] if isinstance(model, str) else ""
