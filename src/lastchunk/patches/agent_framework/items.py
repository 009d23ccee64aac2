# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What the items of Agent Framework's streams carry: contents of chats and agents, events of workflows."""

from __future__ import annotations

from collections.abc import Iterable

from lastchunk import foreign
from lastchunk.semconv import ChunkKind, LastEvent, WaitingFor
from lastchunk.streams.chunks import size_of_text
from lastchunk.streams.record import StreamRecord
from lastchunk.streams.start import History

_NOTHING = frozenset({"usage", "function_result", "error"})
"""Contents that are not part of the model's answer."""


def on_chat(record: StreamRecord, update: object, now: float, gap: float) -> None:
    """Read a ChatResponseUpdate: contents, and the finish reason with the last ones."""
    record.waiting_for = WaitingFor.NEXT_CHUNK
    _chunk(record, getattr(update, "contents", None), now, gap)
    reason = getattr(update, "finish_reason", None)
    if isinstance(reason, str) and reason:
        record.result_finish = reason


def on_agent(record: StreamRecord, update: object, now: float, gap: float) -> None:
    """Read an AgentResponseUpdate: contents of the model, and results of tools."""
    _chunk(record, getattr(update, "contents", None), now, gap)


def on_workflow(record: StreamRecord, event: object, now: float, gap: float) -> None:
    """Read a WorkflowEvent: outputs of executors, requests to a person, and the state of the run."""
    kind = getattr(event, "type", None)
    if kind == "request_info":
        record.chunk(ChunkKind.MESSAGE, 0, now, gap)
        record.waiting_for = WaitingFor.PERSON
        return
    record.waiting_for = WaitingFor.FIRST_CHUNK
    if kind not in ("output", "intermediate", "data"):
        record.chunk(ChunkKind.MESSAGE, 0, now, gap)
        return
    data = getattr(event, "data", None)
    said = foreign.text(getattr(data, "author_name", None)) or foreign.text(getattr(event, "executor_id", None))
    record.last_source = said or None
    contents = getattr(data, "contents", None)
    if contents is not None:
        _chunk(record, contents, now, gap)
    else:
        text = data if isinstance(data, str) else getattr(data, "text", None)
        record.chunk(ChunkKind.MESSAGE, size_of_text(text) if isinstance(text, str) else 0, now, gap)


def _chunk(record: StreamRecord, contents: Iterable[object] | None, now: float, gap: float) -> None:
    kind, size, result = ChunkKind.MESSAGE, 0, False
    for content in contents or ():
        name = getattr(content, "type", None)
        if name == "text":
            kind, record.waiting_for = ChunkKind.TEXT, WaitingFor.NEXT_CHUNK
        elif name == "text_reasoning":
            kind, record.waiting_for = ChunkKind.REASONING, WaitingFor.NEXT_CHUNK
        elif name == "function_call":
            kind, record.waiting_for = ChunkKind.TOOL_CALL, WaitingFor.TOOL
        elif name == "function_result":
            result, record.waiting_for = True, WaitingFor.FIRST_CHUNK
        elif name == "usage" and not size:
            kind = ChunkKind.USAGE
        elif name == "error":
            record.result_finish = "error"
        size += size_of_content(content)
        record.arrived = record.arrived or (name not in _NOTHING and (name != "text" or size > 0))
    record.chunk(kind, 0 if result else size, now, gap)
    if result:
        record.last_event = LastEvent.TOOL_RESULT


def size_of_content(content: object) -> int:
    """Return the bytes of text; of a call, those of its arguments. An image counts 0."""
    for key in ("text", "arguments"):
        value = getattr(content, key, None)
        if isinstance(value, str):
            return size_of_text(value)
    return 0


def history_of_messages(messages: object) -> History | None:
    """Return how many messages are sent, and how much text. None if they have another shape."""
    if isinstance(messages, str):
        return History(1, size_of_text(messages))
    if hasattr(messages, "contents"):
        messages = [messages]
    if not isinstance(messages, list | tuple):
        return None
    return History(len(messages), sum(_size_of_message(message) for message in messages))


def answers_tool(messages: object) -> bool:
    """Whether the last message is a tool's result. The answer to it may be silent."""
    last = messages[-1] if isinstance(messages, list | tuple) and messages else None
    return str(getattr(last, "role", None)) == "tool"


def _size_of_message(message: object) -> int:
    if isinstance(message, str):
        return size_of_text(message)
    contents = getattr(message, "contents", None)
    return sum(size_of_content(content) for content in contents) if isinstance(contents, Iterable) else 0
