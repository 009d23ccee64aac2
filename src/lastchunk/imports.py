# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Calls a function when a module has been imported, by whatever thread, and imports nothing itself."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

import wrapt

OnImport = Callable[[ModuleType], None]

_waiting: dict[str, list[OnImport]] = {}
"""The functions to call when a module is imported, by its name."""
_hooked: set[str] = set()
"""An import hook cannot be taken back, so there is one for a name, for the process."""


def when_imported(name: str, tell: OnImport) -> Callable[[], None]:
    """Call `tell` with the module `name`: now if it is imported, else when it is; gives what takes that back.

    `tell` is called in the thread that imports, perhaps in another one at the same moment, and must not raise.
    """
    waiting = _waiting.setdefault(name, [])
    waiting.append(tell)
    module = sys.modules.get(name)
    if module is None:
        if name not in _hooked:
            _hooked.add(name)
            wrapt.register_post_import_hook(_imported, name)
    elif not _tells_when_over(module):
        tell(module)

    def take_back() -> None:
        if tell in waiting:
            waiting.remove(tell)

    return take_back


def exists(name: str) -> bool:
    """The module `name` can be found in its package, which is imported; nothing in between is."""
    if name in sys.modules:
        return True
    package, _, rest = name.partition(".")
    path = getattr(sys.modules.get(package), "__path__", None)
    for part in rest.split(".") if rest else ():
        package = f"{package}.{part}"
        spec = PathFinder.find_spec(package, path)
        if spec is None:
            return False
        path = spec.submodule_search_locations
    return True


def _imported(module: ModuleType) -> None:
    for tell in list(_waiting.get(module.__name__, ())):
        tell(module)


class _UnderWay(ModuleSpec):
    """The spec of a module that is being imported, by this thread or another: it hears when that is over."""

    @property
    def _initializing(self) -> bool:
        return bool(vars(self).get("_initializing"))

    @_initializing.setter
    def _initializing(self, initializing: bool) -> None:
        vars(self)["_initializing"] = initializing
        if not initializing:
            _is_over(self)


def _tells_when_over(module: ModuleType) -> bool:
    """The import of `module` is under way, and `_imported` will be called at its end."""
    spec = getattr(module, "__spec__", None)
    if type(spec) is _UnderWay:
        return True
    if type(spec) is not ModuleSpec or not getattr(spec, "_initializing", False):
        return False
    spec.__class__ = _UnderWay
    if not vars(spec).get("_initializing"):
        _is_over(spec)  # It ended between the look and the change.
    return True


def _is_over(spec: ModuleSpec) -> None:
    spec.__class__ = ModuleSpec
    module = sys.modules.get(spec.name)
    if module is not None:
        _imported(module)
