# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The classic API, of AutoGen 0.2 or AG2 before 1.0: a call that reads a sync stream itself, and an agent's answer above it."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from typing import Any

from fuzz.wire.answers import SENTINEL
from fuzz.wire.asking import Asker, Layers
from fuzz.wire.values import messages

with warnings.catch_warnings():
    # What its own dependencies complain of.
    warnings.simplefilter("ignore")
    import autogen
    import autogen.oai.client

# tiktoken would ask the network for its tables.
autogen.oai.client.count_token = lambda *args, **kwargs: 5


def _config(asker: Asker) -> dict[str, Any]:
    server = {"base_url": f"{asker.url}/v1", "api_key": "none", "max_retries": 0, "timeout": asker.timeout}
    return {"model": asker.model(), "price": [0, 0], **server}


@contextlib.contextmanager
def _printed(asker: Asker) -> Iterator[None]:
    """It prints the answer as it comes: an application's user sees that."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            yield
        finally:
            asker.log.append(out.getvalue())


def _create(asker: Asker) -> Iterator[Any]:
    wrapper = autogen.OpenAIWrapper(config_list=[_config(asker)], cache_seed=None)
    with _printed(asker):
        answer = wrapper.create(messages=messages(asker.random, asker.log), stream=True)
    yield answer


def _reply(asker: Asker) -> Iterator[Any]:
    configured = {"config_list": [_config(asker)], "cache_seed": None, "stream": True}
    agent = autogen.ConversableAgent("guide", llm_config=configured, human_input_mode="NEVER")
    with _printed(asker):
        answer = agent.generate_reply([{"role": "user", "content": SENTINEL}])
    yield answer


LAYERS: Layers = {
    "classic, sync": ("openai", _create),
    "classic, sync, agent": ("openai", _reply),
}
