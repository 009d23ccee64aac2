# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E501 (one row, one line)
"""What the server does: every script of `lastchunk.model_server.scripts`, for AutoGen and the openai SDK."""

from __future__ import annotations

from tests.endings.table import like, table

CREATE_STREAM = table(
    "create_stream",
    """
    #                        reason          cut cause           last event finish status evidence | application sees | below | also
    clean                    completed       no  -               end_marker stop   unset wire | 9 CreateResult
    finish_without_done      completed       no  -               finish     stop   unset wire | 9 CreateResult
    reasoning                completed       no  -               end_marker stop   unset wire | 18 CreateResult
    slow_first_chunk         completed       no  -               end_marker stop   unset wire | 9 CreateResult
    pause                    completed       no  -               end_marker stop   unset wire | 9 CreateResult
    burst                    completed       no  -               end_marker stop   unset wire | 9 CreateResult |  | delivery=burst
    single                   completed       no  -               end_marker stop   unset wire | 2 CreateResult |  | delivery=single
    empty_chunks_first       completed       no  -               end_marker stop   unset wire | 9 CreateResult
    silent_cut               truncated       yes unknown         text       -      error wire | 5 CreateResult
    silent_cut_close         truncated       yes unknown         text       -      error wire | 5 CreateResult
    idle_then_silent_cut     truncated       yes idle_timeout    text       -      error wire | 5 CreateResult
    done_without_finish      completed       no  -               end_marker -      unset end_marker | 9 CreateResult
    cut_inside_event         truncated       yes unknown         text       -      error wire | 5 CreateResult
    cut_before_blank_line    truncated       yes unknown         text       -      error wire | 9 CreateResult
    reasoning_cut            truncated       yes unknown         reasoning  -      error wire | 5 CreateResult
    rst                      connection_lost yes connection_lost text       -      error wire | 4 raises openai.APIConnectionError
    incomplete_chunked       connection_lost yes connection_lost text       -      error wire | 4 raises openai.APIConnectionError
    short_content_length     connection_lost yes connection_lost text       -      error wire | 4 raises openai.APIConnectionError
    idle_then_rst            connection_lost yes idle_timeout    text       -      error wire | 4 raises openai.APIConnectionError
    idle_then_close          connection_lost yes idle_timeout    text       -      error wire | 4 raises openai.APIConnectionError
    rst_after_finish         connection_lost yes connection_lost finish     stop   error wire | 8 raises openai.APIConnectionError
    incomplete_after_finish  connection_lost yes connection_lost finish     stop   error wire | 8 raises openai.APIConnectionError
    rst_after_done           completed       no  -               end_marker stop   unset wire | 9 CreateResult
    stall_after_done         completed       no  -               end_marker stop   unset wire | 9 CreateResult
    rst_before_headers       rejected        no  connection_lost none       -      error wire | 0 raises openai.APIConnectionError
    rst_after_headers        connection_lost yes connection_lost headers    -      error wire | 0 raises openai.APIConnectionError |  | delivery=none
    stall                    timeout         yes idle_timeout    text       -      error wire | 4 raises openai.APITimeoutError
    stall_after_headers      timeout         yes idle_timeout    headers    -      error wire | 0 raises openai.APITimeoutError |  | delivery=none
    stall_before_headers     rejected        no  idle_timeout    none       -      error wire | 0 raises openai.APITimeoutError
    keep_alive_comments      cancelled       yes idle_timeout    text       -      unset wire | 4 raises TimeoutError
    error_object             provider_error  yes provider_error  error      -      error wire | 4 raises openai.APIError
    error_named_event        provider_error  yes provider_error  error      -      error wire | 4 raises openai.APIError
    error_string             provider_error  yes provider_error  error      -      error wire | 4 raises openai.APIError
    error_without_error_key  provider_error  yes provider_error  error      -      error wire | 4 raises TypeError
    error_beside_choices     provider_error  yes provider_error  error      -      error wire | 4 raises openai.APIError
    http_400_context         rejected        no  context_limit   error      -      error wire | 0 raises openai.BadRequestError
    http_400_content_filter  rejected        no  content_filter  error      -      error wire | 0 raises openai.BadRequestError
    http_401                 rejected        no  provider_error  error      -      error wire | 0 raises openai.AuthenticationError
    http_429                 rejected        no  rate_limited    error      -      error wire | 0 raises openai.RateLimitError
    http_500                 rejected        no  provider_error  error      -      error wire | 0 raises openai.InternalServerError
    http_503_html            rejected        no  provider_error  error      -      error wire | 0 raises openai.InternalServerError
    length                   length          yes context_limit   end_marker length unset wire | 5 CreateResult
    content_filter           content_filter  yes content_filter  end_marker content_filter unset wire | 5 CreateResult
    raw_finish               completed       no  -               end_marker stop   unset wire | 9 CreateResult
    finish_insufficient_system_resource provider_error  yes provider_error  end_marker insufficient_system_resource error wire | 5 CreateResult
    finish_eos               completed       no  -               end_marker eos    unset wire | 9 CreateResult
    finish_max_tokens        length          yes context_limit   end_marker max_tokens unset wire | 5 CreateResult
    finish_upper_case        completed       no  -               end_marker STOP   unset wire | 9 CreateResult
    finish_empty_string      completed       no  -               end_marker stop   unset wire | 9 CreateResult
    two_finishes             completed       no  -               end_marker stop   unset wire | 9 CreateResult
    usage_on_every_chunk     completed       no  -               end_marker stop   unset wire | 9 CreateResult
    usage_on_finish          length          yes context_limit   end_marker length unset wire | 5 CreateResult
    refusal                  completed       no  -               end_marker stop   unset wire | 1 CreateResult
    json_body                empty           yes no_streaming_support headers    -      error wire | 1 CreateResult
    json_body_after_wait     empty           yes no_streaming_support headers    -      error wire | 1 CreateResult
    json_body_as_sse         empty           yes no_streaming_support headers    -      error wire | 1 CreateResult
    html_body                provider_error  yes provider_error  error      -      error wire | 1 CreateResult |  | delivery=none
    empty_chunks_only        empty           yes unknown         end_marker -      error wire | 1 CreateResult
    finish_only              empty           yes unknown         end_marker stop   error wire | 1 CreateResult
    done_only                empty           yes unknown         end_marker -      error wire | 1 CreateResult
    empty_body               empty           yes unknown         headers    -      error wire | 1 CreateResult
    null_chunk               protocol_error  yes package_mismatch message    -      error wire | 4 raises AttributeError
    chunk_without_choices    protocol_error  yes package_mismatch message    -      error wire | 4 raises TypeError
    malformed_json           protocol_error  yes provider_error  text       -      error wire | 4 raises json.JSONDecodeError
    bad_utf8                 protocol_error  yes provider_error  text       -      error wire | 4 raises UnicodeDecodeError
    tool_calls_without_call  empty           yes unknown         end_marker tool_calls error wire | 1 CreateResult
    function_call            protocol_error  yes provider_error  end_marker function_call error wire | 4 raises ValueError
    burst_after_5s           completed       no  no_streaming_support end_marker stop   unset wire | 9 CreateResult |  | delivery=burst
    single_after_5s          completed       no  no_streaming_support end_marker stop   unset wire | 2 CreateResult |  | delivery=single
    finish_with_text         completed       no  -               end_marker _OTHER unset wire | 9 CreateResult
    """,
)

