# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""How applications read a stream that is not async, and how they leave it."""

from __future__ import annotations

import copy
import itertools
import threading
from collections.abc import Callable
from contextlib import closing
from random import Random
from typing import Any

from fuzz.bodies import Boom
from fuzz.seen import chain
from fuzz.wire.values import Log

WAYS = (
    *(("to its end",) * 5),
    *("break", "close", "closing", "with", "raise", "tee", "iterator", "body", "copy", "cycle", "default", "zip"),
)

OTHER_WAYS = (*WAYS, "thread", "thread", "closed in a thread", "within", "thrown", "forgotten in a thread")
WHEN_SILENT = ("client",)
"""What happens to a reader when the server hangs: its client gives up."""


def read(stream: Any, way: str, random: Random, log: Log, current: Callable[[], None]) -> None:
    """Read as the way says; whatever comes of it is in the log."""
    places = random.randrange(4)
    log.append(stream.__class__.__name__)

    def came(item: Any) -> None:
        log.append(item)
        current()

    def some(items: Any, left: int = 999) -> None:
        for item in itertools.islice(items, left):
            came(item)

    def ended(step: Callable[[], Any]) -> None:
        try:
            log.append(("gave", step()))
        except BaseException as error:
            log.append(chain(error))

    match way:
        case "break":
            some(stream, places)
        case "close":
            some(stream, places)
            ended(stream.close)
            ended(lambda: next(iter(stream)))
        case "closing":
            with closing(stream):
                some(stream, places)
        case "with":
            if hasattr(stream, "__enter__"):
                with stream:
                    some(stream, places)
            ended(lambda: next(iter(stream)))
        case "raise":
            for item in stream:
                came(item)
                raise Boom("in the body")
        case "tee":
            for part in itertools.tee(stream):
                some(part)
        case "iterator":
            items = iter(stream)
            some(items, places)
            if hasattr(items, "close"):
                items.close()
            del items
            ended(lambda: some(stream))
        case "body":
            response = getattr(stream, "response", None)
            some(response.iter_lines() if hasattr(response, "iter_lines") else stream)
        case "copy":
            ended(lambda: copy.copy(stream).__class__.__name__)
            some(stream)
        case "cycle":
            some(stream, places)
            cycle = [stream]
            cycle.append(cycle)  # type: ignore[arg-type]
            del cycle
        case "default":
            items = iter(stream)
            log.append([next(items, "no more") for _ in range(3)])
        case "thread":
            _in_a_thread(lambda: ended(lambda: some(stream)))
        case "closed in a thread":
            some(stream, places)
            _in_a_thread(lambda: ended(stream.close))
            ended(lambda: next(iter(stream)))
        case "forgotten in a thread":
            some(stream, places)
            held = [stream]
            del stream
            _in_a_thread(held.clear)
        case "within":
            items = (item for item in stream)
            some(items, places)
            items.close()
            ended(lambda: some(stream))
        case "thrown":
            some(stream, places)
            if hasattr(stream, "throw"):
                ended(lambda: stream.throw(Boom("thrown")))
            ended(lambda: next(iter(stream)))
        case "zip":
            log.extend(zip(stream, range(places), strict=False))
        case _:
            some(stream)
            ended(lambda: next(iter(stream), "no more"))


def _in_a_thread(what: Callable[[], Any]) -> None:
    thread = threading.Thread(target=what)
    thread.start()
    thread.join()
