# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Hides OpenTelemetry's variables from the doctor's own process, because OpenTelemetry reads them on import and may fail."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager


def is_of_opentelemetry(variable: str) -> bool:
    """OpenTelemetry reads it."""
    return variable.startswith("OTEL_")


@contextmanager
def sheltered() -> Generator[Mapping[str, str]]:
    """The environment as it is; within, OpenTelemetry's variables are not set for this process."""
    environ = dict(os.environ)
    taken = {name: value for name, value in environ.items() if is_of_opentelemetry(name)}
    for name in taken:
        del os.environ[name]
    try:
        yield environ
    finally:
        os.environ.update(taken)
