# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Agent Framework and AG2 1.x: which versions, whether their own telemetry is on, and what of them is seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from packaging.version import Version

from lastchunk.doctor.environment.distributions import Everything
from lastchunk.doctor.report.findings import Check, Status

CORE = "agent-framework-core"
OLDEST = "1.22"
"""Of Agent Framework: the first version that the patches fit."""
_AG2_CLIENTS = "openai, anthropic, ollama, google-genai and mistralai"
_AG2_UNSEEN = "xai, zai, bedrock and dashscope"


def checks(environ: Mapping[str, str], everything: Everything) -> Iterator[Check]:
    """One check of each that is installed, and of Agent Framework's telemetry."""
    if CORE in everything:
        yield agent_framework(everything)
        yield telemetry(environ)
    if "ag2" in everything and Version(everything["ag2"].version).major >= 1:
        yield ag2(everything)


def agent_framework(everything: Everything) -> Check:
    """The core is one that the patches fit."""
    found = ", ".join(str(one) for name, one in sorted(everything.items()) if name.startswith("agent-framework"))
    if Version(everything[CORE].version) < Version(OLDEST):
        return Check(
            "agent_framework.versions",
            Status.WARNING,
            f"{found}: the patches fit {CORE} {OLDEST} and later. Only the SDKs below it are seen.",
            f"Install a newer one: pip install '{CORE}>={OLDEST}'.",
        )
    return Check(
        "agent_framework.versions", Status.OK, f"{found}: streams of chat clients, agents and workflows are seen."
    )


def telemetry(environ: Mapping[str, str]) -> Check:
    """Whose spans and metrics there will be, and whether Agent Framework sends content with its own."""
    if _is_on(environ, "ENABLE_SENSITIVE_DATA", default=False):
        return Check(
            "agent_framework.telemetry",
            Status.WARNING,
            "ENABLE_SENSITIVE_DATA is set: Agent Framework puts prompts and answers into its own spans.",
            "Leave it unset where content must not leave.",
        )
    if _is_on(environ, "ENABLE_INSTRUMENTATION", default=True):
        said = "Its telemetry is on: endings are written into its own spans, and its gen_ai.client.* metrics are the only ones."
    else:
        said = "Its telemetry is off (ENABLE_INSTRUMENTATION): spans and gen_ai.client.* metrics are Lastchunk's."
    return Check("agent_framework.telemetry", Status.OK, said)


def ag2(everything: Everything) -> Check:
    """What of AG2 1.x is seen."""
    return Check(
        "ag2.seen",
        Status.OK,
        f"{everything['ag2']}: chats through the SDKs of {_AG2_CLIENTS}, and turns of agents that have its "
        f"TelemetryMiddleware. Its clients of {_AG2_UNSEEN} are not seen.",
    )


def _is_on(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    said = environ.get(name, "").strip().lower()
    return said in ("true", "1", "yes", "on") if said else default
