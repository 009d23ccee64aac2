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

from lastchunk.demo import report
from lastchunk.demo.model_server import ModelServer
from lastchunk.demo.receiver import SpanReceiver
from lastchunk.demo.tour import STALL_AFTER, STOPS, prepare

_APPLICATION = Path(__file__).with_name("application.py")
_INSTRUMENT = Path(sys.executable).with_name("opentelemetry-instrument")
_AT_MOST = 55.0
"""Seconds after which a tour that should take ten has failed."""
_INTERRUPTED = 130

_INTRODUCTION = f"""\
An ordinary AutoGen application now reads {len(STOPS)} streams, most of which a server breaks. Nothing in it knows of
telemetry; it was started with `opentelemetry-instrument python application.py`. Each line is a stream that has ended:
inner ones are indented, `!` marks what needs a look.
"""


def main() -> int:
    """Run the tour; 0 if every stream of it was seen, 130 if it was interrupted, else 1."""
    try:
        with tempfile.TemporaryDirectory(prefix="lastchunk-demo-") as folder:
            return _tour(Path(folder))
    except KeyboardInterrupt:
        print("\nThe tour was interrupted.", file=sys.stderr)
        return _INTERRUPTED


def _tour(folder: Path) -> int:
    urls, told, log = folder / "urls.json", folder / "told.jsonl", folder / "application.log"
    errors = folder / "stderr"
    with LLMockServer() as llmock, ModelServer() as models, SpanReceiver() as receiver:
        urls.write_text(json.dumps(prepare(llmock, models)))
        print(_INTRODUCTION, flush=True)
        command = [str(_INSTRUMENT), sys.executable, str(_APPLICATION), str(urls), str(told), str(log)]
        failure = _run(command, _environment(receiver.endpoint), errors)
        if failure:
            return _failed(failure, errors)
        try:
            found = report.findings(receiver.spans, told)
        except LookupError as missing:
            return _failed(str(missing.args[0]), errors)
    print()
    report.show(found)
    return 0


def _run(command: list[str], environment: dict[str, str], errors: Path) -> str | None:
    """Run the application to its end; what went wrong, or None."""
    try:
        with errors.open("w") as stderr, subprocess.Popen(command, env=environment, stderr=stderr) as process:
            try:
                code = process.wait(_AT_MOST)
            except subprocess.TimeoutExpired:
                process.kill()
                return f"the application was still running after {_AT_MOST:.0f} s"
            except KeyboardInterrupt:
                # The terminal has sent it the same signal: let it close its streams and export their spans.
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(3.0)
                process.kill()
                raise
    except FileNotFoundError:
        return f"{command[0]} is not installed: pip install 'lastchunk-instrumentation-autogen[demo]'"
    return f"the application ended with exit code {code}" if code else None


def _environment(endpoint: str) -> dict[str, str]:
    """What the user has, without settings that would send the tour's telemetry, or its requests, elsewhere."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "LASTCHUNK_"))
    }
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


def _failed(sentence: str, errors: Path) -> int:
    print(f"\nThe tour failed: {sentence}.", file=sys.stderr)
    last_words = errors.read_text(errors="replace").strip().splitlines()[-5:]
    if last_words:
        print("The last that the application wrote:", *last_words, sep="\n  ", file=sys.stderr)
    return 1
