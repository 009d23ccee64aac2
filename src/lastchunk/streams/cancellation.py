# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Finds out who cancelled a stream, from its surroundings: every `CancelledError` looks the same."""

from __future__ import annotations

import asyncio
import re
import sys
from typing import Any

from lastchunk.streams.raised import behind

_SCOPE = re.compile(r"Cancelled (?P<how>via|by) cancel scope (?P<id>[0-9a-f]+)(?: by (?P<by><.*))?", re.DOTALL)
"""What anyio gives to a `CancelledError`. Before 4.11 it says `by`, and never who cancelled the scope."""

_FRAMEWORK = re.compile(r"(starlette|sse_starlette|fastapi)\.")
"""How the tasks are named in which a web framework reads the body of its response."""

_SERVER = re.compile(r" name='(starlette|sse_starlette|fastapi)\.|[/\\](uvicorn|hypercorn|granian|daphne)[/\\]")
"""A task of a framework, or the task in which a server calls the application, as it is printed."""


def client_disconnected(error: BaseException) -> bool:
    """A web server cancelled the stream because its client left.

    Starlette, FastAPI and sse-starlette read the body in a task of an anyio group, and cancel the group's scope when the
    client has gone; the message that anyio gives to the `CancelledError` names the task that did it. A deadline, and a
    scope of the application's own, are no disconnect. Code that awaits something while it is cancelled, as Agent Framework's
    workflows do, raises another one in the handling of the first.
    """
    return any(_by_a_server(link) for link in behind(error) if isinstance(link, asyncio.CancelledError))


def _by_a_server(error: asyncio.CancelledError) -> bool:
    message = str(error.args[0]) if error.args else ""
    scope = _SCOPE.match(message)
    if scope is None or "deadline exceeded" in message:
        return False
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return False
    if task is None or _entered_here(task, int(scope["id"], 16)):
        return False
    if scope["by"] is not None:
        return _SERVER.search(scope["by"]) is not None
    return scope["how"] == "by" and _FRAMEWORK.match(task.get_name()) is not None


def _entered_here(task: asyncio.Task[Any], scope_id: int) -> bool:
    """Whether the code that reads the stream entered the scope: a framework enters its own outside.

    anyio has no public way to ask. If its internals have changed, the answer is unknown, and the task that cancelled decides.
    """
    backend = sys.modules.get("anyio._backends._asyncio")
    scope = getattr(getattr(backend, "_task_states", {}).get(task), "cancel_scope", None)
    while scope is not None:
        if id(scope) == scope_id:
            return getattr(scope, "_host_task", None) is task
        scope = getattr(scope, "_parent_scope", None)
    return False


def loop_is_ending() -> bool:
    """Whether `asyncio.run` is cancelling its main coroutine because of Ctrl-C, or tasks that this left behind."""
    frame = sys._getframe()
    while frame is not None:
        code = frame.f_code
        if code.co_filename.endswith("runners.py"):
            if code.co_name == "_cancel_all_tasks":
                return True
            # asyncio has no public way to ask; where it has changed, the cancel is taken for the application's.
            if code.co_name == "run" and getattr(frame.f_locals.get("self"), "_interrupt_count", 0):
                return True
        frame = frame.f_back
    return False
