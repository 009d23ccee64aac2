# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E501 (one row, one line)
"""Streams without a server or without streaming: Replay, an application's own client, structured output, AutoGen's default."""

from __future__ import annotations

from tests.endings import tools_and_teams as tools_and_teams  # their sources and ways
from tests.endings.table import table

ROWS = [
    *table(
        "replay",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        replays_text             completed       no  -               finish     -      unset result | 4 CreateResult
        replays_nothing_more     rejected        no  provider_error  none       -      error none | 0 raises ValueError
        replays_length           length          yes context_limit   finish     -      unset result | 1 CreateResult |  | delivery=none
        replays_unknown          completed       no  -               none       -      unset none | 1 CreateResult |  | delivery=none
        """,
    ),
    *table(
        "own_client",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        says_stop                completed       no  -               finish     -      unset result | 4 CreateResult
        says_unknown             completed       no  -               text       -      unset none | 4 CreateResult
        says_length              length          yes context_limit   finish     -      unset result | 4 CreateResult
        says_content_filter      content_filter  yes content_filter  finish     -      unset result | 4 CreateResult
        says_nothing             empty           yes unknown         finish     -      error result | 1 CreateResult
        no_result                truncated       yes unknown         text       -      error none | 3 str
        no_items                 empty           yes unknown         none       -      error none | 0 nothing
        raises_first             rejected        no  provider_error  none       -      error none | 0 raises tests.OwnError
        raises_in_the_middle     error           yes unknown         text       -      error none | 3 raises tests.OwnError
        raises_type_error        error           yes unknown         text       -      error none | 3 raises TypeError
        raises_connection_reset  connection_lost yes connection_lost text       -      error none | 3 raises ConnectionResetError
        raises_after_result      completed       no  -               finish     -      unset result | 4 raises tests.OwnError |  | late_error=tests.endings.leaving.OwnError
        raises_cancelled         cancelled       no  cancelled_by_application text       -      unset none | 3 raises asyncio.CancelledError
        """,
    ),
    *table(
        "agent_run_own_client",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        says_stop                completed       no  -               message    -      unset result | 6 TaskResult | =
        says_unknown             completed       no  -               message    -      unset none | 6 TaskResult | =
        says_length              length          yes context_limit   message    -      unset result | 6 TaskResult | =
        says_content_filter      content_filter  yes content_filter  message    -      unset result | 6 TaskResult | =
        says_nothing             empty           yes unknown         message    -      error result | 3 TaskResult | =
        no_result                truncated       yes unknown         text       -      error none | 4 raises RuntimeError | =
        no_items                 empty           yes unknown         message    -      error none | 1 raises RuntimeError | =
        raises_first             rejected        no  provider_error  message    -      error none | 1 raises tests.OwnError | =
        raises_in_the_middle     error           yes unknown         text       -      error none | 4 raises tests.OwnError | =
        raises_type_error        error           yes unknown         text       -      error none | 4 raises TypeError | =
        raises_connection_reset  connection_lost yes connection_lost text       -      error none | 4 raises ConnectionResetError | =
        raises_after_result      error           yes unknown         text       -      error none | 4 raises tests.OwnError | completed
        raises_cancelled         cancelled       no  cancelled_by_application text       -      unset none | 4 raises asyncio.CancelledError | =+
        """,
    ),
    *table(
        "create_stream_structured",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        structured_clean         completed       no  -               end_marker stop   unset wire | 5 CreateResult
        structured_length        length          yes context_limit   finish     length unset wire | 2 raises openai.LengthFinishReasonError
        structured_content_filter content_filter  yes content_filter  finish     content_filter unset wire | 2 raises openai.ContentFilterFinishReasonError
        structured_silent_cut    truncated       yes unknown         text       -      error wire | 3 CreateResult
        structured_json_body     empty           yes no_streaming_support headers    -      error wire | 1 CreateResult
        structured_refusal       completed       no  -               end_marker stop   unset wire | 1 CreateResult
        structured_rst           connection_lost yes connection_lost text       -      error wire | 2 raises openai.APIConnectionError
        structured_no_json       protocol_error  yes provider_error  text       -      error wire | 1 raises ValueError
        """,
    ),
    *table(
        "agent_run_structured",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        structured_clean         completed       no  -               message    stop   unset wire | 7 TaskResult | =
        structured_length        length          yes context_limit   text       length unset wire | 3 raises openai.LengthFinishReasonError | =
        structured_content_filter content_filter  yes content_filter  text       content_filter unset wire | 3 raises openai.ContentFilterFinishReasonError | =
        structured_silent_cut    truncated       yes unknown         text       -      error wire | 3 raises pydantic_core.ValidationError | =
        structured_json_body     empty           yes no_streaming_support message    -      error wire | 1 raises pydantic_core.ValidationError | =
        structured_refusal       error           yes unknown          message    -      error none | 1 raises pydantic_core.ValidationError | completed
        structured_rst           connection_lost yes connection_lost text       -      error wire | 3 raises openai.APIConnectionError | =
        structured_no_json       protocol_error  yes provider_error  text       -      error wire | 2 raises ValueError | =
        """,
    ),
    *table(
        "agent_run_without_streaming",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        clean                    completed       no  -               message    -      unset result | 3 TaskResult |  | delivery=none
        length                   length          yes context_limit   message    -      unset result | 3 TaskResult |  | delivery=none
        content_filter           content_filter  yes content_filter  message    -      unset result | 3 TaskResult |  | delivery=none
        http_500                 rejected        no  provider_error  error      -      error none | 1 raises openai.InternalServerError
        http_400_context         rejected        no  context_limit   error      -      error none | 1 raises openai.BadRequestError
        http_429                 rejected        no  rate_limited    error      -      error none | 1 raises openai.RateLimitError
        stall_before_headers     rejected        no  idle_timeout    message    -      error none | 1 raises openai.APITimeoutError
        rst_before_headers       rejected        no  connection_lost message    -      error none | 1 raises openai.APIConnectionError
        refusal                  completed       no  -               message    -      unset result | 3 TaskResult |  | delivery=none
        tool                     completed       no  -               message    -      unset result | 5 TaskResult |  | delivery=none
        tool_raises              tool_error      yes tool_failure    message    -      error none | 5 TaskResult
        tool_reflect             completed       no  -               message    -      unset result | 5 TaskResult |  | delivery=none
        tool_hangs               cancelled       yes tool_failure    tool_call  -      unset none | 2 raises TimeoutError
        """,
    ),
    *table(
        "team_run_after_cancel",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        clean                    completed       no  -               message    stop   unset wire | 11 TaskResult | = =
        """,
    ),
]
