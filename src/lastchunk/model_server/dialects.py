# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The dialects that the model server speaks: a request's path says which, so one script breaks the streams of any of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, cast

from lastchunk.model_server.actions import NDJSON, SSE, Content, Speech
from lastchunk.model_server.anthropic_wire import AnthropicReply
from lastchunk.model_server.gemini_wire import GeminiReply
from lastchunk.model_server.ollama_wire import OllamaReply
from lastchunk.model_server.openai_wire import CompletionsReply, OpenAIReply
from lastchunk.model_server.responses_wire import ResponsesReply

Message = Mapping[str, object]
Name = Literal["openai", "completions", "responses", "anthropic", "ollama", "gemini"]


class Reply(Protocol):
    """One answer of a model."""

    @property
    def speech(self) -> Speech:
        """What it says."""
        ...

    def render(self, step: Content) -> Iterator[bytes]:
        """The pieces in which a step travels: each is sent by itself, `Speech.gap` after the one before."""
        ...


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one provider's API looks from outside."""

    endpoint: str
    """How the path of a request ends, but for the id of an answer that is taken up."""
    base: str
    """What stands behind the script in a client's base URL."""
    reply: Callable[[str, str, Speech], Reply]
    """Of an id, a model and a speech."""
    content_type: str = SSE
    """Of a stream."""
    conversation: str = "messages"
    """The field of a request that holds it."""

    in_path: bool = False
    """The path of a request names the model, and says that it asks for a stream."""

    def document(self, target: str, body: Message) -> Message:
        """The body of a request to `target`, with its model and whether it asks for a stream."""
        if not self.in_path:
            return body
        return {**body, "model": target.partition("?")[0].rpartition("/")[2].partition(":")[0], "stream": True}

    def last_message(self, body: Mapping[str, object]) -> Message:
        """The last message of a request; empty if there is none."""
        messages = body.get(self.conversation) or ()
        last = messages[-1:] if isinstance(messages, list) else [messages]
        if not last:
            return {}
        return cast("Message", last[0]) if isinstance(last[0], dict) else {"content": last[0]}


DIALECTS: Mapping[Name, Dialect] = {
    "openai": Dialect("/chat/completions", "/v1", OpenAIReply),
    "completions": Dialect("/completions", "/v1", CompletionsReply, conversation="prompt"),
    "responses": Dialect("/responses", "/v1", ResponsesReply, conversation="input"),
    "anthropic": Dialect("/messages", "", AnthropicReply),
    "ollama": Dialect("/api/chat", "", OllamaReply, content_type=NDJSON),
    "gemini": Dialect(":streamGenerateContent", "", GeminiReply, conversation="contents", in_path=True),
}


def dialect_of(target: str) -> Dialect:
    """The dialect of a request to `target`; OpenAI's if it is none that the server knows."""
    path = target.partition("?")[0] + "/"
    return next((dialect for dialect in DIALECTS.values() if f"{dialect.endpoint}/" in path), DIALECTS["openai"])


def answers_tool(message: Message) -> bool:
    """The message is a tool's result, in any dialect."""
    if message.get("role") == "tool" or message.get("type") == "function_call_output":
        return True
    blocks = message.get("content") or message.get("parts")
    return isinstance(blocks, list) and any(
        block.get("type") == "tool_result" or "functionResponse" in block
        for block in cast("list[Message]", blocks)
        if isinstance(block, dict)
    )


def offered_tool(body: Mapping[str, object]) -> str:
    """The name of the first tool that a request offers, in any dialect; empty if it offers none."""
    for tool in cast("list[Message]", body.get("tools") or []):
        declared = cast("list[Message]", tool.get("functionDeclarations") or [tool])
        function = cast("Message", declared[0].get("function") or declared[0])
        return str(function.get("name"))
    return ""
