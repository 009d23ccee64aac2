# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E501 (one row, one line)
"""Teams, nested agents, termination conditions, and what drains them."""

from __future__ import annotations

from tests.endings import tools_and_teams as tools_and_teams  # their sources and ways
from tests.endings.table import table

ROWS = [
    *table(
        "team_run_of_two",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        clean                    completed       no  -               message    stop   unset wire | 15 TaskResult | = = = =
        silent_cut               truncated       yes unknown         message    -      error wire | 11 TaskResult | completed completed =+ =
        rst                      connection_lost yes connection_lost text       -      error wire | 9 raises RuntimeError | completed completed =+ =
        length                   length          yes context_limit   message    length unset wire | 11 TaskResult | completed completed =+ =
        http_500                 rejected        no  provider_error  error      -      error wire | 5 raises RuntimeError | completed completed =+ =
        stall                    timeout         yes idle_timeout    text       -      error wire | 9 raises RuntimeError | completed completed =+ =
        content_filter           content_filter  yes content_filter  message    content_filter unset wire | 11 TaskResult | completed completed =+ =
        error_object             provider_error  yes provider_error  error      -      error wire | 9 raises RuntimeError | completed completed =+ =
        tool_raises              tool_error      yes tool_failure    message    -      error none | 9 TaskResult | completed completed = completed
        """,
    ),
    *table(
        "team_run_first_of_two",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        clean                    completed       no  -               message    -      unset result | 15 TaskResult | = = = =
        silent_cut               completed       no  -               message    -      unset result | 11 TaskResult | truncated/unknown+ truncated/unknown = = | inner_cutoffs=1
        length                   completed       no  -               message    -      unset result | 11 TaskResult | length/context_limit+ length/context_limit = = | inner_cutoffs=1
        rst                      connection_lost yes connection_lost text       -      error wire | 5 raises RuntimeError | =+ =
        """,
    ),
    *table(
        "selector_run",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        selects                  completed       no  -               message    -      unset result | 6 TaskResult | = =
        selects_nobody           completed       no  -               message    -      unset result | 6 TaskResult | = =
        http_500                 rejected        no  provider_error  error      -      error none | 0 raises openai.InternalServerError
        rst_before_headers       rejected        no  connection_lost none       -      error none | 0 raises openai.APIConnectionError
        """,
    ),
    *table(
        "selector_run_streaming",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        selects                  completed       no  -               message    -      unset result | 6 TaskResult | = = =
        selects_nobody           completed       no  -               message    -      unset result | 6 TaskResult | = = = = =
        silent_cut               completed       no  -               message    -      unset result | 6 TaskResult | truncated/unknown truncated/unknown truncated/unknown = = | inner_cutoffs=3
        rst                      connection_lost yes connection_lost none       -      error wire | 0 raises openai.APIConnectionError | =
        http_500                 rejected        no  provider_error  error      -      error wire | 0 raises openai.InternalServerError | =
        """,
    ),
    *table(
        "team_run_agent_raises",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        clean                    error           yes unknown         message    -      error none | 1 raises RuntimeError | = | delivery=none
        """,
    ),
    *table(
        "team_run_after_failure",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        clean                    error           yes unknown         message    -      error none | 1 raises RuntimeError | = | delivery=none
        """,
    ),
    *table(
        "nested_team_run",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        clean                    completed       no  -               message    stop   unset wire | 11 TaskResult | = = =
        silent_cut               truncated       yes unknown         message    -      error wire | 7 TaskResult | =+ =+ =
        rst                      connection_lost yes connection_lost text       -      error wire | 5 raises RuntimeError | =+ =+ =
        length                   length          yes context_limit   message    length unset wire | 7 TaskResult | =+ =+ =
        http_500                 rejected        no  provider_error  error      -      error wire | 1 raises RuntimeError | =+ =+ =
        stall                    timeout         yes idle_timeout    text       -      error wire | 5 raises RuntimeError | =+ =+ =
        """,
    ),
    *table(
        "society_run",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        clean                    completed       no  -               message    -      unset result | 12 TaskResult | = = = | delivery=none
        silent_cut               completed       no  -               message    -      unset result | 8 TaskResult | truncated/unknown+ truncated/unknown+ truncated/unknown | delivery=none inner_cutoffs=1
        rst                      connection_lost yes connection_lost text       -      error wire | 5 raises RuntimeError | =+ =+ =
        length                   completed       no  -               message    -      unset result | 8 TaskResult | length/context_limit+ length/context_limit+ length/context_limit | delivery=none inner_cutoffs=1
        http_500                 rejected        no  provider_error  error      -      error wire | 1 raises RuntimeError | =+ =+ =
        stall                    timeout         yes idle_timeout    text       -      error wire | 5 raises RuntimeError | =+ =+ =
        """,
    ),
    *table(
        "agent_tool_run",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        clean                    completed       no  -               message    -      unset result | 17 TaskResult | = = = =
        silent_cut               completed       no  -               message    -      unset result | 13 TaskResult | = truncated/unknown+ truncated/unknown = | inner_cutoffs=1
        rst                      completed       no  -               message    -      unset result | 12 TaskResult | = connection_lost/connection_lost+ connection_lost/connection_lost = | inner_cutoffs=1
        length                   completed       no  -               message    -      unset result | 13 TaskResult | = length/context_limit+ length/context_limit = | inner_cutoffs=1
        http_500                 completed       no  -               message    -      unset result | 8 TaskResult | = rejected/provider_error+ rejected/provider_error =
        stall                    completed       no  -               message    -      unset result | 12 TaskResult | = timeout/idle_timeout+ timeout/idle_timeout = | inner_cutoffs=1
        """,
    ),
    *table(
        "swarm_run",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        clean                    completed       no  -               message    stop   unset wire | 11 TaskResult | = =
        silent_cut               truncated       yes unknown         message    -      error wire | 7 TaskResult | =+ =
        rst                      connection_lost yes connection_lost text       -      error wire | 5 raises RuntimeError | =+ =
        length                   length          yes context_limit   message    length unset wire | 7 TaskResult | =+ =
        http_500                 rejected        no  provider_error  error      -      error wire | 1 raises RuntimeError | =+ =
        stall                    timeout         yes idle_timeout    text       -      error wire | 5 raises RuntimeError | =+ =
        """,
    ),
    *table(
        "graph_run",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        clean                    completed       no  -               message    stop   unset wire | 15 TaskResult | = = = =
        silent_cut               truncated       yes unknown         message    -      error wire | 11 TaskResult | completed completed =+ =
        rst                      connection_lost yes connection_lost text       -      error wire | 9 raises RuntimeError | completed completed =+ =
        length                   length          yes context_limit   message    length unset wire | 11 TaskResult | completed completed =+ =
        http_500                 rejected        no  provider_error  error      -      error wire | 5 raises RuntimeError | completed completed =+ =
        stall                    timeout         yes idle_timeout    text       -      error wire | 9 raises RuntimeError | completed completed =+ =
        """,
    ),
    *table(
        "team_run_own_runtime",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        clean                    completed       no  -               message    stop   unset wire | 11 TaskResult | = =
        silent_cut               truncated       yes unknown         message    -      error wire | 7 TaskResult | =+ =
        rst                      connection_lost yes connection_lost text       -      error wire | 5 raises RuntimeError | =+ =
        length                   length          yes context_limit   message    length unset wire | 7 TaskResult | =+ =
        http_500                 rejected        no  provider_error  error      -      error wire | 1 raises RuntimeError | =+ =
        stall                    timeout         yes idle_timeout    text       -      error wire | 5 raises RuntimeError | =+ =
        break_dropped            abandoned       yes partial_consumption text       -      unset none | 3 left | completed completed
        aclose                   abandoned       yes partial_consumption text       -      unset none | 3 left | completed completed
        """,
    ),
    *table(
        "message_filter_run",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        clean                    completed       no  -               message    stop   unset wire | 11 TaskResult | = =
        silent_cut               truncated       yes unknown         message    -      error wire | 7 TaskResult | =+ =
        rst                      connection_lost yes connection_lost text       -      error wire | 5 raises openai.APIConnectionError | =+ =
        length                   length          yes context_limit   message    length unset wire | 7 TaskResult | =+ =
        http_500                 rejected        no  provider_error  error      -      error wire | 1 raises openai.InternalServerError | =+ =
        stall                    timeout         yes idle_timeout    text       -      error wire | 5 raises openai.APITimeoutError | =+ =
        """,
    ),
    *table(
        "team_run_until",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        until_max_messages       completed       no  -               message    -      unset result | 6 TaskResult | = = | team.stop_reason=max_messages
        until_text_mention       completed       no  -               message    -      unset result | 6 TaskResult | = = | team.stop_reason=text_mention
        until_token_usage        completed       no  -               message    -      unset result | 6 TaskResult | = = | team.stop_reason=token_usage
        until_timeout            completed       no  -               message    -      unset none | 2 TaskResult | - | team.stop_reason=timeout
        until_external           completed       no  -               message    -      unset none | 2 TaskResult | - | team.stop_reason=external
        until_stop_message       completed       no  -               message    -      unset none | 3 TaskResult | = | team.stop_reason=stop_message delivery=none
        until_source_match       completed       no  -               message    -      unset result | 6 TaskResult | = = | team.stop_reason=source_match
        until_text_message       completed       no  -               message    -      unset result | 6 TaskResult | = = | team.stop_reason=text_message
        until_functional         completed       no  -               message    -      unset none | 2 TaskResult | - | team.stop_reason=functional
        until_handoff            completed       no  -               message    -      unset result | 10 TaskResult | = = = = | team.stop_reason=max_messages
        until_function_call      completed       no  -               message    -      unset result | 10 TaskResult | = = = = | team.stop_reason=max_messages
        """,
    ),
    *table(
        "agent_run",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        console                  completed       no  -               message    stop   unset wire | 1 TaskResult | =
        console_silent_cut       truncated       yes unknown         message    -      error wire | 1 TaskResult | =
        """,
    ),
    *table(
        "team_run",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        console                  completed       no  -               message    stop   unset wire | 1 TaskResult | = =
        console_silent_cut       truncated       yes unknown         message    -      error wire | 1 TaskResult | =+ =
        """,
    ),
]
