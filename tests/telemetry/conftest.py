# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""An application whose spans, metrics and log events are all kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lastchunk import AutoGenStreamsInstrumentor
from lastchunk.streams import open_streams
from tests.telemetry.signals import Signals


@pytest.fixture(name="signals")
def _signals() -> Iterator[Signals]:
    """Nothing is instrumented yet. No stream is left open after the test."""
    yield Signals()
    open_streams.drain()
    assert open_streams.open_streams() == []


@pytest.fixture(name="observe")
def _observe() -> Iterator[Callable[..., Signals]]:
    """`observe(signals, **settings)` instruments every library; nothing is patched after the test."""

    def observe(signals: Signals, **settings: Any) -> Signals:
        AutoGenStreamsInstrumentor().instrument(**signals.providers, **settings)
        return signals

    yield observe
    if AutoGenStreamsInstrumentor().is_instrumented_by_opentelemetry:
        AutoGenStreamsInstrumentor().uninstrument()
