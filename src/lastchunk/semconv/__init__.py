# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The one table of every name that Lastchunk emits: spans, attributes, events, metrics, their types, units and meaning.

Standard names (`gen_ai.*`, `error.type`, `server.*`) follow the OpenTelemetry GenAI semantic conventions, generation A
(the last full text in the core conventions, 1.41). Own names stand under `lastchunk.stream.*`, and only where no
convention exists. Nothing else in this package, its dashboards, alerts or Collector configurations may write a name
that is not listed here. `values` are the closed sets, `attributes` use them, `metrics` carry attributes.
"""

from __future__ import annotations

from lastchunk.semconv.attributes import *
from lastchunk.semconv.metrics import *
from lastchunk.semconv.values import *
