# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The tour as a whole: a real application in its own process, and what it looks like when the tour fails."""

from __future__ import annotations

import ast
import os
import re
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.version import Version

from lastchunk.demo import run
from lastchunk.demo.tour import HAS_SUCCESSOR, STOPS

ENDINGS: dict[str, tuple[str, str | None]] = {
    "travel_guide": ("completed", None),
    "newsroom": ("completed", None),
    "sdk_call": ("completed", None),
    "slow_thinker": ("completed", None),
    "silent_gateway": ("truncated", "unknown"),
    "review_board": ("truncated", "unknown"),
    "sdk_cut": ("truncated", "unknown"),
    "successor": ("truncated", "unknown"),
    "dropped_line": ("connection_lost", "connection_lost"),
    "idle_proxy": ("connection_lost", "idle_timeout"),
    "short_patience": ("timeout", "idle_timeout"),
    "no_stream": ("empty", "no_streaming_support"),
    "all_at_once": ("completed", "no_streaming_support"),
    "broken_tool": ("tool_error", "tool_failure"),
    "garbled_call": ("tool_error", "tool_failure"),
    "long_answer": ("length", "context_limit"),
    "long_history": ("rejected", "context_limit"),
    "filtered": ("content_filter", "content_filter"),
    "rate_limited": ("rejected", "rate_limited"),
    "night_shift": ("provider_error", "provider_error"),
    "garbled_stream": ("protocol_error", "provider_error"),
    "odd_backend": ("protocol_error", "package_mismatch"),
    "early_break": ("abandoned", "partial_consumption"),
    "stop_button": ("cancelled", "cancelled_by_application"),
}
SILENT = {
    "silent_gateway",
    "review_board",
    "sdk_cut",
    "successor",
    "no_stream",
    "all_at_once",
    "broken_tool",
    "garbled_call",
    "long_answer",
    "filtered",
}
if not HAS_SUCCESSOR:
    del ENDINGS["successor"]
    SILENT.remove("successor")
KNOWN_CAUSES = {
    "partial_consumption",
    "no_streaming_support",
    "idle_timeout",
    "connection_lost",
    "tool_failure",
    "context_limit",
    "package_mismatch",
}


def test_agent_framework_is_shown_wherever_it_can_be_installed():
    assert (Version(version("opentelemetry-api")) >= Version("1.39")) == HAS_SUCCESSOR


def test_the_tour_shows_every_known_cause():
    assert {cause for _, cause in ENDINGS.values()} >= KNOWN_CAUSES


def test_the_tour(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    found = run.tour(tmp_path)
    printed, complaints = capfd.readouterr()

    assert {finding.stop.name: (finding.reason, finding.cause) for finding in found} == ENDINGS
    assert {finding.stop.name for finding in found if finding.silent} == SILENT
    assert {finding.stop.name: finding.guarded for finding in found if finding.guarded} == {
        name: f"raises StreamCutOff: {ENDINGS[name][0]}" for name in SILENT - {"all_at_once"}
    }
    assert complaints == ""
    assert (tmp_path / "stderr").read_text() == ""
    assert (tmp_path / "stderr-last-scene").read_text() == ""
    for name, (reason, cause) in ENDINGS.items():
        ending = f"{reason}: {cause}" if cause else reason
        assert re.search(rf"^\S+ [! ] (invoke_\w+|chat openai) +{name}\b.* {ending}( ->|$)", printed, re.MULTILINE), (
            name
        )
    assert "Lisbon" not in printed


def test_the_application_knows_nothing_of_telemetry():
    tree = ast.parse(run.APPLICATION.read_text())
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
    }

    assert {"autogen_agentchat", "autogen_ext", "openai"} <= imported
    assert not imported & {"lastchunk", "opentelemetry"}


def an_application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    (tmp_path / "application.py").write_text(source)
    monkeypatch.setattr(run, "APPLICATION", tmp_path / "application.py")
    (tmp_path / "last_scene.py").write_text("")
    monkeypatch.setattr(run, "LAST_SCENE", tmp_path / "last_scene.py")


def test_an_application_that_fails_is_a_failed_tour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    an_application(tmp_path, monkeypatch, "import sys; sys.exit('the disk is full')")

    assert run.main() == 2
    assert capfd.readouterr().err == (
        "\nThe tour failed: the application ended with exit code 1.\n  the disk is full\n"
    )


def test_a_stream_that_is_missing_is_a_failed_tour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    an_application(tmp_path, monkeypatch, "import sys; open(sys.argv[2], 'w').close()")

    assert run.main() == 2
    assert capfd.readouterr().err == (
        f"\nThe tour failed: the application did not come to its stream '{STOPS[0].name}'.\n"
    )


def test_a_span_that_is_missing_is_a_failed_tour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    note = '{"stop": "travel_guide", "told": "all is well"}'
    an_application(tmp_path, monkeypatch, f"import sys; open(sys.argv[2], 'w').write({note!r})")

    with pytest.raises(run.TourFailed, match="no span arrived for the stream 'travel_guide'"):
        run.tour(tmp_path)


def test_an_application_that_hangs_is_a_failed_tour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    an_application(tmp_path, monkeypatch, "import time; time.sleep(60)")
    monkeypatch.setattr(run, "_AT_MOST", 1.0)

    with pytest.raises(run.TourFailed, match="still running after 1 s"):
        run.tour(tmp_path)


def test_a_missing_command_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(run, "_INSTRUMENT", tmp_path / "opentelemetry-instrument")

    with pytest.raises(run.TourFailed, match=r"is not installed: pip install '.*\[demo\]'$"):
        run.tour(tmp_path)


def test_the_surroundings_cannot_send_telemetry_elsewhere(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=secret")
    monkeypatch.setenv("LASTCHUNK_AUTOGEN_SPANS", "keep")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid")
    environment = run._environment("http://127.0.0.1:1/v1/traces")

    assert "OTEL_EXPORTER_OTLP_HEADERS" not in environment
    assert "LASTCHUNK_AUTOGEN_SPANS" not in environment
    assert environment["NO_PROXY"] == environment["no_proxy"] == "127.0.0.1"


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_leaves_without_a_traceback(sent: signal.Signals, status: int, tmp_path: Path):
    # Where the tests run in the background, a shell has the signal ignored, and every process inherits that.
    listen = "signal.signal(signal.SIGINT, signal.default_int_handler)"
    program = f"import signal; {listen}; from lastchunk.cli import main; main(['demo'])"
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "invoke_agent travel_guide" in line:
            break
    # Ctrl-C reaches the whole group, SIGTERM only the command, which tells the application.
    os.killpg(process.pid, sent) if sent is signal.SIGINT else process.send_signal(sent)
    _, complaints = process.communicate(timeout=30)

    assert (process.returncode, complaints) == (status, "\nThe tour was interrupted.\n")
    assert list(tmp_path.iterdir()) == []
