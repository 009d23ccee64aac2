# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E501 (one row, one line)
"""What the consumer does: it leaves, cancels, gives up, comes back, or keeps what it no longer wants."""

from __future__ import annotations

from tests.endings import leaving as leaving  # its ways
from tests.endings.table import table

ROWS = [
    *table(
        "create_stream",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        break_dropped            abandoned       yes partial_consumption text       -      unset wire | 3 left
        break_kept               abandoned       yes partial_consumption text       -      unset wire | 3 left
        break_in_a_cycle         abandoned       yes partial_consumption text       -      unset wire | 3 left
        aclose                   abandoned       yes partial_consumption text       -      unset wire | 3 left
        aclose_in_another_task   abandoned       yes partial_consumption text       -      unset wire | 3 left
        aclosing                 abandoned       yes partial_consumption text       -      unset wire | 3 left
        exception_in_the_loop    abandoned       yes partial_consumption text       -      unset wire | 3 raises tests.OwnError
        athrow                   abandoned       yes partial_consumption text       -      unset wire | 3 raises tests.OwnError
        task_cancel              cancelled       no  cancelled_by_application text       -      unset wire | 4 raises asyncio.CancelledError
        task_cancel_with_a_message cancelled       no  cancelled_by_application text       -      unset wire | 4 raises asyncio.CancelledError
        task_cancel_after_silence cancelled       yes idle_timeout    text       -      unset wire | 4 raises asyncio.CancelledError
        token_during             cancelled       no  cancelled_by_application text       -      unset wire | 4 raises asyncio.CancelledError
        token_before             cancelled       no  cancelled_by_application none       -      unset none | 0 raises asyncio.CancelledError |  | delivery=none
        asyncio_timeout          cancelled       no  cancelled_by_application text       -      unset wire | 4 raises TimeoutError
        asyncio_timeout_after_silence cancelled       yes idle_timeout    text       -      unset wire | 4 raises TimeoutError
        wait_for_each_item       completed       no  -               end_marker stop   unset wire | 9 CreateResult
        wait_for_runs_out        cancelled       no  cancelled_by_application text       -      unset wire | 4 raises TimeoutError
        anyio_move_on_after      cancelled       no  cancelled_by_application text       -      unset wire | 4 left
        anyio_task_group_cancelled cancelled       no  cancelled_by_application text       -      unset wire | 4 left
        leave_at_the_end         completed       no  -               end_marker stop   unset wire | 9 CreateResult
        iterate_again            completed       no  -               end_marker stop   unset wire | 9 CreateResult
        anext_then_loop          completed       no  -               end_marker stop   unset wire | 9 CreateResult
        slow_consumer            completed       no  -               end_marker stop   unset wire | 9 CreateResult
        """,
    ),
    *table(
        "sdk_async",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        break_dropped            abandoned       yes partial_consumption text       -      unset wire | 3 left
        break_kept               abandoned       yes partial_consumption text       -      unset wire | 3 left
        break_in_a_cycle         abandoned       yes partial_consumption text       -      unset wire | 3 left
        aclose                   abandoned       yes partial_consumption text       -      unset wire | 3 left
        aclose_in_another_task   abandoned       yes partial_consumption text       -      unset wire | 3 left
        exception_in_the_loop    abandoned       yes partial_consumption text       -      unset wire | 3 raises tests.OwnError
        task_cancel              cancelled       no  cancelled_by_application text       -      unset wire | 4 raises asyncio.CancelledError
        task_cancel_with_a_message cancelled       no  cancelled_by_application text       -      unset wire | 4 raises asyncio.CancelledError
        task_cancel_after_silence cancelled       yes idle_timeout    text       -      unset wire | 4 raises asyncio.CancelledError
        asyncio_timeout          cancelled       no  cancelled_by_application text       -      unset wire | 4 raises TimeoutError
        asyncio_timeout_after_silence cancelled       yes idle_timeout    text       -      unset wire | 4 raises TimeoutError
        wait_for_each_item       completed       no  -               end_marker stop   unset wire | 10 ChatCompletionChunk
        wait_for_runs_out        cancelled       no  cancelled_by_application text       -      unset wire | 4 raises TimeoutError
        anyio_move_on_after      cancelled       no  cancelled_by_application text       -      unset wire | 4 left
        anyio_task_group_cancelled cancelled       no  cancelled_by_application text       -      unset wire | 4 left
        iterate_again            completed       no  -               end_marker stop   unset wire | 10 ChatCompletionChunk
        anext_then_loop          completed       no  -               end_marker stop   unset wire | 10 ChatCompletionChunk
        slow_consumer            completed       no  -               end_marker stop   unset wire | 10 ChatCompletionChunk
        """,
    ),
    *table(
        "agent_run",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        break_dropped            abandoned       yes partial_consumption text       -      unset none | 3 left | =+
        break_kept               abandoned       yes partial_consumption text       -      unset none | 3 left | =+
        break_in_a_cycle         abandoned       yes partial_consumption text       -      unset none | 3 left | =+
        aclose                   abandoned       yes partial_consumption text       -      unset none | 3 left | =+
        aclose_in_another_task   abandoned       yes partial_consumption text       -      unset none | 3 left | =+
        aclosing                 abandoned       yes partial_consumption text       -      unset none | 3 left | =+
        exception_in_the_loop    abandoned       yes partial_consumption text       -      unset none | 3 raises tests.OwnError | =+
        athrow                   abandoned       yes partial_consumption text       -      unset none | 3 raises tests.OwnError | =+
        task_cancel              cancelled       no  cancelled_by_application text       -      unset none | 5 raises asyncio.CancelledError | =+
        task_cancel_with_a_message cancelled       no  cancelled_by_application text       -      unset none | 5 raises asyncio.CancelledError | =+
        task_cancel_after_silence cancelled       yes idle_timeout    text       -      unset none | 5 raises asyncio.CancelledError | =+
        token_during             cancelled       no  cancelled_by_application text       -      unset none | 5 raises asyncio.CancelledError | =+
        token_before             cancelled       no  cancelled_by_application message    -      unset none | 1 raises asyncio.CancelledError | =+
        asyncio_timeout          cancelled       no  cancelled_by_application text       -      unset none | 5 raises TimeoutError | =+
        asyncio_timeout_after_silence cancelled       yes idle_timeout    text       -      unset none | 5 raises TimeoutError | =+
        wait_for_each_item       completed       no  -               message    stop   unset wire | 11 TaskResult | =
        wait_for_runs_out        cancelled       no  cancelled_by_application text       -      unset none | 5 raises TimeoutError | =+
        anyio_move_on_after      cancelled       no  cancelled_by_application text       -      unset none | 5 left | =+
        anyio_task_group_cancelled cancelled       no  cancelled_by_application text       -      unset none | 5 left | =+
        leave_at_the_end         completed       no  -               message    stop   unset wire | 11 TaskResult | =
        iterate_again            completed       no  -               message    stop   unset wire | 11 TaskResult | =
        anext_then_loop          completed       no  -               message    stop   unset wire | 11 TaskResult | =
        slow_consumer            completed       no  -               message    stop   unset wire | 11 TaskResult | =
        """,
    ),
    *table(
        "team_run",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        break_dropped            abandoned       yes partial_consumption text       -      unset none | 3 left | completed completed
        break_kept               abandoned       yes partial_consumption text       -      unset none | 3 left | completed completed
        aclose                   abandoned       yes partial_consumption text       -      unset none | 3 left | completed completed
        aclose_in_another_task   abandoned       yes partial_consumption text       -      unset none | 3 left | completed completed
        aclosing                 abandoned       yes partial_consumption text       -      unset none | 3 left | completed completed
        exception_in_the_loop    abandoned       yes partial_consumption text       -      unset none | 3 raises tests.OwnError | completed completed
        task_cancel_while_it_speaks cancelled       no  cancelled_by_application text       -      unset none | 3 raises asyncio.CancelledError | completed completed
        token_before             cancelled       no  cancelled_by_application none       -      unset none | 0 raises asyncio.CancelledError
        wait_for_each_item       completed       no  -               message    stop   unset wire | 11 TaskResult | = =
        leave_at_the_end         completed       no  -               message    stop   unset wire | 11 TaskResult | = =
        iterate_again            completed       no  -               message    stop   unset wire | 11 TaskResult | = =
        anext_then_loop          completed       no  -               message    stop   unset wire | 11 TaskResult | = =
        slow_consumer            completed       no  -               message    stop   unset wire | 11 TaskResult | = =
        """,
    ),
    *table(
        "sdk_stream_helper",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        break_dropped            abandoned       yes partial_consumption text       -      unset wire | 3 left
        aclose                   abandoned       yes partial_consumption text       -      unset wire | 3 left
        exception_in_the_loop    abandoned       yes partial_consumption text       -      unset wire | 3 raises tests.OwnError
        task_cancel              cancelled       no  cancelled_by_application text       -      unset wire | 8 raises asyncio.CancelledError
        task_cancel_after_silence cancelled       yes idle_timeout    text       -      unset wire | 8 raises asyncio.CancelledError
        """,
    ),
    *table(
        "cache_miss",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        break_dropped            abandoned       yes partial_consumption text       -      unset wire | 3 left
        aclose                   abandoned       yes partial_consumption text       -      unset wire | 3 left
        task_cancel              cancelled       no  cancelled_by_application text       -      unset wire | 4 raises asyncio.CancelledError
        leave_at_the_end         completed       no  -               end_marker stop   unset wire | 9 CreateResult
        """,
    ),
    *table(
        "recorder",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        break_dropped            abandoned       yes partial_consumption text       -      unset wire | 3 left
        aclose                   abandoned       yes partial_consumption text       -      unset wire | 3 left
        task_cancel              cancelled       no  cancelled_by_application text       -      unset wire | 4 raises asyncio.CancelledError
        leave_at_the_end         completed       no  -               end_marker stop   unset wire | 9 CreateResult
        """,
    ),
]
