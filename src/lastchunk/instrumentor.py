# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The instrumentor that OpenTelemetry loads: it reads the settings and manages one `Installation` at a time."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

from lastchunk import settings
from lastchunk.installation import Installation
from lastchunk.own_errors import report
from lastchunk.package import _instruments
from lastchunk.streams import wanted

_logger = logging.getLogger(__name__)


class AutoGenStreamsInstrumentor(BaseInstrumentor):
    """Makes every stream of AutoGen and of the SDKs below it a span that says how it ended.

    `instrument()` takes `tracer_provider`, `meter_provider` and `logger_provider`, and each setting of
    `lastchunk.settings` by its name. Nothing is imported that the application does not import: a module is patched when it
    is there, or when it comes.
    """

    installation: Installation | None = None
    """What `instrument()` put in place; None if this instrumentor did not, or took it back."""

    def instrumentation_dependencies(self) -> Collection[str]:
        """Nothing in particular: each patch looks at its own library."""
        return _instruments

    def _check_dependency_conflicts(self) -> None:
        """There is none: an application with any one of the libraries is served, and versions are judged per patch."""

    def _instrument(self, **kwargs: Any) -> None:
        if _Process.installation is not None:
            _logger.warning("Another instrumentor has already set Lastchunk up, so this call does nothing.")
            return
        try:
            installation = Installation(settings.load(kwargs), settings.providers(kwargs))
            stop_observing()
            self.installation = _Process.installation = installation
            installation.apply()
        except Exception as exc:
            report("running instrument()", exc)

    def _uninstrument(self, **kwargs: Any) -> None:
        """Put back what was there; an application that wants to know its endings is still told them."""
        installation, self.installation = self.installation, None
        if installation is not None:
            _Process.installation = None
            installation.undo()
        if wanted.endings:
            observe()


class _Process:
    """Of all instrumentors, subclasses too, one at a time patches the process; or none does, and streams are only observed."""

    installation: Installation | None = None
    observing: Installation | None = None


def observe() -> None:
    """Observe streams from now on, even if nobody listens to telemetry: the application wants to know how they end.

    Called by the import of what tells it (`lastchunk.acting`), so nobody needs to call it. What `instrument()` was told stays;
    without it nothing is emitted, and nothing of AutoGen's own telemetry is touched.
    """
    wanted.endings = True
    if _Process.installation is not None or _Process.observing is not None:
        return
    try:
        installation = Installation(replace(settings.load({}), autogen_spans="keep"), None)
        _Process.observing = installation
        installation.apply()
    except Exception as exc:
        report("starting to observe streams", exc)


def stop_observing() -> None:
    """Put back what `observe` put in place."""
    installation, _Process.observing = _Process.observing, None
    if installation is not None:
        installation.undo()
