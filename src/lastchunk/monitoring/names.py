# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The names that Prometheus gives to Lastchunk's metrics and attributes, the same for scraped and pushed metrics.

The default of both: every character outside of `[A-Za-z0-9_:]` becomes `_`, the unit is appended, counters end in `_total`.
"""

from __future__ import annotations

import re

from lastchunk.semconv import Metric

_UNITS = {"s": "seconds", "By": "bytes"}
"""Units in braces are annotations, and are left out."""


def label(attribute: str) -> str:
    """The label of an attribute."""
    return re.sub(r"[^A-Za-z0-9_]", "_", attribute)


def series(metric: Metric) -> str:
    """The series of a metric; of a histogram without `_bucket`, `_sum` and `_count`."""
    name = re.sub(r"[^A-Za-z0-9_:]", "_", metric.name)
    unit = _UNITS.get(metric.unit)
    if unit is not None and not name.endswith(f"_{unit}"):
        name += f"_{unit}"
    return f"{name}_total" if metric.instrument == "counter" else name
