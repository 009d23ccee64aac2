# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What it takes to count and size a long history, which is done once for each call."""

from __future__ import annotations

from collections.abc import Callable

from autogen_core.models import UserMessage

from benchmarks.measure import Row, paired
from lastchunk.patches.support.history import history_of

MESSAGES = 1_000
CALLS = 20


async def rows(limit: float) -> list[Row]:
    """The table's lines."""
    return [
        await _row("ASCII", "a" * 200, limit),
        await _row("Chinese", "流" * 200, limit),
    ]


async def _row(script: str, text: str, limit: float) -> Row:
    autogen = [UserMessage(content=text[:-4] + f"{number:04}", source="user") for number in range(MESSAGES)]
    sdk = [{"role": "user", "content": message.content} for message in autogen]

    async def nothing() -> None:
        pass

    def sized(messages: object) -> Callable[[], object]:
        async def work() -> None:
            for _ in range(CALLS):
                history_of(messages)

        return work

    results = [
        await paired(nothing, CALLS, lambda: None, lambda: None, work_on=sized(messages), limit=limit)  # type: ignore[arg-type]
        for messages in (autogen, sdk)
    ]
    milliseconds = [result.on_us / 1e3 for result in results]
    return Row(
        f"a history of {MESSAGES:,} messages of 200 characters, {script}",
        "≤ 1 ms",
        f"{milliseconds[0]:.2f} ms (AutoGen's), {milliseconds[1]:.2f} ms (the SDK's){results[0].noisy}",
        "",
        "",
        max(milliseconds) <= 1,
    )
