# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The classic API as AutoGen 0.2 and AG2 before 1.0 ship it, each in an environment of its own: `make compat` makes them."""

from __future__ import annotations

import contextlib
import io
import runpy
import warnings
from pathlib import Path

import pytest

from lastchunk.model_server.server import ModelServer
from tests.conftest import Exported
from tests.patches.test_classic import ASK, ENDINGS, ended

with warnings.catch_warnings():
    # What its own dependencies complain of is not ours.
    warnings.simplefilter("ignore")
    import autogen


@pytest.mark.parametrize(("script", "reason", "cause"), ENDINGS)
@pytest.mark.filterwarnings("default")
def test_a_stream_ends(
    exported: Exported,
    server: ModelServer,
    monkeypatch: pytest.MonkeyPatch,
    script: str,
    reason: str,
    cause: str | None,
) -> None:
    # tiktoken would ask the network for its tables.
    monkeypatch.setattr(autogen.oai.client, "count_token", lambda *args, **kwargs: 5, raising=False)
    # The first call imports much. Without a pause between chunks, an answer that then comes at once would look unstreamed.
    url = server.url(script, gap=0.05)
    config = {"model": "m", "api_key": "none", "base_url": url, "max_retries": 0, "price": [0, 0]}
    with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
        wrapper = autogen.OpenAIWrapper(config_list=[config], cache_seed=None)
        wrapper.create(messages=ASK["messages"], stream=True)

    assert ended(exported.one()) == (reason, cause)


@pytest.mark.filterwarnings("default")
def test_the_example(exported: Exported, server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autogen.oai.client, "count_token", lambda *args, **kwargs: 5, raising=False)
    monkeypatch.setenv("OPENAI_BASE_URL", server.url("assistant", gap=0.05))
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with contextlib.redirect_stdout(io.StringIO()):
        runpy.run_path(str(Path(__file__).parents[2] / "examples" / "classic_api.py"), run_name="__main__")

    assert server.requests("assistant") == 1
    assert ended(exported.one()) == ("completed", None)
