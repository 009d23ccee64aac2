# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The classic API, of AutoGen 0.2 and of AG2 before 1.0: `ConversableAgent` with `stream` in its configuration.

    lastchunk demo run opentelemetry-instrument python examples/classic_api.py

It needs an environment of its own with `autogen-agentchat==0.2.40` or `ag2[openai]==0.14.0`: both own the package
`autogen`. One sees one `chat` stream: the call of `OpenAIWrapper.create`, with what the openai SDK read as its evidence.
"""

from __future__ import annotations

import os

from autogen import ConversableAgent

MODEL = {
    "model": "gpt-4o-mini",
    "api_key": os.environ["OPENAI_API_KEY"],
    "base_url": os.environ.get("OPENAI_BASE_URL", "https://api.openai.com/v1"),
    "price": [0.00015, 0.0006],
    "stream": True,
}


def main() -> None:
    """Ask once."""
    guide = ConversableAgent(
        "travel_guide",
        llm_config={"config_list": [MODEL], "cache_seed": None},
        human_input_mode="NEVER",
    )
    traveller = ConversableAgent("traveller", llm_config=False, human_input_mode="NEVER")
    traveller.initiate_chat(guide, message="What should I see in Lisbon today?", max_turns=1)


if __name__ == "__main__":
    main()
