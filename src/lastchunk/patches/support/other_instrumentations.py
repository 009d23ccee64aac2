# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Finds out whether another OpenTelemetry instrumentation records the standard metrics of the same SDK call.

Our span and our own metrics stand either way; what the conventions define must not be recorded twice. The official
instrumentations mark the context for what is below them (`telemetry.listeners`). One that stands below ours, or leaves no
mark, is found here: among the wrappers of the method.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

from lastchunk.own_errors import report
from lastchunk.streams.shapes import Function

_INSTRUMENTATIONS = "opentelemetry.instrumentation."


def wrapped_by_another(wrapped: Function, instance: object) -> bool:
    """Whether an active instrumentation of somebody else wraps the method behind `wrapped`."""
    try:
        method = _method(instance, getattr(wrapped, "__name__", "")) or wrapped
        return any(_is_active(module) for module in _modules(method) if module.startswith(_INSTRUMENTATIONS))
    except Exception as exc:
        report("looking for other instrumentations", exc)
        return False


def _method(instance: object, name: str) -> object:
    """Return the attribute of the class, with everybody's wrappers."""
    for owner in type(instance).__mro__:
        if name in vars(owner):
            return vars(owner)[name]
    return None


def _modules(function: object) -> Iterator[str]:
    """Return the modules of a function's wrappers, the outermost first."""
    while function is not None:
        # wrapt hides a wrapper behind what it wraps; a plain function that wraps is of its own module.
        wrapper = getattr(function, "_self_wrapper", function)
        yield str(getattr(wrapper, "__module__", ""))
        function = getattr(function, "__wrapped__", None)


def _is_active(module: str) -> bool:
    """Whether the instrumentor of `module`'s package is active. If no instrumentor is found, its wrapper counts as active."""
    found = False
    while module.startswith(_INSTRUMENTATIONS):
        for value in list(vars(sys.modules.get(module, object)).values()):
            if isinstance(value, type) and issubclass(value, BaseInstrumentor) and value is not BaseInstrumentor:
                found = True
                instance = value._instance
                if instance is not None and instance.is_instrumented_by_opentelemetry:
                    return True
        module = module.rpartition(".")[0]
    return not found
