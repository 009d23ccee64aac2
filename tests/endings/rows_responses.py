# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E501 (one row, one line)
"""OpenAI's Responses API: `responses.create(stream=True)` and `responses.stream`."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from openai import DefaultHttpxClient, OpenAI

from tests.endings.sources import MODEL, QUESTION, events, sdk, source, tls
from tests.endings.stage import Stage
from tests.endings.table import like, table

ASK: Any = {"model": MODEL, "input": QUESTION}


@source
async def responses(stage: Stage) -> Any:
    """`AsyncOpenAI().responses.create(stream=True)`"""
    return await sdk(stage).responses.create(**ASK, stream=True)


@source
async def responses_sync(stage: Stage) -> Any:
    """`OpenAI().responses.create(stream=True)`, in a thread"""
    http = DefaultHttpxClient(verify=tls())
    client = OpenAI(base_url=stage.url, api_key="none", max_retries=0, timeout=stage.timeout, http_client=http)
    stage.closing.append(partial(asyncio.to_thread, client.close))
    return lambda: client.responses.create(**ASK, stream=True)


@source
async def responses_helper(stage: Stage) -> Any:
    """`AsyncOpenAI().responses.stream(…)`"""
    return events(sdk(stage).responses.stream(**ASK))


RESPONSES = table(
    "responses",
    """
    #                            reason          cut cause                last event finish     status evidence | application sees | below | also
    clean                        completed       no  -                    end_marker completed  unset  wire | 13 ResponseCompletedEvent
    done_without_finish          truncated       yes unknown              text       -          error  wire | 11 ResponseTextDeltaEvent
    silent_cut                   truncated       yes unknown              text       -          error  wire | 7 ResponseTextDeltaEvent
    cut_inside_event             truncated       yes unknown              text       -          error  wire | 7 ResponseTextDeltaEvent
    rst                          connection_lost yes connection_lost      text       -          error  wire | 7 raises openai.APIConnectionError
    incomplete_chunked           connection_lost yes connection_lost      text       -          error  wire | 7 raises openai.APIConnectionError
    rst_after_finish             completed       no  -                    end_marker completed  unset  wire | 13 raises openai.APIConnectionError |  | late_error=openai.APIConnectionError
    stall                        timeout         yes idle_timeout         text       -          error  wire | 7 raises openai.APITimeoutError
    stall_after_headers          timeout         yes idle_timeout         headers    -          error  wire | 0 raises openai.APITimeoutError |  | delivery=none
    rst_before_headers           rejected        no  connection_lost      none       -          error  wire | 0 raises openai.APIConnectionError
    error_object                 provider_error  yes provider_error       end_marker failed     error  wire | 8 ResponseFailedEvent
    http_400_context             rejected        no  context_limit        error      -          error  wire | 0 raises openai.BadRequestError
    http_429                     rejected        no  rate_limited         error      -          error  wire | 0 raises openai.RateLimitError
    length                       length          yes context_limit        end_marker max_output_tokens unset  wire | 8 ResponseIncompleteEvent
    content_filter               content_filter  yes content_filter       end_marker content_filter unset  wire | 8 ResponseIncompleteEvent
    json_body                    empty           yes no_streaming_support headers    -          error  wire | 0 nothing
    empty_body                   empty           yes unknown              headers    -          error  wire | 0 nothing
    finish_only                  empty           yes unknown              end_marker completed  error  wire | 2 ResponseCompletedEvent
    null_chunk                   completed       no  -                    end_marker completed  unset  wire | 14 ResponseCompletedEvent
    malformed_json               protocol_error  yes provider_error       text       -          error  wire | 7 raises json.JSONDecodeError
    tool_arguments_cut           truncated       yes unknown              tool_call  -          error  wire | 5 ResponseFunctionCallArgumentsDeltaEvent
    tool_arguments_cut_under_stop truncated       yes unknown              end_marker completed  error  wire | 7 ResponseCompletedEvent
    """,
)

BRIEF = "clean silent_cut rst error_object http_429 length tool_arguments_cut tool_arguments_cut_under_stop"
"""One of each kind of ways to end."""

ROWS = [
    *RESPONSES,
    *like(RESPONSES, "responses_sync", BRIEF),
    *like(RESPONSES, "responses_helper", BRIEF),
]
