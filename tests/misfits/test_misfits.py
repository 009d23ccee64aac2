# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Combinations that `lastchunk doctor` calls incompatible do not work, and the others do.

`make compat` makes the environments. The doctor itself says, from what is installed, which of the two an environment must show.
"""

from __future__ import annotations

from autogen_core.models import CreateResult, ModelFamily, UserMessage
from autogen_ext.models.anthropic import AnthropicChatCompletionClient

from lastchunk.doctor.environment.distributions import installed
from lastchunk.doctor.environment.misfits import MISFITS
from lastchunk.doctor.environment.packages import misfits
from lastchunk.doctor.report.findings import Status
from lastchunk.model_server.server import ModelServer

MODEL_INFO = {
    "vision": False,
    "function_calling": True,
    "json_output": False,
    "family": ModelFamily.UNKNOWN,
    "structured_output": False,
}


async def test_anthropic(server: ModelServer) -> None:
    (misfit,) = (misfit for misfit in MISFITS if misfit.sdk == "anthropic")
    client = AnthropicChatCompletionClient(
        model="m", model_info=MODEL_INFO, api_key="none", base_url=server.url("clean", dialect="anthropic")
    )
    said = misfits(installed()).status
    error, items = None, []
    try:
        items = [item async for item in client.create_stream([UserMessage(content="Go.", source="user")])]
    except Exception as raised:
        error = type(raised).__name__
    finally:
        await client._client.close()
    assert (said, error) in [(Status.PROBLEM, misfit.error), (Status.OK, None)]
    assert error or isinstance(items[-1], CreateResult)
