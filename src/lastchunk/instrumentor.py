# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What is patched, when, and how it is undone."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Collection, Iterable
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import TYPE_CHECKING, Any

import wrapt
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

from lastchunk import settings
from lastchunk.own_errors import report
from lastchunk.package import _instruments
from lastchunk.settings import Settings

if TYPE_CHECKING:
    from lastchunk.patches.support.patching import Patch, Patcher

_logger = logging.getLogger(__name__)

LIBRARIES = (
    "autogen_core",
    "autogen_agentchat",
    "autogen_ext",
    "openai",
    "anthropic",
    "ollama",
    "azure.ai.inference",
    "autogen",
)
"""The packages that hold every module of `patches.PATCHES`.

Until one of them is imported nothing of Lastchunk is loaded but this module: an application that has none of them pays
nothing for it.
"""


class AutoGenStreamsInstrumentor(BaseInstrumentor):
    """Makes every stream of AutoGen and of the SDKs below it a span that says how it ended.

    `instrument()` takes `tracer_provider`, `meter_provider` and `logger_provider`, and each setting of
    `lastchunk.settings` by its name. Nothing is imported that the application does not import: a module is patched when it
    is there, or when it comes.
    """

    _patcher: Patcher | None = None
    _given: tuple[Settings, dict[str, Any]] | None = None
    """What `instrument()` was called with; None if not instrumented."""
    _waiting = False
    """The hooks for `LIBRARIES` are registered …"""
    _hooked = False
    """… and those for the modules to be patched."""
    _half_imported: tuple[Patch, ...] = ()
    """Patches of modules that were still being imported when they were met; made when the next library is there."""
    _loading = threading.RLock()

    def instrumentation_dependencies(self) -> Collection[str]:
        """Nothing in particular: each patch looks at its own library."""
        return _instruments

    def _check_dependency_conflicts(self) -> None:
        """There is none: an application with any one of the libraries is served, and versions are judged per patch."""

    def _instrument(self, **kwargs: Any) -> None:
        cls = type(self)
        try:
            cls._given = settings.load(kwargs), kwargs
        except Exception as exc:
            report("instrument()", exc)
            return
        if any(library in sys.modules for library in LIBRARIES):
            _load()
        if not cls._waiting:
            cls._waiting = True
            for library in LIBRARIES:
                wrapt.register_post_import_hook(lambda _: _load(), library)

    def _uninstrument(self, **kwargs: Any) -> None:
        cls = type(self)
        if cls._patcher is not None:
            cls._patcher.undo()
            cls._patcher = None
        cls._given = None
        cls._half_imported = ()


def _load() -> None:
    """One of the libraries is there: patch what is imported of it, and what will be; once for each `instrument()`."""
    cls = AutoGenStreamsInstrumentor
    with cls._loading:
        if cls._given is None:
            return
        if cls._patcher is not None:
            waiting, cls._half_imported = cls._half_imported, ()
            _apply_to_imported(waiting)
            return
        try:
            from lastchunk.patches import PATCHES

            cls._patcher = _patcher(*cls._given)
        except Exception as exc:
            report("instrument()", exc)
            return
        _apply_to_imported(PATCHES)
        if not cls._hooked:
            cls._hooked = True
            for patch in PATCHES:
                if patch.module not in sys.modules:
                    wrapt.register_post_import_hook(lambda module, patch=patch: _apply(patch, module), patch.module)


def _apply_to_imported(patches: Iterable[Patch]) -> None:
    """Apply the patches of modules that are imported; a library may come in the middle of the import of another one."""
    for patch in patches:
        module = sys.modules.get(patch.module)
        if getattr(getattr(module, "__spec__", None), "_initializing", False):
            AutoGenStreamsInstrumentor._half_imported += (patch,)
        elif module is not None:
            _apply(patch, module)


def _patcher(chosen: Settings, given: dict[str, Any]) -> Patcher:
    from lastchunk.patches.support.patching import Patcher
    from lastchunk.streams.lifecycle import Streams
    from lastchunk.telemetry import Telemetry

    telemetry = Telemetry(
        given.get("tracer_provider"), given.get("meter_provider"), given.get("logger_provider"), chosen
    )
    return Patcher(Streams(telemetry, chosen), chosen)


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
