# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Every place of Agent Framework that its patches touch: what for, and what is lost without it.

Most of them are private, and Agent Framework moves fast. A patch asks for all the names of its module before it touches one: if
a name has gone, one warning says so, that module stays as Agent Framework made it, and the rest works.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

STREAMS = "agent_framework._types"
TELEMETRY = "agent_framework.observability"
WORKFLOWS = "agent_framework._workflows._workflow"
FUNCTIONAL_WORKFLOWS = "agent_framework._workflows._functional"
MODULES = (STREAMS, TELEMETRY, WORKFLOWS, FUNCTIONAL_WORKFLOWS)

_SDK_ALONE = "calls of a patched SDK are streams of their own, as without this patch"
_NO_ENDING = f"no chat, agent or workflow stream has an ending; {_SDK_ALONE}"
_NO_CHATS = f"chat and agent streams have no ending; {_SDK_ALONE}"
_NO_WORKFLOWS = "workflow streams have no ending; the agents inside them have"


@dataclass(frozen=True, slots=True)
class Name:
    """One place."""

    module: str
    path: str
    """Within the module, with dots."""
    purpose: str
    without: str
    """The effect on streams if it is missing."""
    needed: bool = True
    """Without it the patch of its module is not made."""


NAMES = (
    Name(STREAMS, "ResponseStream._pull_next_update", "each item, exhaustion and every error of a stream", _NO_ENDING),
    Name(STREAMS, "ResponseStream.close", "the consumer leaves a stream", _NO_ENDING),
    Name(TELEMETRY, "ChatTelemetryLayer.get_response", "a chat client is asked for a stream", _NO_CHATS),
    Name(TELEMETRY, "AgentTelemetryLayer._trace_agent_invocation", "an agent is asked for a stream", _NO_CHATS),
    Name(TELEMETRY, "_start_streaming_span", "the span that Agent Framework makes for either", _NO_CHATS),
    Name(WORKFLOWS, "Workflow.run", "a workflow is asked for a stream", _NO_WORKFLOWS),
    Name(WORKFLOWS, "start_workflow_span", "the span that Agent Framework makes for it", _NO_WORKFLOWS),
    Name(FUNCTIONAL_WORKFLOWS, "FunctionalWorkflow.run", "the same of a workflow that is a function", _NO_WORKFLOWS),
    Name(FUNCTIONAL_WORKFLOWS, "start_workflow_span", "its span", _NO_WORKFLOWS),
    Name(
        TELEMETRY,
        "OBSERVABILITY_SETTINGS.ENABLED",
        "whether Agent Framework makes spans for workflows",
        "workflow streams have no span where its telemetry is off",
        needed=False,
    ),
)


def require(module: ModuleType) -> None:
    """Raise an AttributeError if a name of the module has gone."""
    for name in NAMES:
        if name.module == module.__name__ and name.needed:
            place: object = module
            for part in name.path.split("."):
                if not hasattr(place, part):
                    raise AttributeError(f"{module.__name__} has no {name.path}")
                place = getattr(place, part)
