# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The tour behind `make demo` and `lastchunk demo`.

Two model servers and an OTLP receiver run in this process; the application runs in another, under the command that any
user of Lastchunk types: `opentelemetry-instrument python application.py`.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from llmock.testing import LLMockServer

from lastchunk import stopped, terminal
from lastchunk.demo import report
from lastchunk.demo.receiver import SpanReceiver
from lastchunk.demo.tour import HAS_SUCCESSOR, STALL_AFTER, STOPS, prepare
from lastchunk.model_server.server import ModelServer

APPLICATION = Path(__file__).with_name("application.py")
LAST_SCENE = Path(__file__).with_name("last_scene.py")
_INSTRUMENT = Path(sys.executable).with_name("opentelemetry-instrument")
_AT_MOST = 55.0
"""Seconds after which the tour has failed; it should take ten."""
_GRACE = 3.0
"""Seconds that a stopped application has to end by itself."""

_INTRODUCTION = (
    f"An ordinary AutoGen application now reads {len(STOPS)} streams. A server breaks most of them. The application contains no "
    "telemetry code; it was started with `opentelemetry-instrument python application.py`. Each line is a stream that has ended. "
    "Inner streams are indented, `!` marks what needs attention, and `->` says what to do.\n"
)


class TourFailed(Exception):
    """The tour did not come to its end; the message is a sentence for the person who started it."""


def main() -> int:
    """Run the tour and print its findings. 0 if every stream was seen, 2 if not, 130 or 143 if it was stopped."""
    terminal.console().print(_INTRODUCTION)
    try:
        with tempfile.TemporaryDirectory(prefix="lastchunk-demo-") as folder:
            found = tour(Path(folder))
    except KeyboardInterrupt:
        print("\nThe tour was interrupted.", file=sys.stderr)
        return stopped.status()
    except TourFailed as failure:
        print(f"\nThe tour failed: {failure}", file=sys.stderr)
        return 2
    print()
    report.show(found)
    if not HAS_SUCCESSOR:
        print(
            "An agent of Microsoft Agent Framework is shown, too, where it is installed: pip install agent-framework-openai"
        )
    return 0


def tour(folder: Path) -> list[report.Finding]:
    """Run the application, whose streams print their lines as they end; what was found at each stop.

    Raises `TourFailed`. The application's files are left in `folder`.
    """
    endpoints, told, log = folder / "endpoints.json", folder / "told.jsonl", folder / "application.log"
    with LLMockServer() as llmock, ModelServer() as models, SpanReceiver() as receiver:
        endpoints.write_text(json.dumps(prepare(llmock, models)))
        command = [_INSTRUMENT, sys.executable, APPLICATION, endpoints, told, log]
        environment = _environment(receiver.endpoint)
        _run([str(part) for part in command], environment, folder / "stderr")
        _run([sys.executable, *map(str, (LAST_SCENE, endpoints, told, log))], environment, folder / "stderr-last-scene")
        try:
            return report.findings(receiver.spans, told)
        except LookupError as missing:
            raise TourFailed(f"{missing.args[0]}.") from missing


def _run(command: list[str], environment: dict[str, str], errors: Path) -> None:
    """Run the application to its end. Its standard error goes to a file: the screen belongs to the streams."""
    try:
        with errors.open("w") as stderr, subprocess.Popen(command, env=environment, stderr=stderr) as process:
            try:
                code = process.wait(_AT_MOST)
            except subprocess.TimeoutExpired:
                process.kill()
                raise TourFailed(f"the application was still running after {_AT_MOST:.0f} s.") from None
            except KeyboardInterrupt:
                # After Ctrl-C, the terminal has told it, too: let it close its streams and export their spans.
                if stopped.terminated():
                    process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_GRACE)
                process.kill()
                raise
    except FileNotFoundError:
        install = "pip install 'lastchunk-instrumentation-autogen[demo]'"
        raise TourFailed(f"{command[0]} is not installed: {install}") from None
    if code:
        last_words = errors.read_text(errors="replace").strip().splitlines()[-1:]
        raise TourFailed("\n  ".join([f"the application ended with exit code {code}.", *last_words]))


def _environment(endpoint: str) -> dict[str, str]:
    """What the user has, without settings that would send the tour's telemetry, or its requests, elsewhere."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "LASTCHUNK_"))}
    return inherited | {
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "OTEL_SERVICE_NAME": "lastchunk-demo",
        "OTEL_TRACES_EXPORTER": "lastchunk_console,otlp",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": endpoint,
        # Batches are exported every five seconds by default; here each line shall appear as its stream ends.
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "LASTCHUNK_STALL_AFTER": str(STALL_AFTER),
    }
