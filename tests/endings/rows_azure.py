# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E501 (one row, one line)
"""Azure AI inference: AutoGen's client, and `complete(stream=True)`."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from autogen_ext.models.azure import AzureAIChatCompletionClient
from azure.ai.inference import ChatCompletionsClient
from azure.ai.inference.aio import ChatCompletionsClient as AsyncChatCompletionsClient
from azure.core.credentials import AzureKeyCredential

from tests.endings import leaving  # noqa: F401 (its ways)
from tests.endings.sources import MESSAGES, MODEL, MODEL_INFO, source, user
from tests.endings.stage import Stage
from tests.endings.table import table

ASK: Any = {"model": MODEL, "messages": MESSAGES, "stream": True}


def _arguments(stage: Stage) -> dict[str, Any]:
    credential = AzureKeyCredential("none")
    return {"endpoint": stage.url, "credential": credential, "read_timeout": stage.timeout, "retry_total": 0}


@source
async def azure(stage: Stage) -> Any:
    """`AzureAIChatCompletionClient.create_stream`"""
    client = AzureAIChatCompletionClient(model=MODEL, model_info=MODEL_INFO, **_arguments(stage))
    stage.closing.append(client.close)
    return client.create_stream(user(), cancellation_token=stage.token)


@source
async def azure_sdk(stage: Stage) -> Any:
    """`ChatCompletionsClient().complete(stream=True)` of `azure.ai.inference.aio`"""
    client = AsyncChatCompletionsClient(**_arguments(stage))
    stage.closing.append(client.close)
    return await client.complete(**ASK)


@source
async def azure_sdk_sync(stage: Stage) -> Any:
    """`ChatCompletionsClient().complete(stream=True)`, in a thread"""
    client = ChatCompletionsClient(**_arguments(stage))
    stage.closing.append(partial(asyncio.to_thread, client.close))
    return lambda: client.complete(**ASK)


ROWS = [
    *table(
        "azure",
        """
        #                            reason          cut cause                last event finish     status evidence | application sees | below | also
        clean                        completed       no  -                    end_marker stop       unset  wire | 9 CreateResult
        finish_without_done          completed       no  -                    finish     stop       unset  wire | 9 CreateResult
        done_without_finish          protocol_error  yes provider_error       end_marker -          error  wire | 8 raises ValueError
        burst                        completed       no  -                    end_marker stop       unset  wire | 9 CreateResult |  | delivery=burst
        single                       completed       no  -                    end_marker stop       unset  wire | 2 CreateResult |  | delivery=single
        silent_cut                   truncated       yes unknown              text       -          error  wire | 4 raises ValueError
        idle_then_silent_cut         truncated       yes idle_timeout         text       -          error  wire | 4 raises ValueError
        cut_inside_event             truncated       yes unknown              text       -          error  wire | 4 raises ValueError
        rst                          connection_lost yes connection_lost      text       -          error  wire | 4 raises azure.IncompleteReadError
        incomplete_chunked           connection_lost yes connection_lost      text       -          error  wire | 4 raises azure.IncompleteReadError
        idle_then_rst                connection_lost yes idle_timeout         text       -          error  wire | 4 raises azure.IncompleteReadError
        rst_after_finish             connection_lost yes connection_lost      finish     stop       error  wire | 8 raises azure.IncompleteReadError
        rst_after_done               completed       no  -                    end_marker stop       unset  wire | 9 CreateResult
        stall                        timeout         yes idle_timeout         text       -          error  wire | 4 raises azure.ServiceResponseTimeoutError
        stall_after_headers          timeout         yes idle_timeout         headers    -          error  wire | 0 raises azure.ServiceResponseTimeoutError |  | delivery=none
        stall_before_headers         rejected        no  idle_timeout         none       -          error  wire | 0 raises azure.ServiceResponseTimeoutError
        rst_before_headers           rejected        no  connection_lost      none       -          error  wire | 0 raises azure.ServiceRequestError
        rst_after_headers            connection_lost yes connection_lost      headers    -          error  wire | 0 raises azure.IncompleteReadError |  | delivery=none
        error_object                 provider_error  yes provider_error       error      -          error  wire | 4 raises ValueError
        error_without_error_key      provider_error  yes provider_error       error      -          error  wire | 4 raises ValueError
        http_400_context             rejected        no  context_limit        error      -          error  wire | 0 raises azure.HttpResponseError
        http_429                     rejected        no  rate_limited         error      -          error  wire | 0 raises azure.HttpResponseError
        http_500                     rejected        no  provider_error       error      -          error  wire | 0 raises azure.HttpResponseError
        length                       length          yes context_limit        end_marker length     unset  wire | 5 CreateResult
        content_filter               content_filter  yes content_filter       end_marker content_filter unset  wire | 5 CreateResult
        finish_eos                   protocol_error  yes provider_error       finish     eos        error  wire | 8 raises ValueError
        json_body                    empty           yes no_streaming_support headers    -          error  wire | 0 raises ValueError
        html_body                    provider_error  yes provider_error       error      -          error  wire | 0 raises ValueError |  | delivery=none
        empty_chunks_only            empty           yes unknown              end_marker -          error  wire | 0 raises ValueError
        finish_only                  empty           yes unknown              end_marker stop       error  wire | 1 CreateResult
        done_only                    empty           yes unknown              end_marker -          error  wire | 0 raises ValueError
        empty_body                   empty           yes unknown              headers    -          error  wire | 0 raises ValueError
        tool_call                    protocol_error  yes package_mismatch     tool_call  -          error  wire | 0 raises TypeError
        break_dropped                abandoned       yes partial_consumption  text       -          unset  wire | 3 left
        break_in_a_cycle             abandoned       yes partial_consumption  text       -          unset  wire | 3 left
        aclose                       abandoned       yes partial_consumption  text       -          unset  wire | 3 left
        leave_at_the_end             completed       no  -                    end_marker stop       unset  wire | 9 CreateResult
        iterate_again                completed       no  -                    end_marker stop       unset  wire | 9 CreateResult
        anext_then_loop              completed       no  -                    end_marker stop       unset  wire | 9 CreateResult
        """,
    ),
    *table(
        "azure_sdk",
        """
        #                            reason          cut cause                last event finish     status evidence | application sees | below | also
        clean                        completed       no  -                    end_marker stop       unset  wire | 10 StreamingChatCompletionsUpdate
        done_without_finish          completed       no  -                    end_marker -          unset  end_marker | 8 StreamingChatCompletionsUpdate
        silent_cut                   truncated       yes unknown              text       -          error  wire | 4 StreamingChatCompletionsUpdate
        cut_inside_event             truncated       yes unknown              text       -          error  wire | 4 StreamingChatCompletionsUpdate
        rst                          connection_lost yes connection_lost      text       -          error  wire | 4 raises azure.IncompleteReadError
        incomplete_chunked           connection_lost yes connection_lost      text       -          error  wire | 4 raises azure.IncompleteReadError
        rst_after_finish             completed       no  -                    finish     stop       unset  wire | 9 raises azure.IncompleteReadError |  | late_error=azure.core.exceptions.IncompleteReadError
        stall                        timeout         yes idle_timeout         text       -          error  wire | 4 raises azure.ServiceResponseTimeoutError
        stall_after_headers          timeout         yes idle_timeout         headers    -          error  wire | 0 raises azure.ServiceResponseTimeoutError |  | delivery=none
        rst_before_headers           rejected        no  connection_lost      none       -          error  wire | 0 raises azure.ServiceRequestError
        error_object                 provider_error  yes provider_error       error      -          error  wire | 4 StreamingChatCompletionsUpdate
        http_400_context             rejected        no  context_limit        error      -          error  wire | 0 raises azure.HttpResponseError
        http_429                     rejected        no  rate_limited         error      -          error  wire | 0 raises azure.HttpResponseError
        length                       length          yes context_limit        end_marker length     unset  wire | 6 StreamingChatCompletionsUpdate
        content_filter               content_filter  yes content_filter       end_marker content_filter unset  wire | 5 StreamingChatCompletionsUpdate
        json_body                    empty           yes no_streaming_support headers    -          error  wire | 0 nothing
        empty_body                   empty           yes unknown              headers    -          error  wire | 0 nothing
        finish_only                  empty           yes unknown              end_marker stop       error  wire | 1 StreamingChatCompletionsUpdate
        tool_arguments_cut           truncated       yes unknown              tool_call  -          error  wire | 4 StreamingChatCompletionsUpdate
        tool_arguments_cut_under_stop truncated       yes unknown              end_marker stop       error  wire | 5 StreamingChatCompletionsUpdate
        break_dropped                abandoned       yes partial_consumption  text       -          unset  wire | 3 left
        break_in_a_cycle             abandoned       yes partial_consumption  text       -          unset  wire | 3 left
        aclose                       abandoned       yes partial_consumption  text       -          unset  wire | 3 left
        leave_at_the_end             completed       no  -                    end_marker stop       unset  wire | 10 StreamingChatCompletionsUpdate
        iterate_again                completed       no  -                    end_marker stop       unset  wire | 10 StreamingChatCompletionsUpdate
        anext_then_loop              completed       no  -                    end_marker stop       unset  wire | 10 StreamingChatCompletionsUpdate
        """,
    ),
    *table(
        "azure_sdk_sync",
        """
        #                            reason          cut cause                last event finish     status evidence | application sees | below | also
        clean                        completed       no  -                    end_marker stop       unset  wire | 10 StreamingChatCompletionsUpdate
        silent_cut                   truncated       yes unknown              text       -          error  wire | 4 StreamingChatCompletionsUpdate
        rst                          connection_lost yes connection_lost      text       -          error  wire | 4 raises azure.HttpResponseError
        error_object                 provider_error  yes provider_error       error      -          error  wire | 4 StreamingChatCompletionsUpdate
        http_429                     rejected        no  rate_limited         error      -          error  wire | 0 raises azure.HttpResponseError
        length                       length          yes context_limit        end_marker length     unset  wire | 6 StreamingChatCompletionsUpdate
        tool_arguments_cut           truncated       yes unknown              tool_call  -          error  wire | 4 StreamingChatCompletionsUpdate
        tool_arguments_cut_under_stop truncated       yes unknown              end_marker stop       error  wire | 5 StreamingChatCompletionsUpdate
        """,
    ),
]
