# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E501 (one row, one line)
"""Tools: they raise, hang, or are called with arguments that were cut."""

from __future__ import annotations

from tests.endings import tools_and_teams as tools_and_teams  # their sources and ways
from tests.endings.table import table

ROWS = [
    *table(
        "agent_run",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        tool_call_then_nothing   completed       no  -               message    stop   unset wire | 5 TaskResult | = = | delivery=none
        tool_call_then_silent_cut truncated       yes unknown         message    -      error wire | 9 TaskResult | completed =
        tool_arguments_cut       truncated       yes unknown         message    -      error wire | 5 TaskResult | =
        tool_arguments_cut_under_stop truncated       yes unknown         message    stop   error wire | 5 TaskResult | =
        tool_arguments_cut_by_length length          yes context_limit   message    length unset wire | 5 TaskResult | =
        tool_call_rst            connection_lost yes connection_lost message    -      error wire | 1 raises openai.APIConnectionError | =
        tool_reflect             completed       no  -               message    stop   unset wire | 13 TaskResult | = =
        tool_raises              tool_error      yes tool_failure    message    -      error none | 5 TaskResult | completed
        tool_raises_reflect      completed       no  -               message    stop   unset wire | 13 TaskResult | = =
        tool_unknown             tool_error      yes tool_failure    message    -      error none | 5 TaskResult | completed
        tool_bad_json            tool_error      yes tool_failure    message    -      error none | 5 TaskResult | completed
        tool_wrong_arguments     tool_error      yes tool_failure    message    -      error none | 5 TaskResult | completed
        tool_arguments_cut_reflect completed       no  -               message    stop   unset wire | 13 TaskResult | truncated/unknown = | inner_cutoffs=1
        tool_arguments_cut_by_length_reflect completed       no  -               message    stop   unset wire | 13 TaskResult | length/context_limit = | inner_cutoffs=1
        tool_hangs               cancelled       yes tool_failure    tool_call  -      unset none | 2 raises TimeoutError | completed
        tool_hangs_cancelled_soon cancelled       no  cancelled_by_application tool_call  -      unset none | 2 raises TimeoutError | completed
        tool_hangs_break         abandoned       yes partial_consumption tool_call  -      unset none | 2 left | completed
        tool_hangs_token         cancelled       yes tool_failure    tool_call  -      unset none | 2 raises TimeoutError | completed
        tool                     completed       no  -               message    tool_calls unset wire | 5 TaskResult | =
        """,
    ),
    *table(
        "team_run",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        tool_call_then_nothing   completed       no  -               message    stop   unset wire | 5 TaskResult | = = = | delivery=none
        tool_call_then_silent_cut truncated       yes unknown         message    -      error wire | 9 TaskResult | =+ completed =
        tool_arguments_cut       truncated       yes unknown         message    -      error wire | 5 TaskResult | =+ =
        tool_arguments_cut_under_stop truncated       yes unknown         message    stop   error wire | 5 TaskResult | =+ =
        tool_arguments_cut_by_length length          yes context_limit   message    length unset wire | 5 TaskResult | =+ =
        tool_call_rst            connection_lost yes connection_lost message    -      error wire | 1 raises RuntimeError | =+ =
        tool_reflect             completed       no  -               message    stop   unset wire | 13 TaskResult | = = =
        tool_raises              tool_error      yes tool_failure    message    -      error none | 5 TaskResult | = completed
        tool_raises_reflect      completed       no  -               message    stop   unset wire | 13 TaskResult | = = =
        tool_unknown             tool_error      yes tool_failure    message    -      error none | 5 TaskResult | = completed
        tool_bad_json            tool_error      yes tool_failure    message    -      error none | 5 TaskResult | = completed
        tool_wrong_arguments     tool_error      yes tool_failure    message    -      error none | 5 TaskResult | = completed
        tool_arguments_cut_reflect completed       no  -               message    stop   unset wire | 13 TaskResult | = truncated/unknown =
        tool_arguments_cut_by_length_reflect completed       no  -               message    stop   unset wire | 13 TaskResult | = length/context_limit =
        tool                     completed       no  -               message    tool_calls unset wire | 5 TaskResult | = =
        """,
    ),
]
