# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Logs an exception that Lastchunk's own code raised, once per kind, so that it never reaches the application."""

from __future__ import annotations

import logging
from contextlib import suppress

_logger = logging.getLogger("lastchunk")
_reported: set[tuple[str, str]] = set()
_MOST = 100
"""The number of kinds that are logged. It is limited, because an application may create exception classes without end."""


def report(place: str, error: BaseException) -> None:
    """Log `error`, which Lastchunk's own code raised while doing `place`; each kind of error is logged once per place.

    Only its class and the line of Lastchunk's code are logged: its text may quote the application's data.
    """
    from lastchunk import (
        foreign,
    )  # An application that has none of the libraries, and no failures, pays nothing for it.

    what = foreign.class_name(type(error))
    kind = (place, what)
    if kind in _reported or len(_reported) >= _MOST:
        return
    _reported.add(kind)
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    line = f"{traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}" if traceback else "unknown line"
    with suppress(Exception):  # A filter or a handler of the application's may raise.
        _logger.warning(
            "Lastchunk failed while %s (%s at %s). The application is not affected, but its telemetry may be incomplete."
            " Please report this line. It is logged once.",
            place,
            what,
            line,
        )
