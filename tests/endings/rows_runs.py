# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E501 (one row, one line)
"""AutoGen's further agents, teams and tools, and its client for Azure OpenAI."""

from __future__ import annotations

from tests.endings import runs as runs  # their sources
from tests.endings.table import table

ROWS = [
    *table(
        "azure_openai_client",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        clean                    completed       no  -               end_marker stop   unset wire | 9 CreateResult
        silent_cut               truncated       yes unknown         text       -      error wire | 5 CreateResult
        length                   length          yes context_limit   end_marker length unset wire | 5 CreateResult
        rst                      connection_lost yes connection_lost text       -      error wire | 4 raises openai.APIConnectionError
        http_429                 rejected        no  rate_limited    error      -      error wire | 0 raises openai.RateLimitError
        json_body                empty           yes no_streaming_support headers -    error wire | 1 CreateResult |  | delivery=none
        """,
    ),
    *table(
        "code_executor_run",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        clean                    completed       no  -               message    stop   unset wire | 11 TaskResult | =
        silent_cut               truncated       yes unknown         message    -      error wire | 7 TaskResult | =
        length                   length          yes context_limit   message    length unset wire | 7 TaskResult | =
        rst                      connection_lost yes connection_lost text       -      error wire | 5 raises openai.APIConnectionError | =
        """,
    ),
    *table(
        "user_proxy_run",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        clean                    completed       no  -               message    -      unset none | 13 TaskResult | = = = | delivery=none
        rst                      connection_lost yes connection_lost text       -      error wire | 5 raises RuntimeError | =+ =
        """,
    ),
    *table(
        "user_proxy_run_fails",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        clean                    error           yes unknown         message    -      error none | 11 raises RuntimeError | completed completed = | delivery=none
        """,
    ),
    *table(
        "team_tool_run",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        clean                    completed       no  -               message    -      unset result | 17 TaskResult | = = = = =
        silent_cut               completed       no  -               message    -      unset result | 13 TaskResult | completed truncated/unknown+ truncated/unknown+ truncated/unknown = | inner_cutoffs=1
        """,
    ),
    *table(
        "magentic_run",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        clean                    completed       no  -               message    -      unset result | 14 TaskResult | = = | delivery=none
        rst                      connection_lost yes connection_lost text       -      error wire | 7 raises RuntimeError | =+ =
        """,
    ),
]
