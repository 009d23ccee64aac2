# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The dialects of real servers, in each protocol: rows of the matrix."""

from __future__ import annotations

from collections.abc import Mapping

from lastchunk.model_server.actions import Script
from tests.endings.dialects_openai import OPENAI
from tests.endings.dialects_other import ANTHROPIC, OLLAMA, RESPONSES

_ALL = {**OPENAI, **ANTHROPIC, **RESPONSES, **OLLAMA}
DIALECTS: Mapping[str, Script] = {name: Script(steps) for name, (steps, _) in _ALL.items()}
"""By name."""
BRIEFS: Mapping[str, str] = {name: brief for name, (_, brief) in _ALL.items()}
"""Who sends it, or what is special about it; empty if the name says it."""
