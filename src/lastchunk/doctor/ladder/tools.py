# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Replaces the application's tools and code executors, which a diagnosis must not run without permission."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from lastchunk.doctor.ladder.replacing import replaced

NOT_RUN = "This tool was not run: the call is a test of the stream. Answer without it."
"""The answer that the model gets."""


@contextmanager
def tools_not_run() -> Generator[list[str]]:
    """Let tools and code executors answer that they were not run. Gives the names of those that were called.

    It replaces `call_tool` and `call_tool_stream` of every workbench, `execute_code_blocks` of every executor. Code that an
    agent's class runs by itself is not affected.
    """
    from autogen_core.code_executor import CodeExecutor, CodeResult
    from autogen_core.tools import TextResultContent, ToolResult, Workbench

    asked: list[str] = []

    def result(name: str) -> ToolResult:
        asked.append(name)
        return ToolResult(name=name, result=[TextResultContent(content=NOT_RUN)], is_error=False)

    async def call_tool(self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        return result(name)

    async def call_tool_stream(self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        yield result(name)

    async def execute_code_blocks(self: Any, *args: Any, **kwargs: Any) -> Any:
        asked.append(type(self).__name__)
        return CodeResult(exit_code=0, output=NOT_RUN)

    with (
        replaced(Workbench, "call_tool", lambda _: call_tool),
        replaced(Workbench, "call_tool_stream", lambda _: call_tool_stream),
        replaced(CodeExecutor, "execute_code_blocks", lambda _: execute_code_blocks),
    ):
        yield asked