SDK_ASYNC = table(
    "sdk_async",
    """
    #                        reason          cut cause           last event finish status evidence | application sees | below | also
    clean                    completed       no  -               end_marker stop   unset wire | 10 ChatCompletionChunk
    finish_without_done      completed       no  -               finish     stop   unset wire | 9 ChatCompletionChunk
    reasoning                completed       no  -               end_marker stop   unset wire | 17 ChatCompletionChunk
    slow_first_chunk         completed       no  -               end_marker stop   unset wire | 9 ChatCompletionChunk
    pause                    completed       no  -               end_marker stop   unset wire | 9 ChatCompletionChunk
    burst                    completed       no  -               end_marker stop   unset wire | 9 ChatCompletionChunk |  | delivery=burst
    single                   completed       no  -               end_marker stop   unset wire | 2 ChatCompletionChunk |  | delivery=single
    empty_chunks_first       completed       no  -               end_marker stop   unset wire | 24 ChatCompletionChunk
    silent_cut               truncated       yes unknown         text       -      error wire | 4 ChatCompletionChunk
    silent_cut_close         truncated       yes unknown         text       -      error wire | 4 ChatCompletionChunk
    idle_then_silent_cut     truncated       yes idle_timeout    text       -      error wire | 4 ChatCompletionChunk
    done_without_finish      completed       no  -               end_marker -      unset end_marker | 8 ChatCompletionChunk
    cut_inside_event         truncated       yes unknown         text       -      error wire | 4 ChatCompletionChunk
    cut_before_blank_line    truncated       yes unknown         text       -      error wire | 8 ChatCompletionChunk
    reasoning_cut            truncated       yes unknown         reasoning  -      error wire | 4 ChatCompletionChunk
    rst                      connection_lost yes connection_lost text       -      error wire | 4 raises openai.APIConnectionError
    incomplete_chunked       connection_lost yes connection_lost text       -      error wire | 4 raises openai.APIConnectionError
    short_content_length     connection_lost yes connection_lost text       -      error wire | 4 raises openai.APIConnectionError
    idle_then_rst            connection_lost yes idle_timeout    text       -      error wire | 4 raises openai.APIConnectionError
    idle_then_close          connection_lost yes idle_timeout    text       -      error wire | 4 raises openai.APIConnectionError
    rst_after_finish         completed       no  -               finish     stop   unset wire | 9 raises openai.APIConnectionError |  | late_error=openai.APIConnectionError
    incomplete_after_finish  completed       no  -               finish     stop   unset wire | 9 raises openai.APIConnectionError |  | late_error=openai.APIConnectionError
    rst_after_done           completed       no  -               end_marker stop   unset wire | 9 ChatCompletionChunk
    stall_after_done         completed       no  -               end_marker stop   unset wire | 9 ChatCompletionChunk
    rst_before_headers       rejected        no  connection_lost none       -      error wire | 0 raises openai.APIConnectionError
    rst_after_headers        connection_lost yes connection_lost headers    -      error wire | 0 raises openai.APIConnectionError |  | delivery=none
    stall                    timeout         yes idle_timeout    text       -      error wire | 4 raises openai.APITimeoutError
    stall_after_headers      timeout         yes idle_timeout    headers    -      error wire | 0 raises openai.APITimeoutError |  | delivery=none
    stall_before_headers     rejected        no  idle_timeout    none       -      error wire | 0 raises openai.APITimeoutError
    keep_alive_comments      cancelled       yes idle_timeout    text       -      unset wire | 4 raises TimeoutError
    error_object             provider_error  yes provider_error  error      -      error wire | 4 raises openai.APIError
    error_named_event        provider_error  yes provider_error  error      -      error wire | 4 raises openai.APIError
    error_string             provider_error  yes provider_error  error      -      error wire | 4 raises openai.APIError
    error_without_error_key  provider_error  yes provider_error  error      -      error wire | 5 ChatCompletionChunk
    error_beside_choices     provider_error  yes provider_error  error      -      error wire | 4 raises openai.APIError
    http_400_context         rejected        no  context_limit   error      -      error wire | 0 raises openai.BadRequestError
    http_400_content_filter  rejected        no  content_filter  error      -      error wire | 0 raises openai.BadRequestError
    http_401                 rejected        no  provider_error  error      -      error wire | 0 raises openai.AuthenticationError
    http_429                 rejected        no  rate_limited    error      -      error wire | 0 raises openai.RateLimitError
    http_500                 rejected        no  provider_error  error      -      error wire | 0 raises openai.InternalServerError
    http_503_html            rejected        no  provider_error  error      -      error wire | 0 raises openai.InternalServerError
    length                   length          yes context_limit   end_marker length unset wire | 6 ChatCompletionChunk
    content_filter           content_filter  yes content_filter  end_marker content_filter unset wire | 5 ChatCompletionChunk
    raw_finish               completed       no  -               end_marker stop   unset wire | 9 ChatCompletionChunk
    finish_insufficient_system_resource provider_error  yes provider_error  end_marker insufficient_system_resource error wire | 5 ChatCompletionChunk
    finish_eos               completed       no  -               end_marker eos    unset wire | 9 ChatCompletionChunk
    finish_max_tokens        length          yes context_limit   end_marker max_tokens unset wire | 5 ChatCompletionChunk
    finish_upper_case        completed       no  -               end_marker STOP   unset wire | 9 ChatCompletionChunk
    finish_empty_string      completed       no  -               end_marker stop   unset wire | 9 ChatCompletionChunk
    two_finishes             completed       no  -               end_marker stop   unset wire | 10 ChatCompletionChunk
    usage_on_every_chunk     completed       no  -               end_marker stop   unset wire | 9 ChatCompletionChunk
    usage_on_finish          length          yes context_limit   end_marker length unset wire | 5 ChatCompletionChunk
    refusal                  completed       no  -               end_marker stop   unset wire | 9 ChatCompletionChunk
    json_body                empty           yes no_streaming_support headers    -      error wire | 0 nothing
    json_body_after_wait     empty           yes no_streaming_support headers    -      error wire | 0 nothing
    json_body_as_sse         empty           yes no_streaming_support headers    -      error wire | 0 nothing
    html_body                provider_error  yes provider_error  error      -      error wire | 0 nothing |  | delivery=none
    empty_chunks_only        empty           yes unknown         end_marker -      error wire | 15 ChatCompletionChunk
    finish_only              empty           yes unknown         end_marker stop   error wire | 1 ChatCompletionChunk
    done_only                empty           yes unknown         end_marker -      error wire | 0 nothing
    empty_body               empty           yes unknown         headers    -      error wire | 0 nothing
    null_chunk               completed       no  -               end_marker stop   unset wire | 10 ChatCompletionChunk
    chunk_without_choices    completed       no  -               end_marker stop   unset wire | 10 ChatCompletionChunk
    malformed_json           protocol_error  yes provider_error  text       -      error wire | 4 raises json.JSONDecodeError
    bad_utf8                 protocol_error  yes provider_error  text       -      error wire | 4 raises UnicodeDecodeError
    tool_calls_without_call  empty           yes unknown         end_marker tool_calls error wire | 1 ChatCompletionChunk
    function_call            completed       no  -               end_marker function_call unset wire | 5 ChatCompletionChunk
    burst_after_5s           completed       no  no_streaming_support end_marker stop   unset wire | 9 ChatCompletionChunk |  | delivery=burst
    single_after_5s          completed       no  no_streaming_support end_marker stop   unset wire | 2 ChatCompletionChunk |  | delivery=single
    finish_with_text         completed       no  -               end_marker _OTHER unset wire | 9 ChatCompletionChunk
    """,
)

