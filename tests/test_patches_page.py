# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""docs/patches.md says what is patched: every patch is applied to its library here, by a patcher that only takes notes."""

from __future__ import annotations

import importlib
import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest

from lastchunk.patches import PATCHES
from lastchunk.patches.agent_framework.names import MODULES, NAMES
from lastchunk.patches.support.patching import Patcher
from lastchunk.patches.support.wrapping import Wrapper
from lastchunk.settings import Settings
from lastchunk.streams.lifecycle import Streams

PAGE = Path(__file__).parents[1] / "docs" / "patches.md"
ROW = re.compile(r"^\| (\S+) \| (.+?) \| `([\w.]+)` \| (.+) \|$", re.MULTILINE)
NOT_INSTALLED = {
    "autogen.oai.client": {"OpenAIClient.create"},
    "ag2.middleware.builtin.telemetry": {
        "_TelemetryMiddlewareInstance.on_turn",
        "_TelemetryMiddlewareInstance.on_llm_call",
    },
    "mistralai.client.chat": {"Chat.stream", "Chat.stream_async"},
    "google.genai.models": {"AsyncModels.generate_content_stream", "Models.generate_content_stream"},
    "autogen_ext.tools.mcp._workbench": {"trace_tool_span"},
    **{module: {name.path for name in NAMES if name.module == module and name.needed} for module in MODULES},
}
"""AutoGen 0.2, AG2 and the SDKs of Mistral and Google have environments of their own (tests/classic, tests/ag2, tests/sdks), and
Agent Framework (tests/agent_framework, which sees that its names are there); MCP is an extra of autogen-ext."""


class Notes(Patcher):
    """Writes down what would be replaced."""

    def __init__(self) -> None:
        super().__init__(cast("Streams", None), Settings())
        self.replaced: set[str] = set()

    def wrap(self, owner: Any, name: str, wrapper: Wrapper) -> None:
        assert hasattr(owner, name)
        prefix = "" if isinstance(owner, ModuleType) else f"{owner.__name__}."
        self.replaced.add(f"{prefix}{name}")

    def put(self, owner: Any, name: str, ours: Any) -> None:
        self.wrap(owner, name, ours)

    def for_subclasses(self, base: type, wrappers: Mapping[str, Wrapper]) -> None:
        for name in ("__init__", "__init_subclass__", *wrappers):
            assert any(hasattr(owner, name) for owner in (base, *base.__subclasses__()))
            self.replaced.add(f"{base.__name__}.{name}")


def replaced() -> dict[str, set[str]]:
    """By module."""
    for definer in ("autogen_agentchat.agents", "autogen_agentchat.teams", "autogen_ext.models.replay"):
        importlib.import_module(definer)  # classes below define what their bases only declare
    found: dict[str, set[str]] = defaultdict(set)
    for patch in PATCHES:
        if patch.module in NOT_INSTALLED:
            continue
        try:
            module = importlib.import_module(patch.module)
        except ImportError as missing:
            pytest.fail(f"{patch.module} cannot be imported here: {missing}")
        notes = Notes()
        patch.apply(module, notes)
        found[patch.module] |= notes.replaced
    return found


def test_every_patch_is_on_the_page_with_its_versions() -> None:
    rows = {(library, versions, module) for library, versions, module, _ in ROW.findall(PAGE.read_text())}
    assert rows == {(patch.library, patch.supported, patch.module) for patch in PATCHES}


def test_the_page_names_what_each_patch_replaces() -> None:
    said = {module: set(re.findall(r"`([^`]+)`", cell)) for _, _, module, cell in ROW.findall(PAGE.read_text())}
    assert said == replaced() | NOT_INSTALLED
