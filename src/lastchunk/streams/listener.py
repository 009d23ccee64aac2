# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Calls the application's own function with each ending."""

from __future__ import annotations

import logging
from contextvars import Context
from importlib import import_module

from lastchunk.own_errors import report
from lastchunk.settings import OnEnding
from lastchunk.streams.about import about
from lastchunk.streams.ending import Ending
from lastchunk.streams.record import StreamRecord

_logger = logging.getLogger(__name__)


class Listener:
    """Calls `on_ending`.

    A function that is given by its name is imported at the first ending: at start-up its module may not exist yet.
    """

    def __init__(self, on_ending: OnEnding | str) -> None:
        self._given = on_ending
        self._function: OnEnding | None = None if isinstance(on_ending, str) else on_ending
        self._missing = False

    def hear(self, record: StreamRecord, ending: Ending, context: Context | None) -> None:
        """Call the function in a copy of the stream's `context`. What it raises is reported."""
        function = self._function or self._import()
        if function is None:
            return
        try:
            (Context() if context is None else context.copy()).run(function, ending, about(record))
        except Exception as exc:
            report("calling the application's on_ending function", exc)

    def _import(self) -> OnEnding | None:
        if self._missing:
            return None
        module, _, name = str(self._given).partition(":")
        try:
            found: object = import_module(module)
            for part in name.split("."):
                found = getattr(found, part)
            if not callable(found):
                raise TypeError(f"{name} is not a function")
        except Exception as exc:
            self._missing = True
            _logger.warning(
                "on_ending=%s cannot be imported (%s), so no function is called with the endings. Set "
                "LASTCHUNK_ON_ENDING or `instrument(on_ending=...)` to `module:function`.",
                self._given,
                type(exc).__name__,
            )
            return None
        self._function = found
        return found
