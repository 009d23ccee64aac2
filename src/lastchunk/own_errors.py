# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What happens to an exception of our own: it is logged once per kind, with the place, and goes no further."""

from __future__ import annotations

import logging

_logger = logging.getLogger("lastchunk")
_reported: set[tuple[str, str]] = set()
_MOST = 100
"""Kinds that are logged: an application may define classes of exceptions for ever."""


def report(place: str, error: BaseException) -> None:
    """Log `error`, which Lastchunk's own code raised at `place`, unless its kind was logged from there before.

    The exception's text may quote the application's data, so only its class and our own line are written.
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
    _logger.warning(
        "Lastchunk failed at %s (%s at %s). The application is not affected; telemetry of this stream may be incomplete."
        " This is logged once.",
        place,
        what,
        line,
    )
