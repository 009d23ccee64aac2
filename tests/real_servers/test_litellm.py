# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""LiteLLM's proxy before a server that breaks streams: what it passes on, what it makes up, and what the doctor says of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from autogen_core.models import UserMessage
from autogen_ext.models.openai import OpenAIChatCompletionClient

from lastchunk.model_server.server import ModelServer
from tests.conftest import MODEL_INFO, Exported, _close
from tests.real_servers.installed import SECONDS, RealServer

SCRIPTS = (
    "clean",
    "silent_cut",
    "stall",
    "rst",
    "error_object",
    "error_without_error_key",
    "http_429",
    "length",
    "content_filter",
    "done_without_finish",
)
IMPATIENCE = 2
"""Seconds of silence after which LiteLLM gives a stream up."""

pytestmark = pytest.mark.timeout(300)


def _configuration(models: ModelServer) -> dict[str, Any]:
    """One model for each script of the server behind."""
    deployed = [
        {
            "model_name": script,
            "litellm_params": {
                "model": "openai/m",
                "api_base": models.url(script),
                "api_key": "none",
                "stream_timeout": IMPATIENCE,
            },
        }
        for script in SCRIPTS
    ]
    return {"model_list": deployed, "litellm_settings": {"num_retries": 0, "telemetry": False}}


@pytest.fixture(scope="module", name="proxy")
def _proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    folder: Path = tmp_path_factory.mktemp("litellm")
    with ModelServer() as models:
        (folder / "config.yaml").write_text(yaml.safe_dump(_configuration(models)))
        proxy = RealServer(
            *("litellm", "litellm", "--config", "config.yaml"),
            folder=folder,
            ready="/health/liveliness",
            environment={
                "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # or it asks the network for the prices of models
                "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",  # on loopback only
            },
        )
        try:
            yield proxy.start(SECONDS)
        finally:
            proxy.kill()


@pytest.fixture(name="ask")
async def _ask(proxy: RealServer) -> AsyncIterator[Callable[[str], Any]]:
    """`ask(script)`: read the stream of that model to its end."""
    clients: list[Any] = []

    async def ask(script: str) -> None:
        client = OpenAIChatCompletionClient(
            model=script,
            base_url=f"{proxy.url}/v1",
            api_key="none",
            model_info=MODEL_INFO,
            max_retries=0,
            timeout=60,
        )
        clients.append(client)
        async for _ in client.create_stream([UserMessage(content="Go on.", source="user")]):
            pass

    yield ask
    await _close(clients)


def said(exported: Exported) -> tuple[Any, ...]:
    """Reason, cause and raw finish reason."""
    attributes = exported.one("chat").attributes or {}
    names = ("termination.reason", "termination.cause", "finish_reason.raw")
    return tuple(attributes.get(f"lastchunk.stream.{name}") for name in names)


@pytest.mark.parametrize(
    ("script", "right"),
    [
        ("clean", ("completed", None, "stop")),
        ("length", ("length", "context_limit", "length")),
        ("content_filter", ("content_filter", "content_filter", "content_filter")),
    ],
)
async def test_what_it_passes_on(exported: Exported, ask: Any, script: str, right: tuple[Any, ...]) -> None:
    await ask(script)
    assert said(exported) == right


@pytest.mark.parametrize(
    ("script", "right"),
    [
        ("stall", ("provider_error", "idle_timeout", None)),
        ("rst", ("provider_error", "provider_error", None)),
        ("error_object", ("provider_error", "provider_error", None)),
        ("http_429", ("rejected", "rate_limited", None)),
    ],
)
async def test_errors_that_it_reports(exported: Exported, ask: Any, script: str, right: tuple[Any, ...]) -> None:
    """LiteLLM's own idle timeout has the code 408, and the cause `idle_timeout`."""
    with pytest.raises(Exception, match="litellm"):
        await ask(script)
    assert said(exported) == right


@pytest.mark.parametrize("script", ["silent_cut", "error_without_error_key", "done_without_finish"])
async def test_what_it_makes_up(exported: Exported, ask: Any, script: str) -> None:
    """A cut answer ends with `stop`: docs/limits.md and the runbook say so. If this fails, LiteLLM has been mended."""
    await ask(script)
    assert said(exported) == ("completed", None, "stop")


def test_the_doctor_sees_that_it_talks_to_it(proxy: RealServer) -> None:
    """No rung looks wrong here, so the doctor says where to look."""
    arguments = ["--client", "openai", "--model", "silent_cut", "--base-url", f"{proxy.url}/v1", "--json"]
    command = [sys.executable, "-m", "lastchunk", "doctor", "stream", *arguments]
    done = subprocess.run(command, env={**os.environ, "OPENAI_API_KEY": "none"}, capture_output=True, text=True)
    assert "LiteLLM answers here" in json.dumps(json.loads(done.stdout)["checks"])
