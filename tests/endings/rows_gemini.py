# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E501 (one row, one line)
"""Gemini: `generate_content_stream` of the google-genai SDK.

Performed by tests/sdks, in an environment of its own: it needs an older tenacity than the other tests.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from tests.endings.sources import MODEL, QUESTION, source, tls
from tests.endings.stage import Stage
from tests.endings.table import like, table

NEEDS = "google.genai"
"""What the rows of this module need that the other rows' environment has not."""
ASK: Any = {"model": MODEL, "contents": QUESTION}


def _client(stage: Stage) -> Any:
    from google.genai import Client
    from google.genai.types import HttpOptions, HttpRetryOptions
    from httpx2 import AsyncClient
    from httpx2 import Client as SyncClient

    http, http_async = SyncClient(verify=tls(), timeout=stage.timeout), AsyncClient(verify=tls(), timeout=stage.timeout)
    stage.closing += [http_async.aclose, partial(asyncio.to_thread, http.close)]
    options = HttpOptions(
        base_url=stage.url.removesuffix("/v1"),
        timeout=round(stage.timeout * 1000),
        httpx_client=http,
        httpx_async_client=http_async,
        retry_options=HttpRetryOptions(attempts=1),
    )
    return Client(api_key="none", http_options=options)


@source
async def gemini(stage: Stage) -> Any:
    """`Client().aio.models.generate_content_stream()`"""
    return await _client(stage).aio.models.generate_content_stream(**ASK)


@source
async def gemini_sync(stage: Stage) -> Any:
    """`Client().models.generate_content_stream()`, in a thread"""
    client = _client(stage)
    return lambda: client.models.generate_content_stream(**ASK)


GEMINI = table(
    "gemini",
    """
    #                            reason          cut cause                last event finish     status evidence | application sees | below | also
    clean                        completed       no  -                    finish     STOP       unset  wire | 16 GenerateContentResponse
    silent_cut                   truncated       yes unknown              text       -          error  wire | 8 GenerateContentResponse
    idle_then_silent_cut         truncated       yes idle_timeout         text       -          error  wire | 8 GenerateContentResponse
    rst                          connection_lost yes connection_lost      text       -          error  wire | 8 raises httpx2.ReadError
    incomplete_chunked           connection_lost yes connection_lost      text       -          error  wire | 8 raises httpx2.RemoteProtocolError
    rst_after_finish             completed       no  -                    finish     STOP       unset  wire | 16 raises httpx2.ReadError |  | late_error=httpx2.ReadError
    stall                        timeout         yes idle_timeout         text       -          error  wire | 8 raises httpx2.ReadTimeout
    stall_after_headers          timeout         yes idle_timeout         headers    -          error  wire | 0 raises httpx2.ReadTimeout |  | delivery=none
    stall_before_headers         rejected        no  idle_timeout         none       -          error  wire | 0 raises httpx2.ReadTimeout
    rst_before_headers           rejected        no  connection_lost      none       -          error  wire | 0 raises httpx2.ReadError
    error_object                 provider_error  yes provider_error       error      -          error  wire | 8 raises google.ServerError
    http_400_context             rejected        no  context_limit        error      -          error  wire | 0 raises google.ClientError
    http_429                     rejected        no  rate_limited         error      -          error  wire | 0 raises google.ClientError
    http_500                     rejected        no  provider_error       error      -          error  wire | 0 raises google.ServerError
    http_503_html                rejected        no  provider_error       error      -          error  wire | 0 raises google.ServerError
    length                       length          yes context_limit        finish     MAX_TOKENS unset  wire | 9 GenerateContentResponse
    content_filter               content_filter  yes content_filter       finish     SAFETY     unset  wire | 9 GenerateContentResponse
    json_body                    completed       no  -                    finish     STOP       unset  wire | 1 GenerateContentResponse |  | delivery=single
    html_body                    protocol_error  yes provider_error       headers    -          error  wire | 0 raises google.UnknownApiResponseError |  | delivery=none
    empty_chunks_only            empty           yes unknown              message    -          error  wire | 15 GenerateContentResponse
    finish_only                  empty           yes unknown              finish     STOP       error  wire | 1 GenerateContentResponse
    empty_body                   empty           yes unknown              headers    -          error  wire | 0 nothing
    null_chunk                   completed       no  -                    finish     STOP       unset  wire | 17 GenerateContentResponse
    cut_inside_event             protocol_error  yes provider_error       text       -          error  wire | 8 raises google.UnknownApiResponseError
    reasoning                    completed       no  -                    finish     STOP       unset  wire | 31 GenerateContentResponse
    reasoning_cut                truncated       yes unknown              reasoning  -          error  wire | 8 GenerateContentResponse
    single                       completed       no  -                    finish     STOP       unset  wire | 2 GenerateContentResponse |  | delivery=single
    burst                        completed       no  -                    finish     STOP       unset  wire | 16 GenerateContentResponse |  | delivery=burst
    tool_call                    completed       no  -                    finish     STOP       unset  wire | 2 GenerateContentResponse |  | delivery=single
    break_dropped                abandoned       yes partial_consumption  text       -          unset  wire | 3 left
    aclose                       abandoned       yes partial_consumption  text       -          unset  wire | 3 left
    leave_at_the_end             completed       no  -                    finish     STOP       unset  wire | 16 GenerateContentResponse
    iterate_again                completed       no  -                    finish     STOP       unset  wire | 16 GenerateContentResponse
    anext_then_loop              completed       no  -                    finish     STOP       unset  wire | 16 GenerateContentResponse
    break_in_a_cycle             abandoned       yes partial_consumption  text       -          unset  wire | 3 left
    """,
)

ROWS = [
    *GEMINI,
    *like(GEMINI, "gemini_sync", "clean silent_cut rst error_object http_429 length"),
]
