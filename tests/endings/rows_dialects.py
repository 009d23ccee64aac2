# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E501 (one row, one line)
"""What real servers send in their dialects (`tests/endings/dialects_*.py`), to the SDKs and to AutoGen's clients above them."""

from __future__ import annotations

from tests.endings import rows_anthropic, rows_ollama, rows_responses  # noqa: F401 (their sources)
from tests.endings.table import table

ROWS = [
    *table(
        "sdk_async",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        null_finish_cut          truncated       yes unknown         text       - error wire | 2 ChatCompletionChunk
        null_finish_rst          connection_lost yes connection_lost text       - error wire | 2 raises openai.APIConnectionError
        unspecified_finish_cut   truncated       yes unknown         text       - error wire | 2 ChatCompletionChunk
        stop_on_each_cut         truncated       yes unknown         finish     stop error wire | 4 ChatCompletionChunk
        stop_on_each_done        completed       no  -               end_marker stop unset wire | 4 ChatCompletionChunk
        one_choice_of_two        truncated       yes unknown         text       stop error wire | 4 ChatCompletionChunk
        both_choices             completed       no  -               end_marker stop unset wire | 4 ChatCompletionChunk
        finish_prohibited        content_filter  yes content_filter  end_marker PROHIBITED_CONTENT unset wire | 3 ChatCompletionChunk
        finish_malformed_call    provider_error  yes provider_error  end_marker function_call_filter:MALFORMED_FUNCTION_CALL error wire | 1 ChatCompletionChunk |  | delivery=none
        finish_network_error     provider_error  yes provider_error  end_marker network_error error wire | 3 ChatCompletionChunk
        finish_sensitive         content_filter  yes content_filter  end_marker sensitive unset wire | 3 ChatCompletionChunk
        finish_time_limit        provider_error  yes provider_error  end_marker time_limit error wire | 3 ChatCompletionChunk
        finish_model_length      length          yes context_limit   end_marker model_length unset wire | 3 ChatCompletionChunk
        finish_context_window    length          yes context_limit   end_marker model_context_window_exceeded unset wire | 3 ChatCompletionChunk |  | termination.detail=context_full
        finish_abort             provider_error  yes provider_error  end_marker abort error wire | 3 ChatCompletionChunk
        finish_content_then_done completed       no  -               end_marker stop unset wire | 3 ChatCompletionChunk
        content_in_parts         completed       no  -               end_marker stop unset wire | 2 ChatCompletionChunk |  | delivery=single
        audio                    completed       no  -               end_marker stop unset wire | 2 ChatCompletionChunk |  | delivery=single
        function_call_legacy     completed       no  -               end_marker function_call unset wire | 2 ChatCompletionChunk |  | delivery=single
        message_for_delta        completed       no  -               end_marker stop unset wire | 2 ChatCompletionChunk |  | delivery=single
        thinking_cut             truncated       yes unknown         reasoning  - error wire | 2 ChatCompletionChunk |  | delivery=single
        reasoning_details_cut    truncated       yes unknown         reasoning  - error wire | 1 ChatCompletionChunk |  | delivery=single
        reasoning_only           completed       no  -               end_marker stop unset wire | 2 ChatCompletionChunk |  | delivery=single
        empty_deltas_rst         connection_lost yes connection_lost message    - error wire | 4 raises openai.APIConnectionError
        role_only                empty           yes unknown         message    - error wire | 1 ChatCompletionChunk
        prompt_filter_first      completed       no  -               end_marker stop unset wire | 4 ChatCompletionChunk
        filter_result_last       completed       no  -               end_marker stop unset wire | 4 ChatCompletionChunk
        usage_null_then_usage    completed       no  -               end_marker stop unset wire | 3 ChatCompletionChunk
        no_space_done            completed       no  -               end_marker - unset end_marker | 2 ChatCompletionChunk
        no_space_no_finish_cut   truncated       yes unknown         text       - error wire | 2 ChatCompletionChunk
        cr_lf                    completed       no  -               end_marker stop unset wire | 3 ChatCompletionChunk
        cr_only                  completed       no  -               end_marker stop unset wire | 3 ChatCompletionChunk
        several_data_lines       completed       no  -               end_marker stop unset wire | 2 ChatCompletionChunk |  | delivery=single
        comments_between         completed       no  -               end_marker stop unset wire | 3 ChatCompletionChunk
        byte_by_byte             completed       no  -               end_marker stop unset wire | 2 ChatCompletionChunk |  | delivery=single
        done_without_blank_line  completed       no  -               end_marker stop unset wire | 3 ChatCompletionChunk
        bom_then_completion      empty           yes no_streaming_support headers    - error wire | 0 nothing
        error_field_first        provider_error  yes context_limit   end_marker - error wire | 0 nothing |  | delivery=none
        error_field_later        provider_error  yes provider_error  end_marker - error wire | 2 ChatCompletionChunk
        error_event_in_words     provider_error  yes provider_error  error      - error wire | 2 raises json.JSONDecodeError
        error_without_choices    provider_error  yes provider_error  end_marker - error wire | 3 ChatCompletionChunk
        error_of_vendor          provider_error  yes rate_limited    end_marker - error wire | 3 ChatCompletionChunk
        error_429_later          provider_error  yes rate_limited    error      - error wire | 2 raises openai.APIError
        error_408_later          provider_error  yes idle_timeout    error      - error wire | 2 raises openai.APIError |  | termination.detail=gateway_timeout
        error_finish             provider_error  yes provider_error  error      - error wire | 2 raises openai.APIError
        error_as_json            provider_error  yes rate_limited    error      - error wire | 0 nothing |  | delivery=none
        error_in_list            provider_error  yes rate_limited    error      - error wire | 0 nothing |  | delivery=none
        error_as_vllm            provider_error  yes provider_error  error      - error wire | 3 ChatCompletionChunk
        finish_in_object         length          yes context_limit   end_marker length unset wire | 3 ChatCompletionChunk
        finish_eos_token         completed       no  -               end_marker eos_token unset wire | 3 ChatCompletionChunk
        finish_not_finished_cut  truncated       yes unknown         text       - error wire | 2 ChatCompletionChunk
        finish_not_finished_done truncated       yes unknown         end_marker - error wire | 1 ChatCompletionChunk |  | delivery=single
        finish_no_resources      provider_error  yes provider_error  end_marker insufficient_system_resource error wire | 3 ChatCompletionChunk
        lines_of_cloudflare      completed       no  -               end_marker - unset end_marker | 2 ChatCompletionChunk |  | delivery=single
        lines_of_cloudflare_cut  truncated       yes unknown         text       - error wire | 2 ChatCompletionChunk
        lines_of_sglang          length          yes context_limit   end_marker length unset wire | 1 ChatCompletionChunk |  | delivery=single
        error_in_choice          provider_error  yes rate_limited    end_marker error error wire | 3 ChatCompletionChunk
        error_in_choice_alone    provider_error  yes provider_error  end_marker - error wire | 3 ChatCompletionChunk
        error_of_minimax         provider_error  yes rate_limited    error      - error wire | 3 ChatCompletionChunk
        error_413_page           rejected        no  context_limit   error      - error wire | 0 raises openai.APIStatusError |  | delivery=none termination.detail=too_large
        error_402                rejected        no  provider_error  error      - error wire | 0 raises openai.APIStatusError |  | delivery=none termination.detail=payment_required
        error_busy               rejected        no  rate_limited    error      - error wire | 0 raises openai.InternalServerError |  | delivery=none
        page_later               provider_error  yes idle_timeout    error      - error wire | 2 ChatCompletionChunk |  | termination.detail=gateway_timeout
        call_cut_done            truncated       yes unknown         end_marker - error wire | 1 ChatCompletionChunk |  | delivery=single
        call_whole_stop          completed       no  -               end_marker stop unset wire | 3 ChatCompletionChunk
        call_cut_tool_calls      completed       no  -               end_marker tool_calls unset wire | 2 ChatCompletionChunk |  | delivery=single
        tool_arguments_cut_under_stop truncated  yes unknown         end_marker stop error wire | 5 ChatCompletionChunk
        """,
    ),
    *table(
        "create_stream",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        null_finish_cut          truncated       yes unknown         text       - error wire | 3 CreateResult
        null_finish_rst          connection_lost yes connection_lost text       - error wire | 2 raises openai.APIConnectionError
        unspecified_finish_cut   truncated       yes unknown         text       - error wire | 3 CreateResult
        stop_on_each_cut         truncated       yes unknown         finish     stop error wire | 5 CreateResult
        stop_on_each_done        completed       no  -               end_marker stop unset wire | 5 CreateResult
        one_choice_of_two        truncated       yes unknown         text       stop error wire | 4 CreateResult
        both_choices             completed       no  -               end_marker stop unset wire | 3 CreateResult
        finish_prohibited        content_filter  yes content_filter  end_marker PROHIBITED_CONTENT unset wire | 3 CreateResult
        finish_malformed_call    provider_error  yes provider_error  end_marker function_call_filter:MALFORMED_FUNCTION_CALL error wire | 1 CreateResult |  | delivery=none
        finish_network_error     provider_error  yes provider_error  end_marker network_error error wire | 3 CreateResult
        finish_sensitive         content_filter  yes content_filter  end_marker sensitive unset wire | 3 CreateResult
        finish_time_limit        provider_error  yes provider_error  end_marker time_limit error wire | 3 CreateResult
        finish_model_length      length          yes context_limit   end_marker model_length unset wire | 3 CreateResult
        finish_context_window    length          yes context_limit   end_marker model_context_window_exceeded unset wire | 3 CreateResult |  | termination.detail=context_full
        finish_abort             provider_error  yes provider_error  end_marker abort error wire | 3 CreateResult
        finish_content_then_done completed       no  -               end_marker stop unset wire | 4 CreateResult
        content_in_parts         protocol_error  yes package_mismatch end_marker stop error wire | 1 raises TypeError |  | delivery=single
        audio                    completed       no  -               end_marker stop unset wire | 1 CreateResult |  | delivery=single
        function_call_legacy     protocol_error  yes provider_error  end_marker function_call error wire | 0 raises ValueError |  | delivery=single
        message_for_delta        protocol_error  yes package_mismatch text       - error wire | 0 raises AttributeError |  | delivery=single
        thinking_cut             truncated       yes unknown         reasoning  - error wire | 1 CreateResult |  | delivery=single
        reasoning_details_cut    truncated       yes unknown         reasoning  - error wire | 1 CreateResult |  | delivery=single
        reasoning_only           completed       no  -               end_marker stop unset wire | 3 CreateResult |  | delivery=single
        empty_deltas_rst         connection_lost yes connection_lost message    - error wire | 2 raises openai.APIConnectionError
        role_only                empty           yes unknown         message    - error wire | 1 CreateResult
        prompt_filter_first      completed       no  -               end_marker stop unset wire | 3 CreateResult
        filter_result_last       protocol_error  yes package_mismatch message    stop error wire | 2 raises AttributeError
        usage_null_then_usage    completed       no  -               end_marker stop unset wire | 3 CreateResult
        no_space_done            completed       no  -               end_marker - unset end_marker | 3 CreateResult
        no_space_no_finish_cut   truncated       yes unknown         text       - error wire | 3 CreateResult
        cr_lf                    completed       no  -               end_marker stop unset wire | 3 CreateResult
        cr_only                  completed       no  -               end_marker stop unset wire | 3 CreateResult
        several_data_lines       completed       no  -               end_marker stop unset wire | 2 CreateResult |  | delivery=single
        comments_between         completed       no  -               end_marker stop unset wire | 3 CreateResult
        byte_by_byte             completed       no  -               end_marker stop unset wire | 2 CreateResult |  | delivery=single
        done_without_blank_line  completed       no  -               end_marker stop unset wire | 3 CreateResult
        bom_then_completion      empty           yes no_streaming_support headers    - error wire | 1 CreateResult
        error_field_first        provider_error  yes context_limit   end_marker - error wire | 1 CreateResult |  | delivery=none
        error_field_later        provider_error  yes provider_error  end_marker - error wire | 3 CreateResult
        error_event_in_words     provider_error  yes provider_error  error      - error wire | 2 raises json.JSONDecodeError
        error_without_choices    provider_error  yes provider_error  error      - error wire | 2 raises TypeError
        error_of_vendor          provider_error  yes rate_limited    end_marker - error wire | 3 CreateResult
        error_429_later          provider_error  yes rate_limited    error      - error wire | 2 raises openai.APIError
        error_408_later          provider_error  yes idle_timeout    error      - error wire | 2 raises openai.APIError |  | termination.detail=gateway_timeout
        error_finish             provider_error  yes provider_error  error      - error wire | 2 raises openai.APIError
        error_as_json            provider_error  yes rate_limited    error      - error wire | 1 CreateResult |  | delivery=none
        error_in_list            provider_error  yes rate_limited    error      - error wire | 1 CreateResult |  | delivery=none
        error_as_vllm            provider_error  yes provider_error  error      - error wire | 2 raises TypeError
        finish_in_object         protocol_error  yes package_mismatch end_marker length error wire | 2 raises AttributeError
        finish_eos_token         completed       no  -               end_marker eos_token unset wire | 3 CreateResult
        finish_not_finished_cut  truncated       yes unknown         text       - error wire | 3 CreateResult
        finish_not_finished_done truncated       yes unknown         end_marker - error wire | 2 CreateResult |  | delivery=single
        finish_no_resources      provider_error  yes provider_error  end_marker insufficient_system_resource error wire | 3 CreateResult
        error_in_choice          provider_error  yes rate_limited    end_marker error error wire | 3 CreateResult
        error_in_choice_alone    provider_error  yes provider_error  end_marker - error wire | 3 CreateResult
        error_of_minimax         provider_error  yes rate_limited    error      - error wire | 2 raises TypeError
        error_413_page           rejected        no  context_limit   error      - error wire | 0 raises openai.APIStatusError |  | delivery=none termination.detail=too_large
        error_402                rejected        no  provider_error  error      - error wire | 0 raises openai.APIStatusError |  | delivery=none termination.detail=payment_required
        error_busy               rejected        no  rate_limited    error      - error wire | 0 raises openai.InternalServerError |  | delivery=none
        page_later               provider_error  yes idle_timeout    error      - error wire | 3 CreateResult |  | termination.detail=gateway_timeout
        call_cut_done            truncated       yes unknown         end_marker - error wire | 1 CreateResult |  | delivery=single
        call_whole_stop          completed       no  -               end_marker stop unset wire | 1 CreateResult
        call_cut_tool_calls      completed       no  -               end_marker tool_calls unset wire | 1 CreateResult |  | delivery=single
        tool_arguments_cut_under_stop truncated  yes unknown         end_marker stop error wire | 1 CreateResult
        """,
    ),
    *table(
        "anthropic_sdk",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        text_in_block_start      completed       no  -               end_marker end_turn unset wire | 4 RawMessageStopEvent |  | delivery=single
        context_window           length          yes context_limit   end_marker model_context_window_exceeded unset wire | 5 RawMessageStopEvent |  | delivery=single termination.detail=context_full
        refusal_later            content_filter  yes content_filter  end_marker refusal unset wire | 5 RawMessageStopEvent |  | delivery=single
        pause_turn               completed       no  -               end_marker pause_turn unset wire | 5 RawMessageStopEvent |  | delivery=single
        overloaded_later         provider_error  yes provider_error  error      - error wire | 3 raises anthropic.APIStatusError |  | delivery=single
        rate_limit_later         provider_error  yes rate_limited    error      - error wire | 3 raises anthropic.APIStatusError |  | delivery=single
        prompt_too_long          provider_error  yes context_limit   error      - error wire | 1 raises anthropic.APIStatusError |  | delivery=none
        """,
    ),
    *table(
        "anthropic",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        text_in_block_start      completed       no  -               end_marker end_turn unset wire | 1 CreateResult |  | delivery=single
        context_window           length          yes context_limit   end_marker model_context_window_exceeded unset wire | 2 CreateResult |  | delivery=single termination.detail=context_full
        refusal_later            content_filter  yes content_filter  end_marker refusal unset wire | 2 CreateResult |  | delivery=single
        pause_turn               completed       no  -               end_marker pause_turn unset wire | 2 CreateResult |  | delivery=single
        overloaded_later         provider_error  yes provider_error  error      - error wire | 1 raises anthropic.APIStatusError |  | delivery=single
        rate_limit_later         provider_error  yes rate_limited    error      - error wire | 1 raises anthropic.APIStatusError |  | delivery=single
        prompt_too_long          provider_error  yes context_limit   error      - error wire | 0 raises anthropic.APIStatusError |  | delivery=none
        """,
    ),
    *table(
        "responses",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        item_without_deltas      completed       no  -               end_marker completed unset wire | 3 ResponseCompletedEvent |  | delivery=single
        failed_rate_limit        provider_error  yes rate_limited    end_marker failed error wire | 2 ResponseFailedEvent |  | delivery=none
        error_event_context      provider_error  yes context_limit   error      - error wire | 2 ResponseErrorEvent |  | delivery=none
        incomplete_without_reason truncated      yes unknown         end_marker incomplete error wire | 2 ResponseIncompleteEvent |  | delivery=single
        completed_says_incomplete truncated      yes unknown         end_marker incomplete error wire | 2 ResponseCompletedEvent |  | delivery=single
        completed_says_failed    provider_error  yes provider_error  end_marker failed error wire | 2 ResponseCompletedEvent |  | delivery=single
        completed_says_length    length          yes context_limit   end_marker max_output_tokens unset wire | 2 ResponseCompletedEvent |  | delivery=single
        incomplete_max_tokens    length          yes context_limit   end_marker max_output_tokens unset wire | 2 ResponseIncompleteEvent |  | delivery=single
        """,
    ),
    *table(
        "ollama_sdk",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        loaded_only              empty           yes unknown         end_marker load error wire | 1 ChatResponse |  | termination.detail=model_loaded
        unloaded                 completed       no  -               end_marker unload unset wire | 2 ChatResponse |  | delivery=single
        context_full             length          yes context_limit   end_marker length unset wire | 2 ChatResponse |  | delivery=single termination.detail=context_full
        done_without_reason      completed       no  -               end_marker - unset end_marker | 2 ChatResponse |  | delivery=single
        error_line               provider_error  yes provider_error  error      - error wire | 1 raises ollama.ResponseError |  | delivery=single
        thinking_line_cut        truncated       yes unknown         reasoning  - error wire | 1 ChatResponse |  | delivery=single
        """,
    ),
    *table(
        "ollama",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        loaded_only              empty           yes unknown         end_marker load error wire | 1 CreateResult |  | termination.detail=model_loaded
        unloaded                 completed       no  -               end_marker unload unset wire | 2 CreateResult |  | delivery=single
        context_full             length          yes context_limit   end_marker length unset wire | 2 CreateResult |  | delivery=single termination.detail=context_full
        done_without_reason      completed       no  -               end_marker - unset end_marker | 2 CreateResult |  | delivery=single
        error_line               provider_error  yes provider_error  error      - error wire | 1 raises ollama.ResponseError |  | delivery=single
        thinking_line_cut        truncated       yes unknown         reasoning  - error wire | 1 CreateResult |  | delivery=single
        """,
    ),
]
