# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What the items of Agent Framework's streams carry: contents of chats and agents, events of workflows."""

from __future__ import annotations

from lastchunk import foreign
from lastchunk.patches.support.fields import field, fields_of, items_of, last_of
from lastchunk.semconv import ChunkKind, LastEvent, WaitingFor
from lastchunk.streams.chunks import size_of_text
from lastchunk.streams.record import StreamRecord
from lastchunk.streams.start import History

_NOTHING = frozenset({"usage", "function_result", "error"})
"""Contents that are not part of the model's answer."""


def on_chat(record: StreamRecord, update: object, now: float, gap: float) -> None:
    """Read a ChatResponseUpdate: contents, and the finish reason with the last ones."""
    record.waiting_for = WaitingFor.NEXT_CHUNK
    _chunk(record, field(update, "contents"), now, gap)
    reason = field(update, "finish_reason")
    if isinstance(reason, str) and reason:
        record.result_finish = reason


def on_agent(record: StreamRecord, update: object, now: float, gap: float) -> None:
    """Read an AgentResponseUpdate: contents of the model, and results of tools."""
    _chunk(record, field(update, "contents"), now, gap)


def on_workflow(record: StreamRecord, event: object, now: float, gap: float) -> None:
    """Read a WorkflowEvent: outputs of executors, requests to a person, and the state of the run."""
    kind = field(event, "type")
    if kind == "request_info":
        record.chunk(ChunkKind.MESSAGE, 0, now, gap)
        record.waiting_for = WaitingFor.PERSON
        return
    record.waiting_for = WaitingFor.FIRST_CHUNK
    if kind not in ("output", "intermediate", "data"):
        record.chunk(ChunkKind.MESSAGE, 0, now, gap)
        return
    data = field(event, "data")
    said = foreign.text(field(data, "author_name")) or foreign.text(field(event, "executor_id"))
    record.last_source = said or None
    contents = field(data, "contents")
    if contents is not None:
        _chunk(record, contents, now, gap)
    else:
        # An `AgentResponse` has its text in its messages; of what else an executor hands out, a text is one.
        whole = history_of_messages(field(data, "messages"))
        size = size_of_content(data) if whole is None else whole.size
        record.chunk(ChunkKind.MESSAGE, size_of_text(data) or size, now, gap)


def _chunk(record: StreamRecord, contents: object, now: float, gap: float) -> None:
    kind, size, result = ChunkKind.MESSAGE, 0, False
    for content in items_of(contents):
        name = field(content, "type")
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
    own = fields_of(content)
    for key in ("text", "arguments"):
        value = dict.get(own, key)
        if isinstance(value, str):
            return size_of_text(value)
    return 0


def history_of_messages(messages: object) -> History | None:
    """Return how many messages are sent, and how much text. None if they have another shape."""
    if isinstance(messages, str) or "contents" in fields_of(messages):
        return History(1, _size_of_message(messages))
    if not isinstance(messages, list | tuple):
        return None
    items = items_of(messages)
    return History(len(items), sum(map(_size_of_message, items)))


def answers_tool(messages: object) -> bool:
    """Whether the last message is a tool's result. The answer to it may be silent."""
    role = field(last_of(messages), "role")
    return isinstance(role, str) and str.__str__(role) == "tool"


def _size_of_message(message: object) -> int:
    return size_of_text(message) + sum(map(size_of_content, items_of(field(message, "contents"))))
