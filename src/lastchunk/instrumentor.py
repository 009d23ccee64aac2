# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What is patched, when, and how it is undone."""

from __future__ import annotations

import logging
import sys
from collections.abc import Collection
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import Any

import wrapt
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

from lastchunk import settings
from lastchunk.package import _instruments
from lastchunk.patches import PATCHES
from lastchunk.patches.patching import Patch, Patcher
from lastchunk.streams.guard import report
from lastchunk.streams.lifecycle import Streams
from lastchunk.telemetry import Telemetry

_logger = logging.getLogger(__name__)


class AutoGenStreamsInstrumentor(BaseInstrumentor):
    """Makes every stream of AutoGen and of the SDKs below it a span that says how it ended.

    `instrument()` takes `tracer_provider`, `meter_provider` and `logger_provider`, and each setting of
    `lastchunk.settings` by its name. Nothing is imported that the application does not import: a module is patched when it
    is there, or when it comes.
    """

    _patcher: Patcher | None = None
    _hooked = False

    def instrumentation_dependencies(self) -> Collection[str]:
        """Nothing in particular: each patch looks at its own library."""
        return _instruments

    def _check_dependency_conflicts(self) -> None:
        """There is none: an application with any one of the libraries is served, and versions are judged per patch."""

    def _instrument(self, **kwargs: Any) -> None:
        cls = type(self)
        try:
            chosen = settings.load(kwargs)
            telemetry = Telemetry(
                kwargs.get("tracer_provider"), kwargs.get("meter_provider"), kwargs.get("logger_provider"), chosen
            )
            cls._patcher = Patcher(Streams(telemetry, chosen), chosen)
        except Exception as exc:
            report("instrument()", exc)
            return
        if cls._hooked:
            for patch in PATCHES:
                if patch.module in sys.modules:
                    _apply(patch, sys.modules[patch.module])
            return
        cls._hooked = True
        for patch in PATCHES:
            wrapt.register_post_import_hook(lambda module, patch=patch: _apply(patch, module), patch.module)

    def _uninstrument(self, **kwargs: Any) -> None:
        cls = type(self)
        if cls._patcher is not None:
            cls._patcher.undo()
            cls._patcher = None


def _apply(patch: Patch, module: ModuleType) -> None:
    """Apply a patch, if instrumented; an import hook of the application's own import, so nothing may be raised."""
    patcher = AutoGenStreamsInstrumentor._patcher
    if patcher is None:
        return
    try:
        patcher.apply(patch, module)
    except AttributeError as exc:
        _logger.warning(
            "%s %s is not what Lastchunk's patch of %s was made for (%s; supported: %s). That patch is skipped, the rest works.",
            patch.library,
            _version(patch.library),
            patch.module,
            exc,
            patch.supported,
        )
    except Exception as exc:
        report(f"the patch of {patch.module}", exc)


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "of an unknown version"
