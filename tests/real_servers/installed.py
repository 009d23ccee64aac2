# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Where `scripts/real-servers` put the servers, and how one is started."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.stack.servers import LOOPBACK, Missing, Server, free_port

ROOT = Path(__file__).parents[2]
SECONDS = 120.0
"""Within these a server has started: LiteLLM imports for ten seconds on a machine that does nothing else."""


class RealServer(Server):
    """A server of an environment of its own, on a free port. Raises `Missing` if it is not installed."""

    def __init__(
        self,
        name: str,
        program: str,
        *arguments: str | Path,
        folder: Path,
        ready: str,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        binary = ROOT / f".venv-{name}" / "bin" / program
        if not binary.exists():
            raise Missing(f"{name} is missing: `make real-servers` installs it.")
        self.port = free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        command = (binary, *arguments, "--host", LOOPBACK, "--port", str(self.port))
        super().__init__(command, folder, f"{self.url}{ready}", environment or {})
