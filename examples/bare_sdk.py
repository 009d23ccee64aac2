# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The openai SDK without AutoGen, async and sync: `create(stream=True)` is a stream, too.

    lastchunk demo run opentelemetry-instrument python examples/bare_sdk.py

One sees two `chat` streams. The second is left after five chunks: its line says `abandoned`, and the loop that left it.
"""

from __future__ import annotations

import asyncio

from openai import AsyncOpenAI, OpenAI

QUESTION = "What should I see in Lisbon today?"


async def read_all() -> None:
    """The whole answer."""
    async with AsyncOpenAI() as client:
        stream = await client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": QUESTION}], stream=True
        )
        async for chunk in stream:
            if chunk.choices:
                print(chunk.choices[0].delta.content or "", end="", flush=True)
        print()


def leave_early() -> None:
    """Five chunks of it."""
    with OpenAI() as client:
        stream = client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": QUESTION}], stream=True
        )
        for number, chunk in enumerate(stream, start=1):
            print(chunk.choices[0].delta.content or "", end="", flush=True)
            if number == 5:
                break
        print()


if __name__ == "__main__":
    asyncio.run(read_all())
    leave_early()
