# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What one `instrument()` call patches, in whatever order things are imported, and how it is undone."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import TYPE_CHECKING, Any

from lastchunk.imports import exists, when_imported
from lastchunk.own_errors import report
from lastchunk.settings import Settings

if TYPE_CHECKING:
    from lastchunk.patches.support.patching import Patch, Patcher

_logger = logging.getLogger("lastchunk.instrumentor")

LIBRARIES = (
    "autogen_core",
    "autogen_agentchat",
    "autogen_ext",
    "openai",
    "anthropic",
    "ollama",
    "azure.ai.inference",
    "mistralai.client",
    "google.genai",
    "autogen",
    "agent_framework",
    "ag2",
)
"""The packages that hold every module of `patches.PATCHES` in which streams begin.

Until one of them is imported nothing of Lastchunk is loaded but this module and what it needs: an application that has none of
them pays nothing for it.
"""


class Installation:
    """The patches of one `instrument()`: each is made when its module is there, until `undo`.

    `providers` may hold `tracer_provider`, `meter_provider` and `logger_provider`; None if nothing is to be emitted.
    """

    def __init__(self, settings: Settings, providers: Mapping[str, Any] | None) -> None:
        self._settings = settings
        self._providers = providers
        self._lock = threading.RLock()
        # Nothing is imported while it is held: whoever waits for it may be in the middle of an import himself.
        self._patcher: Patcher | None = None
        self._applied: set[Patch] = set()
        self._take_back: list[Callable[[], None]] = []
        self._active = True

    @property
    def patcher(self) -> Patcher | None:
        """What the patches are applied with; None until one of the libraries is there."""
        return self._patcher

    def apply(self) -> None:
        """Patch what is imported, and what will be."""
        for library in LIBRARIES:
            self._take_back.append(when_imported(library, partial(self._library_is_there, library)))

    def undo(self) -> None:
        """Put back what was there."""
        with self._lock:
            self._active = False
            if self._patcher is not None:
                self._patcher.undo()
        for take_back in self._take_back:
            take_back()

    def _library_is_there(self, library: str, _: ModuleType) -> None:
        if not self._active:
            return
        try:
            from lastchunk.patches import PATCHES

            patches = [patch for patch in PATCHES if _is_of(patch, [library])]
            if self._patcher is None:
                patcher = patcher_of(self._settings, self._providers)
                with self._lock:
                    if self._patcher is None:
                        self._patcher = patcher
                        patches += [patch for patch in PATCHES if not _is_of(patch, LIBRARIES)]
            _tell_what_is_missing([patch for patch in patches if _is_of(patch, LIBRARIES)])
            for patch in patches:
                self._take_back.append(when_imported(patch.module, partial(self._apply, patch)))
        except Exception as exc:
            report("running instrument()", exc)

    def _apply(self, patch: Patch, module: ModuleType) -> None:
        """Apply a patch, once; this is called by the application's own import, so nothing may be raised."""
        with self._lock:
            if not self._active or self._patcher is None or patch in self._applied:
                return
            self._applied.add(patch)
            try:
                self._patcher.apply(patch, module)
            except AttributeError as exc:
                _logger.warning(
                    "%s %s does not fit Lastchunk's patch of %s (%s; supported: %s). Lastchunk skips this patch, "
                    "and its other patches work. Install a supported version.",
                    patch.library,
                    _version(patch.library),
                    patch.module,
                    exc,
                    patch.supported,
                )
            except Exception as exc:
                report(f"patching {patch.module}", exc)


def _is_of(patch: Patch, libraries: Iterable[str]) -> bool:
    return any(patch.module.startswith(f"{library}.") for library in libraries)


def patcher_of(settings: Settings, providers: Mapping[str, Any] | None) -> Patcher:
    """A function that applies patches, with telemetry for these providers or the global ones; without telemetry for None."""
    from lastchunk.patches.support.patching import Patcher
    from lastchunk.streams.lifecycle import Streams
    from lastchunk.streams.telemetry import NoTelemetry

    if providers is None:
        return Patcher(Streams(NoTelemetry(), settings), settings)
    from lastchunk.telemetry import Telemetry

    telemetry = Telemetry(
        providers.get("tracer_provider"), providers.get("meter_provider"), providers.get("logger_provider"), settings
    )
    return Patcher(Streams(telemetry, settings), settings)


def _tell_what_is_missing(patches: list[Patch]) -> None:
    """One warning if an older or newer library, which is imported, lacks modules that are to be patched."""
    for library, supported in dict.fromkeys((patch.library, patch.supported) for patch in patches):
        modules = dict.fromkeys(p.module for p in patches if (p.library, p.supported) == (library, supported))
        missing = [module for module in modules if not exists(module)]
        if missing and not _fits(library, supported):
            _logger.warning(
                "%s %s has no %s. Lastchunk supports %s %s: it does not see the streams of this version at their "
                "source, and may report a silent cutoff as completed. Install a supported version.",
                library,
                _version(library),
                " and no ".join(missing),
                library,
                supported,
            )


def _fits(library: str, supported: str) -> bool:
    """The version of `library` is one of those supported, or nobody can say."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(supported).contains(version(library), prereleases=True)
    except (InvalidSpecifier, PackageNotFoundError):
        return True


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "of an unknown version"
