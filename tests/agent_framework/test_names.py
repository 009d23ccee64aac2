# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Agent Framework moves a name that is patched: one warning, and its own telemetry as without Lastchunk."""

from __future__ import annotations

import builtins
import importlib
import inspect
import logging
import sys
from types import ModuleType
from typing import Any

import pytest
from agent_framework import WorkflowBuilder

from lastchunk.patches.agent_framework.names import (
    FUNCTIONAL_WORKFLOWS,
    NAMES,
    STREAMS,
    TELEMETRY,
    WORKFLOWS,
    Name,
)
from lastchunk.patches.agent_framework.workflows import _describe
from tests.agent_framework.conftest import Make, drain, endings
from tests.conftest import Exported, Instrument

WITHOUT = {
    STREAMS: ["chat completed"],
    TELEMETRY: ["invoke_workflow completed", "chat completed"],
    WORKFLOWS: ["invoke_agent completed", "chat completed"],
    FUNCTIONAL_WORKFLOWS: ["invoke_workflow completed", "invoke_agent completed", "chat completed"],
}
"""What is still seen of a workflow of one agent; the chat is then the SDK's own stream."""


def hide(monkeypatch: pytest.MonkeyPatch, name: Name) -> None:
    """Hide the name where Lastchunk looks, and leave it where Agent Framework finds it."""
    module = importlib.import_module(name.module)
    owner, _, attribute = name.path.rpartition(".")
    place: Any = getattr(module, owner) if owner else module
    if inspect.isclass(place):
        method = vars(place)[attribute]
        monkeypatch.delattr(place, attribute)

        def fallback(self: Any, asked: str) -> Any:
            if asked == attribute:
                return method.__get__(self)
            raise AttributeError(asked)

        monkeypatch.setattr(place, "__getattr__", fallback, raising=False)
        return
    gone = name.path.partition(".")[0]
    monkeypatch.setattr(builtins, gone, getattr(module, gone), raising=False)
    monkeypatch.delattr(module, gone)


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name.needed], ids=lambda name: f"{name.module.rpartition('.')[2]}.{name.path}"
)
async def test_a_name_that_has_gone(
    name: Name,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    instrument: Instrument,
    agent: Make,
) -> None:
    """The application runs, one warning names what has gone, and the patches of other modules do their work."""
    hide(monkeypatch, name)
    exported: Exported = instrument()
    workflow = WorkflowBuilder(start_executor=agent("clean"), name="flow").build()
    assert await drain(workflow.run("hello", stream=True))
    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    caplog.clear()
    (warning,) = warnings
    assert warning.startswith("agent-framework-core ")
    assert f"{name.module} has no {name.path}" in warning
    assert endings(exported) == WITHOUT[name.module]


def test_telemetry_counts_as_on_where_nothing_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of the telemetry switch is the only one that is not needed."""
    assert [name.path for name in NAMES if not name.needed] == ["OBSERVABILITY_SETTINGS.ENABLED"]
    monkeypatch.setitem(sys.modules, TELEMETRY, ModuleType(TELEMETRY))
    assert _describe(object(), "hello").library_span


def test_every_name_says_what_it_is_for() -> None:
    """Each name says its purpose, and what is lost without it."""
    assert len(NAMES) == len({(name.module, name.path) for name in NAMES})
    assert all(name.purpose and name.without for name in NAMES)
