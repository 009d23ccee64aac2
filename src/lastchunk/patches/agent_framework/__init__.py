# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Microsoft Agent Framework: the streams of chat clients, agents and workflows.

Each is a `ResponseStream`. There is no terminal item: it is over when there are no more items. Where Agent Framework makes a span
of its own, the ending is written into that one; where its telemetry is off, the span is ours. `names` lists what is touched.
"""

from __future__ import annotations

from lastchunk.patches.agent_framework import chats, pulls, workflows
from lastchunk.patches.agent_framework.names import FUNCTIONAL_WORKFLOWS, STREAMS, TELEMETRY, WORKFLOWS
from lastchunk.patches.support.patching import Patch

_LIBRARY, _SUPPORTED = "agent-framework-core", ">= 1.22, < 2"

PATCHES = (
    Patch(_LIBRARY, _SUPPORTED, STREAMS, pulls.apply_streams),
    Patch(_LIBRARY, _SUPPORTED, TELEMETRY, chats.apply_telemetry),
    Patch(_LIBRARY, _SUPPORTED, WORKFLOWS, workflows.apply_workflows),
    Patch(_LIBRARY, _SUPPORTED, FUNCTIONAL_WORKFLOWS, workflows.apply_workflows),
)
