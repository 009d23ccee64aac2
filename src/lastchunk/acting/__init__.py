# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Lets an application act on how its streams end: `ending_of`, `guard`, `keepalive`, retries, a model client that retries.

Whoever imports a name of this room asks for it: from then on streams are observed, with or without an OpenTelemetry SDK, and
without a call of `instrument()`. The names are exported by `lastchunk`; docs/acting-on-cutoffs.md is the manual.
"""

from __future__ import annotations

from lastchunk.instrumentor import observe

observe()
