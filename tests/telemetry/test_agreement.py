# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The three signals agree, stream by stream, over the whole matrix of endings."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from lastchunk import AutoGenStreamsInstrumentor
from tests.endings import drive
from tests.endings.matrix import ROWS
from tests.endings.ways import STALL_AFTER
from tests.telemetry.agreement import check
from tests.telemetry.signals import Signals


@pytest.mark.timeout(240)
def test_span_metrics_and_log_say_the_same_of_every_ending(signals: Signals, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextlib.contextmanager
    def instrumented(active: bool = True) -> Iterator[None]:
        AutoGenStreamsInstrumentor().instrument(**signals.providers, stall_after=STALL_AFTER)
        try:
            yield
        finally:
            AutoGenStreamsInstrumentor().uninstrument()

    monkeypatch.setattr(drive, "instrumented", instrumented)
    performance = drive.perform([row.case for row in ROWS], observed=True)
    assert performance.open == 0
    assert check(signals) > len(ROWS)
