# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C and SIGTERM: each ends a command without a traceback, with the status that shells know, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lastchunk import cli, stopped
from lastchunk.monitoring import files

SIGNALS = pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])


def _hears_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a process in the background may have been told to ignore it


def command(*arguments: str) -> subprocess.Popen[str]:
    """`lastchunk`, as the leader of a group of processes, as a terminal starts it."""
    return subprocess.Popen(
        [sys.executable, "-m", "lastchunk", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_hears_ctrl_c,
    )


@SIGNALS
def test_init(
    sent: signal.Signals,
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Before anything is written; and the signals are the caller's again afterwards."""
    before = [signal.signal(signal.SIGINT, signal.default_int_handler), signal.getsignal(signal.SIGTERM)]
    monkeypatch.setattr(files, "generated", lambda settings: signal.raise_signal(sent))
    try:
        with pytest.raises(SystemExit) as exited:
            cli.main(["init", str(tmp_path / "new")])
        assert signal.getsignal(signal.SIGTERM) is before[1]
    finally:
        signal.signal(signal.SIGINT, before[0])
    assert exited.value.code == status
    assert capsys.readouterr().err.strip() == "Interrupted."
    assert list(tmp_path.iterdir()) == []


def test_sigterm_ends_what_ignores_ctrl_c() -> None:
    """As a shell starts what runs in the background."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stopped.stoppable(), pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        assert stopped.status() == 143
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_second_sigterm_does_not_disturb_the_end() -> None:
    with stopped.stoppable():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
    with stopped.stoppable():
        assert stopped.status() == 130


@SIGNALS
def test_doctor_serve(sent: signal.Signals, status: int) -> None:
    with command("doctor", "serve", "--port", "0") as process:
        try:
            assert process.stdout is not None
            assert "listening on" in process.stdout.readline()
            process.send_signal(sent)
            _, errors = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (process.returncode, errors) == (status, "")


@SIGNALS
def test_demo_run(sent: signal.Signals, status: int) -> None:
    """Ctrl-C reaches the whole group, SIGTERM only `lastchunk`, which tells the command that it runs."""
    child = "import os, signal; signal.signal(2, signal.SIG_DFL); print(os.getpid(), flush=True); signal.pause()"
    with command("demo", "run", sys.executable, "-c", child) as process:
        try:
            assert process.stdout is not None
            pid = int(process.stdout.readline())
            if sent is signal.SIGINT:
                os.killpg(process.pid, sent)
            else:
                process.send_signal(sent)
            _, errors = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (process.returncode, errors) == (status, "")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
