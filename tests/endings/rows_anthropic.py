# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E501 (one row, one line)
"""Anthropic: AutoGen's client, `messages.create(stream=True)` and `messages.stream`, with the anthropic SDK before 1.0."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from anthropic import Anthropic, AsyncAnthropic, DefaultAsyncHttpxClient, DefaultHttpxClient
from autogen_ext.models.anthropic import AnthropicChatCompletionClient

from tests.endings import leaving  # noqa: F401 (its ways)
from tests.endings.sources import MESSAGES, MODEL, MODEL_INFO, events, source, tls, user
from tests.endings.stage import Stage
from tests.endings.table import like, table

ASK: Any = {"model": MODEL, "messages": MESSAGES, "max_tokens": 100}


def _arguments(stage: Stage, http: Any) -> dict[str, Any]:
    url = stage.url.removesuffix("/v1")
    return {"base_url": url, "api_key": "none", "max_retries": 0, "timeout": stage.timeout, "http_client": http}


def _http(stage: Stage) -> DefaultAsyncHttpxClient:
    client = DefaultAsyncHttpxClient(verify=tls(), timeout=stage.timeout)
    stage.closing.append(client.aclose)
    return client


def _client(stage: Stage) -> AsyncAnthropic:
    return AsyncAnthropic(**_arguments(stage, _http(stage)))


@source
async def anthropic(stage: Stage) -> Any:
    """`AnthropicChatCompletionClient.create_stream`"""
    arguments = _arguments(stage, _http(stage))
    client = AnthropicChatCompletionClient(model=MODEL, model_info=MODEL_INFO, max_tokens=100, **arguments)
    return client.create_stream(user(), cancellation_token=stage.token)


@source
async def anthropic_sdk(stage: Stage) -> Any:
    """`AsyncAnthropic().messages.create(stream=True)`"""
    return await _client(stage).messages.create(**ASK, stream=True)


@source
async def anthropic_sdk_beta(stage: Stage) -> Any:
    """`AsyncAnthropic().beta.messages.create(stream=True)`"""
    return await _client(stage).beta.messages.create(**ASK, stream=True)


@source
async def anthropic_sdk_sync(stage: Stage) -> Any:
    """`Anthropic().messages.create(stream=True)`, in a thread"""
    client = Anthropic(**_arguments(stage, DefaultHttpxClient(verify=tls(), timeout=stage.timeout)))
    stage.closing.append(partial(asyncio.to_thread, client.close))
    return lambda: client.messages.create(**ASK, stream=True)


@source
async def anthropic_sdk_helper(stage: Stage) -> Any:
    """`AsyncAnthropic().messages.stream(…)`"""
    return events(_client(stage).messages.stream(**ASK))


ANTHROPIC_SDK = table(
    "anthropic_sdk",
    """
    #                            reason          cut cause                last event finish     status evidence | application sees | below | also
    clean                        completed       no  -                    end_marker end_turn   unset  wire | 13 RawMessageStopEvent
    done_without_finish          completed       no  -                    end_marker -          unset  end_marker | 11 RawMessageStopEvent
    silent_cut                   truncated       yes unknown              text       -          error  wire | 6 RawContentBlockDeltaEvent
    cut_inside_event             truncated       yes unknown              text       -          error  wire | 6 RawContentBlockDeltaEvent
    rst                          connection_lost yes connection_lost      text       -          error  wire | 6 raises httpx.ReadError
    incomplete_chunked           connection_lost yes connection_lost      text       -          error  wire | 6 raises httpx.RemoteProtocolError
    rst_after_finish             completed       no  -                    finish     end_turn   unset  wire | 12 raises httpx.ReadError |  | late_error=httpx.ReadError
    stall                        timeout         yes idle_timeout         text       -          error  wire | 6 raises httpx.ReadTimeout
    stall_after_headers          timeout         yes idle_timeout         headers    -          error  wire | 0 raises httpx.ReadTimeout |  | delivery=none
    rst_before_headers           rejected        no  connection_lost      none       -          error  wire | 0 raises anthropic.APIConnectionError
    error_object                 provider_error  yes provider_error       error      -          error  wire | 6 raises anthropic.APIStatusError
    http_400_context             rejected        no  context_limit        error      -          error  wire | 0 raises anthropic.BadRequestError
    http_429                     rejected        no  rate_limited         error      -          error  wire | 0 raises anthropic.RateLimitError
    length                       length          yes context_limit        end_marker max_tokens unset  wire | 9 RawMessageStopEvent
    content_filter               content_filter  yes content_filter       end_marker refusal    unset  wire | 9 RawMessageStopEvent
    json_body                    empty           yes no_streaming_support headers    -          error  wire | 0 nothing
    empty_body                   empty           yes unknown              headers    -          error  wire | 0 nothing
    finish_only                  empty           yes unknown              end_marker end_turn   error  wire | 3 RawMessageStopEvent
    null_chunk                   completed       no  -                    end_marker end_turn   unset  wire | 14 RawMessageStopEvent
    malformed_json               protocol_error  yes provider_error       text       -          error  wire | 6 raises json.JSONDecodeError
    tool_arguments_cut           truncated       yes unknown              tool_call  -          error  wire | 5 RawContentBlockDeltaEvent
    tool_arguments_cut_under_stop truncated       yes unknown              end_marker end_turn   error  wire | 8 RawMessageStopEvent
    break_dropped                abandoned       yes partial_consumption  text       -          unset  wire | 3 left |  | delivery=single
    break_in_a_cycle             abandoned       yes partial_consumption  text       -          unset  wire | 3 left |  | delivery=single
    aclose                       abandoned       yes partial_consumption  text       -          unset  wire | 3 left |  | delivery=single
    leave_at_the_end             completed       no  -                    end_marker end_turn   unset  wire | 13 RawMessageStopEvent
    iterate_again                completed       no  -                    end_marker end_turn   unset  wire | 13 RawMessageStopEvent
    anext_then_loop              completed       no  -                    end_marker end_turn   unset  wire | 13 RawMessageStopEvent
    """,
)

ROWS = [
    *table(
        "anthropic",
        """
        #                            reason          cut cause                last event finish     status evidence | application sees | below | also
        clean                        completed       no  -                    end_marker end_turn   unset  wire | 9 CreateResult
        finish_without_done          completed       no  -                    finish     end_turn   unset  wire | 9 CreateResult
        done_without_finish          completed       no  -                    end_marker -          unset  end_marker | 9 CreateResult
        reasoning                    completed       no  -                    end_marker end_turn   unset  wire | 17 CreateResult
        burst                        completed       no  -                    end_marker end_turn   unset  wire | 9 CreateResult |  | delivery=burst
        single                       completed       no  -                    end_marker end_turn   unset  wire | 2 CreateResult |  | delivery=single
        silent_cut                   truncated       yes unknown              text       -          error  wire | 5 CreateResult
        silent_cut_close             truncated       yes unknown              text       -          error  wire | 5 CreateResult
        idle_then_silent_cut         truncated       yes idle_timeout         text       -          error  wire | 5 CreateResult
        cut_inside_event             truncated       yes unknown              text       -          error  wire | 5 CreateResult
        reasoning_cut                truncated       yes unknown              reasoning  -          error  wire | 5 CreateResult
        rst                          connection_lost yes connection_lost      text       -          error  wire | 4 raises httpx.ReadError
        incomplete_chunked           connection_lost yes connection_lost      text       -          error  wire | 4 raises httpx.RemoteProtocolError
        short_content_length         connection_lost yes connection_lost      text       -          error  wire | 4 raises httpx.RemoteProtocolError
        idle_then_rst                connection_lost yes idle_timeout         text       -          error  wire | 4 raises httpx.ReadError
        rst_after_finish             connection_lost yes connection_lost      finish     end_turn   error  wire | 8 raises httpx.ReadError
        rst_after_done               connection_lost yes connection_lost      end_marker end_turn   error  wire | 8 raises httpx.ReadError
        stall                        timeout         yes idle_timeout         text       -          error  wire | 4 raises httpx.ReadTimeout
        stall_after_headers          timeout         yes idle_timeout         headers    -          error  wire | 0 raises httpx.ReadTimeout |  | delivery=none
        stall_before_headers         rejected        no  idle_timeout         none       -          error  wire | 0 raises anthropic.APITimeoutError
        rst_before_headers           rejected        no  connection_lost      none       -          error  wire | 0 raises anthropic.APIConnectionError
        rst_after_headers            connection_lost yes connection_lost      headers    -          error  wire | 0 raises httpx.ReadError |  | delivery=none
        keep_alive_comments          cancelled       yes idle_timeout         text       -          unset  wire | 4 raises TimeoutError
        error_object                 provider_error  yes provider_error       error      -          error  wire | 4 raises anthropic.APIStatusError
        error_string                 provider_error  yes provider_error       error      -          error  wire | 4 raises anthropic.APIStatusError
        http_400_context             rejected        no  context_limit        error      -          error  wire | 0 raises anthropic.BadRequestError
        http_401                     rejected        no  provider_error       error      -          error  wire | 0 raises anthropic.AuthenticationError
        http_429                     rejected        no  rate_limited         error      -          error  wire | 0 raises anthropic.RateLimitError
        http_500                     rejected        no  provider_error       error      -          error  wire | 0 raises anthropic.InternalServerError
        http_503_html                rejected        no  provider_error       error      -          error  wire | 0 raises anthropic.InternalServerError
        length                       length          yes context_limit        end_marker max_tokens unset  wire | 5 CreateResult
        content_filter               content_filter  yes content_filter       end_marker refusal    unset  wire | 5 CreateResult
        json_body                    empty           yes no_streaming_support headers    -          error  wire | 1 CreateResult
        html_body                    provider_error  yes provider_error       error      -          error  wire | 1 CreateResult |  | delivery=none
        empty_chunks_only            empty           yes unknown              end_marker -          error  wire | 1 CreateResult
        finish_only                  empty           yes unknown              end_marker end_turn   error  wire | 1 CreateResult
        done_only                    empty           yes unknown              end_marker -          error  wire | 1 CreateResult
        empty_body                   empty           yes unknown              headers    -          error  wire | 1 CreateResult
        null_chunk                   protocol_error  yes package_mismatch     message    -          error  wire | 4 raises AttributeError
        chunk_without_choices        completed       no  -                    end_marker end_turn   unset  wire | 9 CreateResult
        malformed_json               protocol_error  yes provider_error       text       -          error  wire | 4 raises json.JSONDecodeError
        bad_utf8                     protocol_error  yes provider_error       text       -          error  wire | 4 raises UnicodeDecodeError
        tool_call                    completed       no  -                    end_marker tool_use   unset  wire | 1 CreateResult
        tool_arguments_cut           truncated       yes unknown              tool_call  -          error  wire | 1 CreateResult
        tool_arguments_cut_under_stop truncated       yes unknown              end_marker end_turn   error  wire | 1 CreateResult
        tool_arguments_cut_by_length length          yes context_limit        end_marker max_tokens unset  wire | 1 CreateResult
        tool_call_rst                connection_lost yes connection_lost      tool_call  -          error  wire | 0 raises httpx.ReadError
        break_dropped                abandoned       yes partial_consumption  text       -          unset  wire | 3 left
        break_in_a_cycle             abandoned       yes partial_consumption  text       -          unset  wire | 3 left
        aclose                       abandoned       yes partial_consumption  text       -          unset  wire | 3 left
        leave_at_the_end             completed       no  -                    end_marker end_turn   unset  wire | 9 CreateResult
        iterate_again                completed       no  -                    end_marker end_turn   unset  wire | 9 CreateResult
        anext_then_loop              completed       no  -                    end_marker end_turn   unset  wire | 9 CreateResult
        """,
    ),
    *ANTHROPIC_SDK,
    *table(
        "anthropic_sdk_beta",
        """
        #                            reason          cut cause                last event finish     status evidence | application sees | below | also
        clean                        completed       no  -                    end_marker end_turn   unset  wire | 13 BetaRawMessageStopEvent
        silent_cut                   truncated       yes unknown              text       -          error  wire | 6 BetaRawContentBlockDeltaEvent
        rst                          connection_lost yes connection_lost      text       -          error  wire | 6 raises httpx.ReadError
        error_object                 provider_error  yes provider_error       error      -          error  wire | 6 raises anthropic.APIStatusError
        http_429                     rejected        no  rate_limited         error      -          error  wire | 0 raises anthropic.RateLimitError
        length                       length          yes context_limit        end_marker max_tokens unset  wire | 9 BetaRawMessageStopEvent
        tool_arguments_cut           truncated       yes unknown              tool_call  -          error  wire | 5 BetaRawContentBlockDeltaEvent
        tool_arguments_cut_under_stop truncated       yes unknown              end_marker end_turn   error  wire | 8 BetaRawMessageStopEvent
        """,
    ),
    *like(
        ANTHROPIC_SDK,
        "anthropic_sdk_sync",
        "clean silent_cut rst error_object http_429 length tool_arguments_cut tool_arguments_cut_under_stop",
    ),
    *table(
        "anthropic_sdk_helper",
        """
        #                            reason          cut cause                last event finish     status evidence | application sees | below | also
        clean                        completed       no  -                    end_marker end_turn   unset  wire | 21 ParsedMessageStopEvent
        silent_cut                   truncated       yes unknown              text       -          error  wire | 10 TextEvent
        rst                          connection_lost yes connection_lost      text       -          error  wire | 10 raises httpx.ReadError
        error_object                 provider_error  yes provider_error       error      -          error  wire | 10 raises anthropic.APIStatusError
        http_429                     rejected        no  rate_limited         error      -          error  wire | 0 raises anthropic.RateLimitError
        length                       length          yes context_limit        end_marker max_tokens unset  wire | 13 ParsedMessageStopEvent
        tool_arguments_cut           truncated       yes unknown              tool_call  -          error  wire | 8 InputJsonEvent
        tool_arguments_cut_under_stop truncated       yes unknown              end_marker end_turn   error  wire | 11 ParsedMessageStopEvent
        """,
    ),
]
