# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Where one case of five takes its stream from: the SDKs' less common ways, most of them sync, and Agent Framework's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from importlib.util import find_spec
from typing import Any

import anthropic
import openai

from fuzz.wire.answers import SENTINEL, Dialect
from fuzz.wire.asking import Asker, Layer
from fuzz.wire.layers import (
    anthropic_client,
    input_of_responses,
    openai_client,
    parsed,
)


def _managed(manager: AbstractContextManager[Any]) -> Iterator[Any]:
    with manager as stream:
        yield from stream


def _response_managed(manager: AbstractContextManager[Any]) -> Iterator[Any]:
    with manager as response:
        yield from response.parse()


def _agent_of_framework(asker: Asker) -> Any:
    from agent_framework import Agent

    name = asker.random.choice(("guide", "a" * 300, "a\nb", ""))
    return Agent(client=_chat_of_framework(asker), name=name).run(SENTINEL, stream=True)


def _chat_of_framework(asker: Asker) -> Any:
    from agent_framework.openai import OpenAIChatCompletionClient

    return OpenAIChatCompletionClient(model=asker.model(), async_client=openai_client(asker))


def _response_of_framework(asker: Asker) -> Any:
    from agent_framework import Message

    return _chat_of_framework(asker).get_response([Message("user", [SENTINEL])], stream=True)


_SYNC: dict[str, tuple[Dialect, Layer]] = {
    "openai, sync, raw": (
        "openai",
        lambda a: (
            openai_client(a, openai.OpenAI).chat.completions.with_raw_response.create(**a.asked(), stream=True).parse()
        ),
    ),
    "openai, sync, streaming response": (
        "openai",
        lambda a: _response_managed(
            openai_client(a, openai.OpenAI).chat.completions.with_streaming_response.create(**a.asked(), stream=True)
        ),
    ),
    "openai, sync, helper": (
        "openai",
        lambda a: _managed(openai_client(a, openai.OpenAI).chat.completions.stream(**a.asked())),
    ),
    "responses, sync, helper": (
        "responses",
        lambda a: _managed(openai_client(a, openai.OpenAI).responses.stream(**input_of_responses(a))),
    ),
    "anthropic, sync, helper": (
        "anthropic",
        lambda a: _managed(anthropic_client(a, anthropic.Anthropic).messages.stream(**a.asked(), max_tokens=9)),
    ),
}

_ASYNC: dict[str, tuple[Dialect, Layer]] = {
    "anthropic, raw": (
        "anthropic",
        lambda a: parsed(anthropic_client(a).messages.with_raw_response.create(**a.asked(), max_tokens=9, stream=True)),
    ),
}

_FRAMEWORK: dict[str, tuple[Dialect, Layer]] = {
    "framework, agent": ("openai", _agent_of_framework),
    "framework, chat": ("openai", _response_of_framework),
}

LAYERS = {**_SYNC, **_ASYNC, **(_FRAMEWORK if find_spec("agent_framework") else {})}
