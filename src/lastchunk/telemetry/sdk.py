# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Whether anybody listens: the API alone has providers too, which do nothing."""

from __future__ import annotations

_API = ("opentelemetry.trace", "opentelemetry.metrics", "opentelemetry._logs")


def is_sdk(provider: object) -> bool:
    """`provider` is not one of the API's own."""
    return not type(provider).__module__.startswith(_API)
