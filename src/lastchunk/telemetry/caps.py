# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Limits the number of values of a metric attribute, because users may choose the names of models and agents.

The SDK keeps 2,000 sets of attributes for an instrument, and puts everything beyond them into one overflow series,
cutoffs included. Spans and log events keep every name.
"""

from __future__ import annotations

import logging

from lastchunk.semconv import OTHER

LIMIT = 100
"""At most so many values of one attribute; later values are counted as `_OTHER`."""

_logger = logging.getLogger(__name__)


class Cap:
    """Lets the first values of an attribute pass, and calls every later one `_OTHER`.

    It takes no lock: threads that bring new values at the same moment may together exceed the limit by one each.
    """

    __slots__ = ("_attribute", "_known", "_limit", "_warned")

    def __init__(self, attribute: str, limit: int = LIMIT) -> None:
        self._attribute = attribute
        self._limit = limit
        self._known: set[str] = set()
        self._warned = False

    def __call__(self, value: str) -> str:
        """`value`, or `_OTHER`."""
        known = self._known
        if value in known:
            return value
        if len(known) < self._limit:
            known.add(value)
            return value
        if not self._warned:
            self._warned = True
            _logger.warning(
                "There are more than %d values of %s: metrics count further values as %s. Spans keep the names. "
                "This is logged once.",
                self._limit,
                self._attribute,
                OTHER,
            )
        return OTHER
