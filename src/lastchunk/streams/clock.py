# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The two clocks, in one place so that a test can fix them."""

from __future__ import annotations

import time
from collections.abc import Callable

monotonic: Callable[[], float] = time.perf_counter
"""Seconds; for durations and gaps."""

wall: Callable[[], int] = time.time_ns
"""Nanoseconds since the epoch; for the start of a span. Its end is the start plus a duration, so that it never runs back."""
