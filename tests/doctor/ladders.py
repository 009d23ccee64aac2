# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Ladders climbed in tests, without the command around them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lastchunk.doctor.ladder.clients import Given
from lastchunk.doctor.ladder.examine import Chosen, findings
from lastchunk.doctor.report.findings import Check, Detail, Doing, Finding

LONG = " ".join(f"{number:030}" for number in range(12))
"""An answer of twelve chunks, which is long enough to tell how it comes."""
KEY = "sk-of-the-environment-0123456789"
ENVIRONMENT = {"OPENAI_API_KEY": KEY, "AZURE_OPENAI_API_KEY": KEY, "ANTHROPIC_API_KEY": KEY}
MODELS = {"openai": "test-model", "azure": "deployed", "anthropic": "claude-3-5-haiku-latest", "ollama": "llama3.2"}


@dataclass(frozen=True)
class Climbed:
    """What a command found."""

    checks: dict[str, Check]
    details: dict[str, Detail]
    doing: list[str]

    @classmethod
    def of(cls, found: Iterable[Finding]) -> Climbed:
        """Return everything that a generator of findings yields."""
        everything = list(found)
        return cls(
            {one.id: one for one in everything if isinstance(one, Check)},
            {one.name: one for one in everything if isinstance(one, Detail)},
            [one.what for one in everything if isinstance(one, Doing)],
        )

    @property
    def verdict(self) -> Check:
        """The last check."""
        return self.checks["stream.verdict"]

    def runs(self, rung: int) -> list[dict[str, Any]]:
        """Return the runs of a rung, as the details describe them."""
        return [run for run in self.details["runs"].value if run["rung"] == rung]


def climb(
    base_url: str | None, client: str = "openai", *, environ: Mapping[str, str] = ENVIRONMENT, **chosen: Any
) -> Climbed:
    """Climb with one of AutoGen's clients."""
    given = Given(client, MODELS[client], base_url)
    return Climbed.of(findings(Chosen(given=given, **chosen), environ))


def climb_target(name: str, **chosen: Any) -> Climbed:
    """Climb with one of `tests.doctor.applications`."""
    return Climbed.of(findings(Chosen(target=f"tests.doctor.applications:{name}", **chosen), ENVIRONMENT))
