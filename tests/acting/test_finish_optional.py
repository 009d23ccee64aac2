# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Backends that send neither a finish reason nor an end marker: declared once, their answers are no cutoffs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent

from lastchunk import GuardedChatCompletionClient, Reason, guard
from tests.acting.speaking import cut, read, reason_of
from tests.endings.sources import MESSAGES, MODEL, user

Make = Callable[..., Any]


async def _of(of: str, script: str, model: Make, sdk: Make) -> Any:
    if of == "sdk":
        return await sdk(script).chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
    client = model(script)
    if of == "client":
        return client.create_stream(user())
    return AssistantAgent("guide", client, model_client_stream=True).run_stream(task="hello")


@pytest.mark.parametrize("of", ["sdk", "client", "run"])
async def test_declared_to_a_guard(of: str, asked: None, model: Make, sdk: Make) -> None:
    """The declaration holds for its stream, and for every stream below it."""
    stream = await _of(of, "silent_cut", model, sdk)
    _, error = await read(guard(stream, finish="optional"))
    assert (error, reason_of(stream)) == (None, Reason.COMPLETED)


@pytest.mark.parametrize(
    ("script", "reason"),
    [("rst", "connection_lost"), ("length", "length"), ("error_object", "provider_error"), ("done_only", "empty")],
)
async def test_what_the_backend_does_say_counts(script: str, reason: str, asked: None, model: Make, sdk: Make) -> None:
    """Only the absence of a finish reason says nothing."""
    stream = await _of("sdk", script, model, sdk)
    _, error = await read(guard(stream, finish="optional"))
    assert (error is not None, reason_of(stream)) == (True, Reason(reason))


async def test_declared_to_a_client(asked: None, model: Make) -> None:
    """The declaration holds for all its streams."""
    _, error = await read(GuardedChatCompletionClient(model("silent_cut")).create_stream(user()))
    assert cut(error) == ("StreamCutOff", "truncated")
    assert (await read(GuardedChatCompletionClient(model("silent_cut"), finish="optional").create_stream(user())))[
        1
    ] is None


@pytest.mark.parametrize("of", ["sdk", "client", "run"])
@pytest.mark.parametrize("how", ["host", "host and port", "another"])
async def test_declared_by_server(of: str, how: str, instrument: Make, model: Make, sdk: Make, server: Any) -> None:
    """The declaration is a setting, for an application that is not changed."""
    port = server.url("clean").split(":")[2].partition("/")[0]
    declared = {"host": "127.0.0.1", "host and port": f"models.example, 127.0.0.1:{port}", "another": "127.0.0.1:1"}
    exported = instrument(finish_optional=declared[how])
    async for _ in await _of(of, "silent_cut", model, sdk):
        pass
    reasons = {span.attributes["lastchunk.stream.termination.reason"] for span in exported.ours}
    assert reasons == {"truncated" if how == "another" else "completed"}
