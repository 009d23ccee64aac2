# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Who cancelled a stream: from inside every `CancelledError` looks alike, so the surroundings have to tell."""

from __future__ import annotations

import asyncio
import re
import sys

_WEB_SERVER_TASKS = re.compile(r"starlette\.responses\.|sse_starlette\.")
_WEB_SERVER_SCOPE = re.compile(
    r"Cancelled (via|by) cancel scope .*(run_asgi|cancel_on_finish|StreamingResponse)", re.DOTALL
)


def client_disconnected(error: BaseException) -> bool:
    """A web server cancelled the stream because its client left.

    Starlette and sse-starlette run the body in an anyio task group whose scope is cancelled when the client has gone:
    the task's name, and the message that anyio gives to the `CancelledError`, show it. A deadline is no disconnect.
    """
    message = str(error.args[0]) if error.args else ""
    if "deadline exceeded" in message:
        return False
    if _WEB_SERVER_SCOPE.search(message):
        return True
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return False
    return task is not None and _WEB_SERVER_TASKS.search(task.get_name()) is not None and bool(message)


def loop_is_ending() -> bool:
    """`asyncio.run` is cancelling what its main coroutine left behind."""
    frame = sys._getframe()
    while frame is not None:
        code = frame.f_code
        if code.co_name == "_cancel_all_tasks" and code.co_filename.endswith("runners.py"):
            return True
        frame = frame.f_back
    return False
