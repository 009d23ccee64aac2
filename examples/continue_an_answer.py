# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""An answer that was cut is asked for again where it stops: `guard` says that it was, and why.

    lastchunk demo run --ending length python examples/continue_an_answer.py

The model reaches its limit each time, so after three pieces the application gives up, and says so. No OpenTelemetry is needed.
"""

from __future__ import annotations

import asyncio

from autogen_core.models import AssistantMessage, ChatCompletionClient, LLMMessage, UserMessage
from autogen_ext.models.openai import OpenAIChatCompletionClient

from lastchunk import Reason, StreamCutOff, guard

QUESTION = "What should I see in Lisbon today?"
GO_ON = "Your answer was cut off. Go on exactly where it stops, and repeat nothing."
CAN_GO_ON = {Reason.LENGTH, Reason.TRUNCATED}
PIECES = 3


async def whole_answer(client: ChatCompletionClient, question: str) -> str:
    """The answer, in as many pieces as it takes, at most three; then the `StreamCutOff` of the last one."""
    asked: list[LLMMessage] = [UserMessage(content=question, source="user")]
    text = ""
    for piece in range(1, PIECES + 1):
        history = asked
        if text:
            half = AssistantMessage(content=text, source="assistant")
            history = [*asked, half, UserMessage(content=GO_ON, source="user")]
        try:
            async for item in guard(client.create_stream(history)):
                if isinstance(item, str):
                    text += item
                    print(item, end="", flush=True)
            break
        except StreamCutOff as cut:
            if cut.ending.reason not in CAN_GO_ON or piece == PIECES:
                raise
    return text


async def main() -> None:
    """Ask once."""
    client = OpenAIChatCompletionClient(model="gpt-4o-mini")
    try:
        await whole_answer(client, QUESTION)
        print()
    except StreamCutOff as cut:
        print(f"\nThe answer is not complete. {cut}")
    finally:
        await client.close()


if __name__ == "__main__":
    asyncio.run(main())
