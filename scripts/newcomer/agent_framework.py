# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Agent Framework, its AG-UI endpoint and its DevUI, with the commands and the code of docs/agent-framework.md."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from scripts.newcomer.fresh import SCRIPTS, Failed, make, receiver, run
from scripts.newcomer.servers import Server

_PAGE = SCRIPTS.parent / "docs" / "agent-framework.md"
_OURS = "lastchunk-instrumentation-autogen"
_MODEL = ("lastchunk", "demo", "run", "--ending", "silent_cut")
"""The page's commands run behind a model server that cuts its answers."""
_SENT = (b"lastchunk.stream.termination.reason", b"truncated", b"guide")
_EXPORTED = {f"OTEL_{signal}_EXPORTER": "otlp" for signal in ("TRACES", "METRICS", "LOGS")}
"""Else `lastchunk demo run` prints the streams instead."""
_RUN = {
    "threadId": "t",
    "runId": "r",
    "messages": [{"id": "1", "role": "user", "content": "What should I see in Lisbon?"}],
}
_REQUESTS = {
    "uvicorn": (("/agent", _RUN),),
    "devui": (
        ("/v1/entities/guide/info", None),
        (
            "/v1/responses",
            {"metadata": {"entity_id": "guide"}, "input": "What should I see in Lisbon?", "stream": True},
        ),
    ),
}
"""What a browser asks of each server."""
_ANSWERS = {"uvicorn": '{"type":"RUN_FINISHED","threadId":"t","runId":"r"}', "devui": "data: [DONE]"}
_OPTIONS = {"uvicorn": ("--port", "{port}"), "devui": ("--port", "{port}", "--headless", "--no-auth")}
"""Any other port than the one that a person would use, and nobody who opens a browser or copies a token."""


def try_page(folder: Path, wheel: Path) -> str:
    """Install what the page installs, save what it saves, and run its application; a line about it."""
    binaries = make(folder, [[part.replace(_OURS, str(wheel)) for part in step] for step in _commands("pip install")])
    run(binaries / "python", "-m", "pip", "check")
    run(binaries / "lastchunk", "doctor", "--offline")
    for name, text in re.findall(r'```python title="(.+?)"\n(.*?)```', _page(), re.DOTALL):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    with receiver() as receives:
        application = SCRIPTS.parent / "tests" / "agent_framework" / "app.py"
        started = [
            binaries / _MODEL[0],
            *_MODEL[1:],
            binaries / "opentelemetry-instrument",
            binaries / "python",
            application,
        ]
        said = run(*started, **_EXPORTED, **receives.settings)
        if missing := receives.missing(*_SENT):
            raise Failed(f"{said}\n{', '.join(missing)} did not arrive at the receiver")
    return "installed as its page says, it works"


def servers(folder: Path) -> Iterator[Server]:
    """The servers that the page starts."""
    for name, *rest in _commands("opentelemetry-instrument"):
        if name != "python":
            yield Server(
                f"Agent Framework under {name}",
                (*_MODEL, "opentelemetry-instrument", name, *rest, *_OPTIONS[name]),
                folder=folder,
                requests=_REQUESTS[name],
                answer=_ANSWERS[name],
                sent=_SENT,
                variables=_EXPORTED,
            )


def _page() -> str:
    return _PAGE.read_text("utf-8")


def _commands(begin: str) -> list[list[str]]:
    """The arguments of each command of the page that begins so."""
    return [shlex.split(line) for line in re.findall(rf"^\$ {begin}(.*)$", _page(), re.MULTILINE)]
