# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E501 (one row, one line)
"""A web server passes the stream on, and its client leaves."""

from __future__ import annotations

from tests.endings import web as web  # its ways
from tests.endings.table import table

ROWS = [
    *table(
        "create_stream",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        starlette_reads_all      completed       no  -               end_marker stop   unset wire | 9 CreateResult
        starlette_client_leaves  cancelled       yes client_disconnected text       -      unset wire | 4 left by CancelledError
        websocket_client_leaves  cancelled       yes client_disconnected text       -      unset wire | 4 left by CancelledError
        starlette_client_gives_up cancelled       yes idle_timeout    text       -      unset wire | 4 left by CancelledError
        sse_client_leaves        cancelled       yes client_disconnected text       -      unset wire | 4 left by CancelledError
        sse_client_gives_up      cancelled       yes idle_timeout    text       -      unset wire | 4 left by CancelledError
        """,
    ),
    *table(
        "agent_run",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        starlette_reads_all      completed       no  -               message    stop   unset wire | 11 TaskResult | =
        starlette_client_leaves  cancelled       yes client_disconnected text       -      unset none | 5 left by CancelledError | =+
        websocket_client_leaves  cancelled       yes client_disconnected text       -      unset none | 5 left by CancelledError | =+
        starlette_client_gives_up cancelled       yes idle_timeout    text       -      unset none | 5 left by CancelledError | =+
        sse_client_leaves        cancelled       yes client_disconnected text       -      unset none | 5 left by CancelledError | =+
        sse_client_gives_up      cancelled       yes idle_timeout    text       -      unset none | 5 left by CancelledError | =+
        """,
    ),
    *table(
        "sdk_async",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        starlette_reads_all      completed       no  -               end_marker stop   unset wire | 10 ChatCompletionChunk
        starlette_client_leaves  cancelled       yes client_disconnected text       -      unset wire | 4 left by CancelledError
        websocket_client_leaves  cancelled       yes client_disconnected text       -      unset wire | 4 left by CancelledError
        starlette_client_gives_up cancelled       yes idle_timeout    text       -      unset wire | 4 left by CancelledError
        sse_client_leaves        cancelled       yes client_disconnected text       -      unset wire | 4 left by CancelledError
        sse_client_gives_up      cancelled       yes idle_timeout    text       -      unset wire | 4 left by CancelledError
        """,
    ),
    *table(
        "team_run",
        """
        #                        reason          cut cause           last event finish status evidence | application sees | below | also
        starlette_reads_all      completed       no  -               message    stop   unset wire | 11 TaskResult | = =
        """,
    ),
]
