# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E501 (one row, one line)
"""Ollama: AutoGen's client, and `chat(stream=True)`."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from autogen_ext.models.ollama import OllamaChatCompletionClient
from ollama import AsyncClient, Client

from tests.endings import leaving  # noqa: F401 (its ways)
from tests.endings.sources import MESSAGES, MODEL, MODEL_INFO, source, tls, user
from tests.endings.stage import Stage
from tests.endings.table import like, table

ASK: Any = {"model": MODEL, "messages": MESSAGES, "stream": True}


def _arguments(stage: Stage) -> dict[str, Any]:
    return {"host": stage.url.removesuffix("/v1"), "timeout": stage.timeout, "verify": tls()}


def _client(stage: Stage) -> AsyncClient:
    client = AsyncClient(**_arguments(stage))
    stage.closing.append(client.close)
    return client


@source
async def ollama(stage: Stage) -> Any:
    """`OllamaChatCompletionClient.create_stream`"""
    client = OllamaChatCompletionClient(model=MODEL, model_info=MODEL_INFO, host=stage.url.removesuffix("/v1"))
    client._client = _client(stage)  # AutoGen hands no timeout on
    return client.create_stream(user(), cancellation_token=stage.token)


@source
async def ollama_sdk(stage: Stage) -> Any:
    """`AsyncClient().chat(stream=True)`"""
    return await _client(stage).chat(**ASK)


@source
async def ollama_sdk_sync(stage: Stage) -> Any:
    """`Client().chat(stream=True)`, in a thread"""
    client = Client(**_arguments(stage))
    stage.closing.append(partial(asyncio.to_thread, client.close))
    return lambda: client.chat(**ASK)


OLLAMA_SDK = table(
    "ollama_sdk",
    """
    #                            reason          cut cause                last event finish     status evidence | application sees | below | also
    clean                        completed       no  -                    end_marker stop       unset  wire | 9 ChatResponse
    done_without_finish          completed       no  -                    end_marker -          unset  end_marker | 9 ChatResponse
    silent_cut                   truncated       yes unknown              text       -          error  wire | 4 ChatResponse
    cut_inside_event             protocol_error  yes provider_error       text       -          error  wire | 4 raises json.JSONDecodeError
    rst                          connection_lost yes connection_lost      text       -          error  wire | 4 raises httpx.ReadError
    incomplete_chunked           connection_lost yes connection_lost      text       -          error  wire | 4 raises httpx.RemoteProtocolError
    rst_after_finish             completed       no  -                    end_marker stop       unset  wire | 9 raises httpx.ReadError |  | late_error=httpx.ReadError
    stall                        timeout         yes idle_timeout         text       -          error  wire | 4 raises httpx.ReadTimeout
    stall_after_headers          timeout         yes idle_timeout         headers    -          error  wire | 0 raises httpx.ReadTimeout |  | delivery=none
    rst_before_headers           rejected        no  connection_lost      none       -          error  wire | 0 raises httpx.ReadError
    error_object                 provider_error  yes provider_error       error      -          error  wire | 4 raises ollama.ResponseError
    http_400_context             rejected        no  context_limit        error      -          error  wire | 0 raises ollama.ResponseError
    http_429                     rejected        no  rate_limited         error      -          error  wire | 0 raises ollama.ResponseError
    length                       length          yes context_limit        end_marker length     unset  wire | 5 ChatResponse
    content_filter               content_filter  yes content_filter       end_marker content_filter unset  wire | 5 ChatResponse
    json_body                    completed       no  -                    end_marker stop       unset  wire | 1 ChatResponse |  | delivery=single
    empty_body                   empty           yes unknown              headers    -          error  wire | 0 nothing
    finish_only                  empty           yes unknown              end_marker stop       error  wire | 1 ChatResponse
    null_chunk                   protocol_error  yes package_mismatch     text       -          error  wire | 4 raises AttributeError
    malformed_json               protocol_error  yes provider_error       text       -          error  wire | 4 raises json.JSONDecodeError
    tool_arguments_cut           empty           yes unknown              headers    -          error  wire | 0 nothing
    break_dropped                abandoned       yes partial_consumption  text       -          unset  wire | 3 left
    break_in_a_cycle             abandoned       yes partial_consumption  text       -          unset  wire | 3 left
    aclose                       abandoned       yes partial_consumption  text       -          unset  wire | 3 left
    leave_at_the_end             completed       no  -                    end_marker stop       unset  wire | 9 ChatResponse
    iterate_again                completed       no  -                    end_marker stop       unset  wire | 9 ChatResponse
    anext_then_loop              completed       no  -                    end_marker stop       unset  wire | 9 ChatResponse
    """,
)

ROWS = [
    *table(
        "ollama",
        """
        #                            reason          cut cause                last event finish     status evidence | application sees | below | also
        clean                        completed       no  -                    end_marker stop       unset  wire | 9 CreateResult
        finish_without_done          completed       no  -                    end_marker stop       unset  wire | 9 CreateResult
        done_without_finish          completed       no  -                    end_marker -          unset  end_marker | 9 CreateResult
        reasoning                    completed       no  -                    end_marker stop       unset  wire | 9 CreateResult
        burst                        completed       no  -                    end_marker stop       unset  wire | 9 CreateResult |  | delivery=burst
        single                       completed       no  -                    end_marker stop       unset  wire | 2 CreateResult |  | delivery=single
        silent_cut                   truncated       yes unknown              text       -          error  wire | 5 CreateResult
        idle_then_silent_cut         truncated       yes idle_timeout         text       -          error  wire | 5 CreateResult
        cut_inside_event             protocol_error  yes provider_error       text       -          error  wire | 4 raises json.JSONDecodeError
        reasoning_cut                truncated       yes unknown              reasoning  -          error  wire | 1 CreateResult
        rst                          connection_lost yes connection_lost      text       -          error  wire | 4 raises httpx.ReadError
        incomplete_chunked           connection_lost yes connection_lost      text       -          error  wire | 4 raises httpx.RemoteProtocolError
        idle_then_rst                connection_lost yes idle_timeout         text       -          error  wire | 4 raises httpx.ReadError
        rst_after_finish             connection_lost yes connection_lost      end_marker stop       error  wire | 8 raises httpx.ReadError
        rst_after_done               connection_lost yes connection_lost      end_marker stop       error  wire | 8 raises httpx.ReadError
        stall                        timeout         yes idle_timeout         text       -          error  wire | 4 raises httpx.ReadTimeout
        stall_after_headers          timeout         yes idle_timeout         headers    -          error  wire | 0 raises httpx.ReadTimeout |  | delivery=none
        stall_before_headers         rejected        no  idle_timeout         none       -          error  wire | 0 raises httpx.ReadTimeout
        rst_before_headers           rejected        no  connection_lost      none       -          error  wire | 0 raises httpx.ReadError
        rst_after_headers            connection_lost yes connection_lost      headers    -          error  wire | 0 raises httpx.ReadError |  | delivery=none
        error_object                 provider_error  yes provider_error       error      -          error  wire | 4 raises ollama.ResponseError
        http_400_context             rejected        no  context_limit        error      -          error  wire | 0 raises ollama.ResponseError
        http_429                     rejected        no  rate_limited         error      -          error  wire | 0 raises ollama.ResponseError
        http_500                     rejected        no  provider_error       error      -          error  wire | 0 raises ollama.ResponseError
        http_503_html                rejected        no  provider_error       error      -          error  wire | 0 raises ollama.ResponseError
        length                       length          yes context_limit        end_marker length     unset  wire | 5 CreateResult
        content_filter               content_filter  yes content_filter       end_marker content_filter unset  wire | 5 CreateResult
        json_body                    completed       no  -                    end_marker stop       unset  wire | 2 CreateResult |  | delivery=single
        html_body                    protocol_error  yes provider_error       headers    -          error  wire | 0 raises json.JSONDecodeError |  | delivery=none
        empty_chunks_only            empty           yes unknown              end_marker -          error  wire | 1 CreateResult
        finish_only                  empty           yes unknown              end_marker stop       error  wire | 1 CreateResult
        done_only                    empty           yes unknown              end_marker -          error  wire | 1 CreateResult
        empty_body                   empty           yes unknown              headers    -          error  wire | 1 CreateResult
        null_chunk                   protocol_error  yes package_mismatch     text       -          error  wire | 4 raises AttributeError
        chunk_without_choices        protocol_error  yes package_mismatch     text       -          error  wire | 4 raises pydantic_core.ValidationError
        malformed_json               protocol_error  yes provider_error       text       -          error  wire | 4 raises json.JSONDecodeError
        bad_utf8                     truncated       yes unknown              text       -          error  wire | 6 CreateResult
        tool_call                    completed       no  -                    end_marker stop       unset  wire | 1 CreateResult |  | delivery=single
        tool_arguments_cut           empty           yes unknown              headers    -          error  wire | 1 CreateResult
        break_dropped                abandoned       yes partial_consumption  text       -          unset  wire | 3 left
        break_in_a_cycle             abandoned       yes partial_consumption  text       -          unset  wire | 3 left
        aclose                       abandoned       yes partial_consumption  text       -          unset  wire | 3 left
        leave_at_the_end             completed       no  -                    end_marker stop       unset  wire | 9 CreateResult
        iterate_again                completed       no  -                    end_marker stop       unset  wire | 9 CreateResult
        anext_then_loop              completed       no  -                    end_marker stop       unset  wire | 9 CreateResult
        """,
    ),
    *OLLAMA_SDK,
    *like(OLLAMA_SDK, "ollama_sdk_sync", "clean silent_cut rst error_object http_429 length tool_arguments_cut"),
]