DELEGATED = "clean silent_cut rst stall error_object http_500 length content_filter refusal json_body finish_only malformed_json done_without_finish"
"""Ways to end that a client sees which only passes on what another one gives."""

ROWS = [
    *CREATE_STREAM,
    *SDK_ASYNC,
    *like(SDK_ASYNC, "sdk_sync", but="keep_alive_comments"),
    *table(
        "agent_run",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        clean                    completed       no  -               message    stop   unset wire | 11 TaskResult | =
        finish_without_done      completed       no  -               message    stop   unset wire | 11 TaskResult | =
        reasoning                completed       no  -               message    stop   unset wire | 21 TaskResult | =
        slow_first_chunk         completed       no  -               message    stop   unset wire | 11 TaskResult | =
        pause                    completed       no  -               message    stop   unset wire | 11 TaskResult | =
        burst                    completed       no  -               message    stop   unset wire | 11 TaskResult | = | delivery=burst
        single                   completed       no  -               message    stop   unset wire | 4 TaskResult | = | delivery=single
        empty_chunks_first       completed       no  -               message    stop   unset wire | 11 TaskResult | =
        silent_cut               truncated       yes unknown         message    -      error wire | 7 TaskResult | =
        silent_cut_close         truncated       yes unknown         message    -      error wire | 7 TaskResult | =
        idle_then_silent_cut     truncated       yes idle_timeout    message    -      error wire | 7 TaskResult | =
        done_without_finish      completed       no  -               message    -      unset end_marker | 11 TaskResult | =
        cut_inside_event         truncated       yes unknown         message    -      error wire | 7 TaskResult | =
        cut_before_blank_line    truncated       yes unknown         message    -      error wire | 11 TaskResult | =
        reasoning_cut            truncated       yes unknown         message    -      error wire | 8 TaskResult | =
        rst                      connection_lost yes connection_lost text       -      error wire | 5 raises openai.APIConnectionError | =
        incomplete_chunked       connection_lost yes connection_lost text       -      error wire | 5 raises openai.APIConnectionError | =
        short_content_length     connection_lost yes connection_lost text       -      error wire | 5 raises openai.APIConnectionError | =
        idle_then_rst            connection_lost yes idle_timeout    text       -      error wire | 5 raises openai.APIConnectionError | =
        idle_then_close          connection_lost yes idle_timeout    text       -      error wire | 5 raises openai.APIConnectionError | =
        rst_after_finish         connection_lost yes connection_lost text       stop   error wire | 9 raises openai.APIConnectionError | =
        incomplete_after_finish  connection_lost yes connection_lost text       stop   error wire | 9 raises openai.APIConnectionError | =
        rst_after_done           completed       no  -               message    stop   unset wire | 11 TaskResult | =
        stall_after_done         completed       no  -               message    stop   unset wire | 11 TaskResult | =
        rst_before_headers       rejected        no  connection_lost message    -      error wire | 1 raises openai.APIConnectionError | =
        rst_after_headers        connection_lost yes connection_lost message    -      error wire | 1 raises openai.APIConnectionError | = | delivery=none
        stall                    timeout         yes idle_timeout    text       -      error wire | 5 raises openai.APITimeoutError | =
        stall_after_headers      timeout         yes idle_timeout    message    -      error wire | 1 raises openai.APITimeoutError | = | delivery=none
        stall_before_headers     rejected        no  idle_timeout    message    -      error wire | 1 raises openai.APITimeoutError | =
        keep_alive_comments      cancelled       yes idle_timeout    text       -      unset none | 5 raises TimeoutError | =+
        error_object             provider_error  yes provider_error  error      -      error wire | 5 raises openai.APIError | =
        error_named_event        provider_error  yes provider_error  error      -      error wire | 5 raises openai.APIError | =
        error_string             provider_error  yes provider_error  error      -      error wire | 5 raises openai.APIError | =
        error_without_error_key  provider_error  yes provider_error  error      -      error wire | 5 raises TypeError | =
        error_beside_choices     provider_error  yes provider_error  error      -      error wire | 5 raises openai.APIError | =
        http_400_context         rejected        no  context_limit   error      -      error wire | 1 raises openai.BadRequestError | =
        http_400_content_filter  rejected        no  content_filter  error      -      error wire | 1 raises openai.BadRequestError | =
        http_401                 rejected        no  provider_error  error      -      error wire | 1 raises openai.AuthenticationError | =
        http_429                 rejected        no  rate_limited    error      -      error wire | 1 raises openai.RateLimitError | =
        http_500                 rejected        no  provider_error  error      -      error wire | 1 raises openai.InternalServerError | =
        http_503_html            rejected        no  provider_error  error      -      error wire | 1 raises openai.InternalServerError | =
        length                   length          yes context_limit   message    length unset wire | 7 TaskResult | =
        content_filter           content_filter  yes content_filter  message    content_filter unset wire | 7 TaskResult | =
        raw_finish               completed       no  -               message    stop   unset wire | 11 TaskResult | =
        finish_insufficient_system_resource provider_error  yes provider_error  message    insufficient_system_resource error wire | 7 TaskResult | =
        finish_eos               completed       no  -               message    eos    unset wire | 11 TaskResult | =
        finish_max_tokens        length          yes context_limit   message    max_tokens unset wire | 7 TaskResult | =
        finish_upper_case        completed       no  -               message    STOP   unset wire | 11 TaskResult | =
        finish_empty_string      completed       no  -               message    stop   unset wire | 11 TaskResult | =
        two_finishes             completed       no  -               message    stop   unset wire | 11 TaskResult | =
        usage_on_every_chunk     completed       no  -               message    stop   unset wire | 11 TaskResult | =
        usage_on_finish          length          yes context_limit   message    length unset wire | 7 TaskResult | =
        refusal                  completed       no  -               message    stop   unset wire | 3 TaskResult | =
        json_body                empty           yes no_streaming_support message    -      error wire | 3 TaskResult | =
        json_body_after_wait     empty           yes no_streaming_support message    -      error wire | 3 TaskResult | =
        json_body_as_sse         empty           yes no_streaming_support message    -      error wire | 3 TaskResult | =
        html_body                provider_error  yes provider_error  message    -      error wire | 3 TaskResult | = | delivery=none
        empty_chunks_only        empty           yes unknown         message    -      error wire | 3 TaskResult | =
        finish_only              empty           yes unknown         message    stop   error wire | 3 TaskResult | =
        done_only                empty           yes unknown         message    -      error wire | 3 TaskResult | =
        empty_body               empty           yes unknown         message    -      error wire | 3 TaskResult | =
        null_chunk               protocol_error  yes package_mismatch text       -      error wire | 5 raises AttributeError | =
        chunk_without_choices    protocol_error  yes package_mismatch text       -      error wire | 5 raises TypeError | =
        malformed_json           protocol_error  yes provider_error  text       -      error wire | 5 raises json.JSONDecodeError | =
        bad_utf8                 protocol_error  yes provider_error  text       -      error wire | 5 raises UnicodeDecodeError | =
        tool_calls_without_call  empty           yes unknown         message    tool_calls error wire | 3 TaskResult | =
        function_call            protocol_error  yes provider_error  text       function_call error wire | 5 raises ValueError | =
        burst_after_5s           completed       no  no_streaming_support message    stop   unset wire | 11 TaskResult | = | delivery=burst
        single_after_5s          completed       no  no_streaming_support message    stop   unset wire | 4 TaskResult | = | delivery=single
        finish_with_text         completed       no  -               message    _OTHER unset wire | 11 TaskResult | =
        """,
    ),
    *table(
        "team_run",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        clean                    completed       no  -               message    stop   unset wire | 11 TaskResult | = =
        finish_without_done      completed       no  -               message    stop   unset wire | 11 TaskResult | = =
        reasoning                completed       no  -               message    stop   unset wire | 21 TaskResult | = =
        slow_first_chunk         completed       no  -               message    stop   unset wire | 11 TaskResult | = =
        pause                    completed       no  -               message    stop   unset wire | 11 TaskResult | = =
        burst                    completed       no  -               message    stop   unset wire | 11 TaskResult | = = | delivery=burst
        single                   completed       no  -               message    stop   unset wire | 4 TaskResult | = = | delivery=single
        empty_chunks_first       completed       no  -               message    stop   unset wire | 11 TaskResult | = =
        silent_cut               truncated       yes unknown         message    -      error wire | 7 TaskResult | =+ =
        silent_cut_close         truncated       yes unknown         message    -      error wire | 7 TaskResult | =+ =
        idle_then_silent_cut     truncated       yes idle_timeout    message    -      error wire | 7 TaskResult | =+ =
        done_without_finish      completed       no  -               message    -      unset end_marker | 11 TaskResult | = =
        cut_inside_event         truncated       yes unknown         message    -      error wire | 7 TaskResult | =+ =
        cut_before_blank_line    truncated       yes unknown         message    -      error wire | 11 TaskResult | =+ =
        reasoning_cut            truncated       yes unknown         message    -      error wire | 8 TaskResult | =+ =
        rst                      connection_lost yes connection_lost text       -      error wire | 5 raises RuntimeError | =+ =
        incomplete_chunked       connection_lost yes connection_lost text       -      error wire | 5 raises RuntimeError | =+ =
        short_content_length     connection_lost yes connection_lost text       -      error wire | 5 raises RuntimeError | =+ =
        idle_then_rst            connection_lost yes idle_timeout    text       -      error wire | 5 raises RuntimeError | =+ =
        idle_then_close          connection_lost yes idle_timeout    text       -      error wire | 5 raises RuntimeError | =+ =
        rst_after_finish         connection_lost yes connection_lost text       stop   error wire | 9 raises RuntimeError | =+ =
        incomplete_after_finish  connection_lost yes connection_lost text       stop   error wire | 9 raises RuntimeError | =+ =
        rst_after_done           completed       no  -               message    stop   unset wire | 11 TaskResult | = =
        stall_after_done         completed       no  -               message    stop   unset wire | 11 TaskResult | = =
        rst_before_headers       rejected        no  connection_lost message    -      error wire | 1 raises RuntimeError | =+ =
        rst_after_headers        connection_lost yes connection_lost message    -      error wire | 1 raises RuntimeError | =+ = | delivery=none
        stall                    timeout         yes idle_timeout    text       -      error wire | 5 raises RuntimeError | =+ =
        stall_after_headers      timeout         yes idle_timeout    message    -      error wire | 1 raises RuntimeError | =+ = | delivery=none
        stall_before_headers     rejected        no  idle_timeout    message    -      error wire | 1 raises RuntimeError | =+ =
        error_object             provider_error  yes provider_error  error      -      error wire | 5 raises RuntimeError | =+ =
        error_named_event        provider_error  yes provider_error  error      -      error wire | 5 raises RuntimeError | =+ =
        error_string             provider_error  yes provider_error  error      -      error wire | 5 raises RuntimeError | =+ =
        error_without_error_key  provider_error  yes provider_error  error      -      error wire | 5 raises RuntimeError | =+ =
        error_beside_choices     provider_error  yes provider_error  error      -      error wire | 5 raises RuntimeError | =+ =
        http_400_context         rejected        no  context_limit   error      -      error wire | 1 raises RuntimeError | =+ =
        http_400_content_filter  rejected        no  content_filter  error      -      error wire | 1 raises RuntimeError | =+ =
        http_401                 rejected        no  provider_error  error      -      error wire | 1 raises RuntimeError | =+ =
        http_429                 rejected        no  rate_limited    error      -      error wire | 1 raises RuntimeError | =+ =
        http_500                 rejected        no  provider_error  error      -      error wire | 1 raises RuntimeError | =+ =
        http_503_html            rejected        no  provider_error  error      -      error wire | 1 raises RuntimeError | =+ =
        length                   length          yes context_limit   message    length unset wire | 7 TaskResult | =+ =
        content_filter           content_filter  yes content_filter  message    content_filter unset wire | 7 TaskResult | =+ =
        raw_finish               completed       no  -               message    stop   unset wire | 11 TaskResult | = =
        finish_insufficient_system_resource provider_error  yes provider_error  message    insufficient_system_resource error wire | 7 TaskResult | =+ =
        finish_eos               completed       no  -               message    eos    unset wire | 11 TaskResult | = =
        finish_max_tokens        length          yes context_limit   message    max_tokens unset wire | 7 TaskResult | =+ =
        finish_upper_case        completed       no  -               message    STOP   unset wire | 11 TaskResult | = =
        finish_empty_string      completed       no  -               message    stop   unset wire | 11 TaskResult | = =
        two_finishes             completed       no  -               message    stop   unset wire | 11 TaskResult | = =
        usage_on_every_chunk     completed       no  -               message    stop   unset wire | 11 TaskResult | = =
        usage_on_finish          length          yes context_limit   message    length unset wire | 7 TaskResult | =+ =
        refusal                  completed       no  -               message    stop   unset wire | 3 TaskResult | = =
        json_body                empty           yes no_streaming_support message    -      error wire | 3 TaskResult | =+ =
        json_body_after_wait     empty           yes no_streaming_support message    -      error wire | 3 TaskResult | =+ =
        json_body_as_sse         empty           yes no_streaming_support message    -      error wire | 3 TaskResult | =+ =
        html_body                provider_error  yes provider_error  message    -      error wire | 3 TaskResult | =+ = | delivery=none
        empty_chunks_only        empty           yes unknown         message    -      error wire | 3 TaskResult | =+ =
        finish_only              empty           yes unknown         message    stop   error wire | 3 TaskResult | =+ =
        done_only                empty           yes unknown         message    -      error wire | 3 TaskResult | =+ =
        empty_body               empty           yes unknown         message    -      error wire | 3 TaskResult | =+ =
        null_chunk               protocol_error  yes package_mismatch text       -      error wire | 5 raises RuntimeError | =+ =
        chunk_without_choices    protocol_error  yes package_mismatch text       -      error wire | 5 raises RuntimeError | =+ =
        malformed_json           protocol_error  yes provider_error  text       -      error wire | 5 raises RuntimeError | =+ =
        bad_utf8                 protocol_error  yes provider_error  text       -      error wire | 5 raises RuntimeError | =+ =
        tool_calls_without_call  empty           yes unknown         message    tool_calls error wire | 3 TaskResult | =+ =
        function_call            protocol_error  yes provider_error  text       function_call error wire | 5 raises RuntimeError | =+ =
        burst_after_5s           completed       no  no_streaming_support message    stop   unset wire | 11 TaskResult | =+ = | delivery=burst
        single_after_5s          completed       no  no_streaming_support message    stop   unset wire | 4 TaskResult | =+ = | delivery=single
        finish_with_text         completed       no  -               message    _OTHER unset wire | 11 TaskResult | = =
        """,
    ),
    *table(
        "sdk_stream_helper",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        clean                    completed       no  -               end_marker stop   unset wire | 19 ChunkEvent
        silent_cut               truncated       yes unknown         text       -      error wire | 8 ContentDeltaEvent
        rst                      connection_lost yes connection_lost text       -      error wire | 8 raises openai.APIConnectionError
        stall                    timeout         yes idle_timeout    text       -      error wire | 8 raises openai.APITimeoutError
        error_object             provider_error  yes provider_error  error      -      error wire | 8 raises openai.APIError
        http_500                 rejected        no  provider_error  error      -      error wire | 0 raises openai.InternalServerError
        length                   length          yes context_limit   end_marker length unset wire | 11 ChunkEvent
        content_filter           content_filter  yes content_filter  end_marker content_filter unset wire | 10 ContentDoneEvent
        refusal                  completed       no  -               end_marker stop   unset wire | 18 RefusalDoneEvent
        json_body                empty           yes no_streaming_support headers    -      error wire | 0 nothing
        finish_only              empty           yes unknown         end_marker stop   error wire | 1 ChunkEvent
        malformed_json           protocol_error  yes provider_error  text       -      error wire | 8 raises json.JSONDecodeError
        done_without_finish      completed       no  -               end_marker -      unset end_marker | 16 ContentDeltaEvent
        tool_call                completed       no  -               end_marker tool_calls unset wire | 15 ChunkEvent
        """,
    ),
    *table(
        "sdk_stream_helper_beta",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        clean                    completed       no  -               end_marker stop   unset wire | 19 ChunkEvent
        silent_cut               truncated       yes unknown         text       -      error wire | 8 ContentDeltaEvent
        rst                      connection_lost yes connection_lost text       -      error wire | 8 raises openai.APIConnectionError
        """,
    ),
    *like(CREATE_STREAM, "cache_miss", DELEGATED),
    *table(
        "cache_hit",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        clean                    completed       no  -               finish     -      unset result | 9 CreateResult
        silent_cut               completed       no  -               text       -      unset none | 5 CreateResult
        length                   length          yes context_limit   finish     -      unset result | 5 CreateResult
        content_filter           content_filter  yes content_filter  finish     -      unset result | 5 CreateResult
        refusal                  empty           yes unknown         finish     -      error result | 1 CreateResult
        json_body                empty           yes unknown         none       -      error none | 1 CreateResult
        done_without_finish      completed       no  -               text       -      unset none | 9 CreateResult
        tool_call                completed       no  -               finish     -      unset result | 1 CreateResult |  | delivery=none
        """,
    ),
    *like(CREATE_STREAM, "recorder", DELEGATED),
]
