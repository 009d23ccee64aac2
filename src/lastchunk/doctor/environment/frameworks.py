# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Checks Agent Framework and AG2 1.x: their versions, their own telemetry, and which of their streams Lastchunk sees."""

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
            f"{found}: the patches support {CORE} {OLDEST} and later. Lastchunk sees only the SDKs below it.",
            f"Install a newer version: pip install '{CORE}>={OLDEST}'.",
        )
    return Check(
        "agent_framework.versions",
        Status.OK,
        f"{found}: Lastchunk sees the streams of chat clients, agents and workflows.",
    )


def telemetry(environ: Mapping[str, str]) -> Check:
    """Whose spans and metrics there will be, and whether Agent Framework sends content with its own."""
    if _is_on(environ, "ENABLE_SENSITIVE_DATA", default=False):
        return Check(
            "agent_framework.telemetry",
            Status.WARNING,
            "ENABLE_SENSITIVE_DATA is set: Agent Framework puts prompts and answers into its own spans.",
            "Unset it if content must not be exported.",
        )
    if _is_on(environ, "ENABLE_INSTRUMENTATION", default=True):
        said = (
            "Its telemetry is on: Lastchunk writes endings into its spans, and leaves the gen_ai.client.* "
            "metrics to it."
        )
    else:
        said = (
            "Its telemetry is off (ENABLE_INSTRUMENTATION): Lastchunk makes the spans and the gen_ai.client.* metrics."
        )
    return Check("agent_framework.telemetry", Status.OK, said)


def ag2(everything: Everything) -> Check:
    """What of AG2 1.x is seen."""
    return Check(
        "ag2.seen",
        Status.OK,
        f"{everything['ag2']}: Lastchunk sees chats through the SDKs of {_AG2_CLIENTS}, and turns of agents that "
        f"use its TelemetryMiddleware. The SDKs of its other clients ({_AG2_UNSEEN}) are not patched: there only the turn "
        "says how it ended.",
    )


def _is_on(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    said = environ.get(name, "").strip().lower()
    return said in ("true", "1", "yes", "on") if said else default
