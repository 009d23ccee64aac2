# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`lastchunk demo run`: a command beside a model server, its status handed on, and what is wrong in one sentence."""

from __future__ import annotations

import sys

import pytest
from click.testing import CliRunner

from lastchunk.demo.command import demo

ASK = """
import os, urllib.request
request = urllib.request.Request(os.environ["OPENAI_BASE_URL"] + "/chat/completions", b'{"stream": true, "messages": []}')
open(OUT, "wb").write(urllib.request.urlopen(request).read())
raise SystemExit(7)
"""


@pytest.mark.parametrize(("asked", "finished"), [([], True), (["--ending", "silent_cut"], False)])
def test_the_command_finds_the_server_and_its_status_is_handed_on(asked: list[str], finished: bool, tmp_path) -> None:
    out = tmp_path / "answer"
    done = CliRunner().invoke(demo, ["run", *asked, sys.executable, "-c", ASK.replace("OUT", repr(str(out)))])
    assert done.exit_code == 7
    answer = out.read_text()
    assert "Lisbon" in answer
    assert ('"finish_reason": "stop"' in answer or '"finish_reason":"stop"' in answer) is finished


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "Missing argument 'COMMAND...'"),
        (["--ending", "nosuch", "true"], "nosuch"),
        (["no-such-command"], "was not found"),
    ],
)
def test_what_is_wrong_is_said(arguments: list[str], says: str) -> None:
    done = CliRunner().invoke(demo, ["run", *arguments])
    assert done.exit_code == 2
    assert says in done.output
    assert "Traceback" not in done.output
