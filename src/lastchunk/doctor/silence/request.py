# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Asks the server for a silence through the last message, the only part that every client and proxy passes on."""

from __future__ import annotations

import re
from collections.abc import Mapping

LONGEST = 3600.0
"""Seconds: nobody keeps the server's connection for longer."""
_ASKED = re.compile(r"lastchunk: be silent for (\d{1,6}(?:\.\d{1,6})?) seconds")


def asks_for(seconds: float) -> str:
    """The message that asks for a silence."""
    return f"lastchunk: be silent for {seconds:.6f} seconds"


def asked_in(message: Mapping[str, object]) -> float:
    """The seconds that a message asks for; 0 if it asks for none."""
    content = message.get("content")
    found = _ASKED.search(content if isinstance(content, str) else str(content))
    return min(float(found[1]), LONGEST) if found else 0.0
