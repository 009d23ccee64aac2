# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E501 (one row, one line)
"""Mistral: `chat.stream` and `chat.stream_async` of the mistralai SDK.

Performed by tests/sdks, in an environment of its own: it needs a newer OpenTelemetry than the oldest that Lastchunk allows.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from tests.endings.sources import MESSAGES, MODEL, source, tls
from tests.endings.stage import Stage
from tests.endings.table import table

NEEDS = "mistralai"
"""What the rows of this module need that the other rows' environment has not."""
ASK: Any = {"model": MODEL, "messages": MESSAGES}


def _client(stage: Stage) -> Any:
    from mistralai.client import Mistral
    from mistralai.client.utils.eventstreaming import httpx

    http, http_async = httpx.Client(verify=tls()), httpx.AsyncClient(verify=tls())
    stage.closing += [http_async.aclose, partial(asyncio.to_thread, http.close)]
    return Mistral(
        api_key="none",
        server_url=stage.url.removesuffix("/v1"),
        timeout_ms=round(stage.timeout * 1000),
        client=http,
        async_client=http_async,
    )


@source
async def mistral(stage: Stage) -> Any:
    """`Mistral().chat.stream_async()`"""
    return await _client(stage).chat.stream_async(**ASK)


@source
async def mistral_sync(stage: Stage) -> Any:
    """`Mistral().chat.stream()`, in a thread"""
    client = _client(stage)
    return lambda: client.chat.stream(**ASK)


ROWS = [
    *table(
        "mistral",
        """
        #                            reason          cut cause                last event finish     status evidence | application sees | below | also
        clean                        completed       no  -                    end_marker stop       unset  wire | 10 CompletionEvent
        silent_cut                   truncated       yes unknown              text       -          error  wire | 4 CompletionEvent
        idle_then_silent_cut         truncated       yes idle_timeout         text       -          error  wire | 4 CompletionEvent
        rst                          connection_lost yes connection_lost      text       -          error  wire | 4 raises httpx2.ReadError
        incomplete_chunked           connection_lost yes connection_lost      text       -          error  wire | 4 raises httpx2.RemoteProtocolError
        rst_after_finish             completed       no  -                    finish     stop       unset  wire | 9 raises httpx2.ReadError |  | late_error=httpx2.ReadError
        stall                        timeout         yes idle_timeout         text       -          error  wire | 4 raises httpx2.ReadTimeout
        stall_after_headers          timeout         yes idle_timeout         headers    -          error  wire | 0 raises httpx2.ReadTimeout |  | delivery=none
        stall_before_headers         rejected        no  idle_timeout         none       -          error  wire | 0 raises httpx2.ReadTimeout
        rst_before_headers           rejected        no  connection_lost      none       -          error  wire | 0 raises httpx2.ReadError
        error_object                 provider_error  yes provider_error       error      -          error  wire | 4 raises mistralai.ResponseValidationError
        http_400_context             rejected        no  context_limit        error      -          error  wire | 0 raises mistralai.SDKError
        http_429                     rejected        no  rate_limited         error      -          error  wire | 0 raises mistralai.SDKError
        http_500                     rejected        no  provider_error       error      -          error  wire | 0 raises mistralai.SDKError
        http_503_html                rejected        no  provider_error       error      -          error  wire | 0 raises mistralai.SDKError
        length                       length          yes context_limit        end_marker length     unset  wire | 6 CompletionEvent
        content_filter               content_filter  yes content_filter       end_marker content_filter unset  wire | 5 CompletionEvent
        json_body                    rejected        no  provider_error       error      -          error  wire | 0 raises mistralai.SDKError
        html_body                    rejected        no  provider_error       error      -          error  wire | 0 raises mistralai.SDKError
        empty_chunks_only            empty           yes unknown              end_marker -          error  wire | 15 CompletionEvent
        finish_only                  empty           yes unknown              end_marker stop       error  wire | 1 CompletionEvent
        empty_body                   empty           yes unknown              headers    -          error  wire | 0 nothing
        null_chunk                   protocol_error  yes provider_error       text       -          error  wire | 4 raises mistralai.ResponseValidationError
        single                       completed       no  -                    end_marker stop       unset  wire | 2 CompletionEvent |  | delivery=single
        burst                        completed       no  -                    end_marker stop       unset  wire | 9 CompletionEvent |  | delivery=burst
        break_dropped                abandoned       yes partial_consumption  text       -          unset  wire | 3 left
        aclose                       abandoned       yes partial_consumption  text       -          unset  wire | 3 left
        leave_at_the_end             completed       no  -                    end_marker stop       unset  wire | 10 CompletionEvent
        iterate_again                completed       no  -                    end_marker stop       unset  wire | 10 CompletionEvent
        anext_then_loop              completed       no  -                    end_marker stop       unset  wire | 10 CompletionEvent
        break_in_a_cycle             abandoned       yes partial_consumption  text       -          unset  wire | 3 left
        """,
    ),
    *table(
        "mistral_sync",
        """
        #                            reason          cut cause                last event finish     status evidence | application sees | below | also
        clean                        completed       no  -                    end_marker stop       unset  wire | 10 CompletionEvent
        silent_cut                   truncated       yes unknown              text       -          error  wire | 4 CompletionEvent
        rst                          connection_lost yes connection_lost      text       -          error  wire | 4 raises httpx2.ReadError
        error_object                 provider_error  yes provider_error       error      -          error  wire | 4 raises mistralai.ResponseValidationError
        http_429                     rejected        no  rate_limited         error      -          error  wire | 0 raises mistralai.SDKError
        length                       length          yes context_limit        end_marker length     unset  wire | 6 CompletionEvent
        """,
    ),
]
