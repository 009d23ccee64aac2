# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Whether the application wants to know how its streams end. A module of its own, which costs nothing to import."""

from __future__ import annotations

endings = False
"""It has imported what tells it (`lastchunk.acting`): streams are observed even if nobody listens to telemetry."""
