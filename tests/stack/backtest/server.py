# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus over a past that was made up: samples as text, which `promtool` makes blocks of."""

from __future__ import annotations

import json
import subprocess
import urllib.parse
from collections.abc import Iterable
from pathlib import Path

from tests.stack.servers import LOOPBACK, Server, binary, free_port, get

BEGIN = 1_735_689_600
"""Midnight, so that subqueries step where the samples are."""
Labels = frozenset[tuple[str, str]]


class Past(Server):
    """A Prometheus that only knows a past. A sample counts for `lookback` seconds: there are no stale markers."""

    def __init__(self, folder: Path, lookback: int) -> None:
        self.port = free_port()
        self.data = folder / "data"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "prometheus.yml").write_text("{}")
        command: list[str | Path] = [
            binary("prometheus"),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.data}",
            "--storage.tsdb.retention.time=100y",
            f"--query.lookback-delta={lookback}s",
            # What was learned is kept as it is.
            "--storage.tsdb.min-block-duration=2h",
            "--storage.tsdb.max-block-duration=2h",
            f"--web.listen-address={LOOPBACK}:{self.port}",
        ]
        super().__init__(command, folder, f"{self.url}/-/ready", {})

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def asked(self, expression: str, begin: int, end: int, step: str) -> dict[Labels, dict[int, str]]:
        """Each series of an expression: its value at each instant at which it is there."""
        query = {"query": expression, "start": begin, "end": end, "step": step}
        page = get(f"{self.url}/api/v1/query_range?{urllib.parse.urlencode(query)}", seconds=600)
        assert page, expression
        return {
            frozenset((name, value) for name, value in series["metric"].items() if name != "__name__"): {
                int(float(at)): value for at, value in series["values"]
            }
            for series in json.loads(page)["data"]["result"]
        }

    def learn(self, file: Path, lines: Iterable[str], hours: int = 2) -> None:
        """Start with additional samples, given as lines of OpenMetrics; in blocks of so many hours."""
        self.stop()
        with file.open("w") as written:
            written.writelines(f"{line}\n" for line in lines)
            written.write("# EOF\n")
        self.learn_files([file], hours)

    def learn_files(self, files: Iterable[Path], hours: int) -> None:
        """The same from files that are there. The server is stopped before."""
        for file in files:
            _made("openmetrics", "--quiet", file, self.data, f"--max-block-duration={hours}h")
        self.start()

    def record(self, rules: Path, begin: int, end: int, hours: int) -> None:
        """What these recordings would have kept."""
        span = [f"--start={begin}", f"--end={end}", f"--url={self.url}", f"--output-dir={self.data}"]
        _made("rules", "--quiet", *span, rules, f"--max-block-duration={hours}h")
        self.stop()
        self.start()


def _made(kind: str, *arguments: str | Path) -> None:
    *rest, blocks = arguments
    done = subprocess.run(
        [binary("promtool"), "tsdb", "create-blocks-from", blocks, kind, *rest], capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
