# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The items of AutoGen's runs and turns: what each carries, what the next step waits for, and what the last one says.

Classes are known by identity, with their subclasses: an application may call a message of its own `Response`.
"""

from __future__ import annotations

import re
from types import ModuleType
from typing import TypeGuard

from lastchunk import foreign
from lastchunk.patches.support.fields import field, items_of, last_of
from lastchunk.patches.support.history import size_of_text
from lastchunk.semconv import Cause, ChunkKind, LastEvent, TeamStopReason, WaitingFor
from lastchunk.streams.observer import OnItem
from lastchunk.streams.provider_errors import cause_named_by
from lastchunk.streams.record import StreamRecord

_MESSAGE_KINDS = {
    "ModelClientStreamingChunkEvent": (ChunkKind.TEXT, WaitingFor.NEXT_CHUNK),
    "ToolCallRequestEvent": (ChunkKind.TOOL_CALL, WaitingFor.TOOL),
    "UserInputRequestedEvent": (ChunkKind.MESSAGE, WaitingFor.PERSON),
    "ThoughtEvent": (ChunkKind.REASONING, WaitingFor.FIRST_CHUNK),
}
"""By the item's class in `autogen_agentchat.messages`: what it carries, and what the next step waits for."""


class Items:
    """Reads the items, given the modules `autogen_agentchat.messages` and `autogen_agentchat.base`."""

    def __init__(self, messages: ModuleType, base: ModuleType) -> None:
        self._executed: type = messages.ToolCallExecutionEvent
        self._read: dict[type, OnItem] = {
            **{
                vars(messages)[name]: _message(*what) for name, what in _MESSAGE_KINDS.items() if name in vars(messages)
            },
            self._executed: _executed,
            base.TaskResult: self._result,
            base.Response: self._response,
            object: _other,
        }

    def __call__(self, record: StreamRecord, item: object, now: float, gap: float) -> None:
        """Read an item that came after a silence of `gap`."""
        next(self._read[kind] for kind in type(item).__mro__ if kind in self._read)(record, item, now, gap)

    def _result(self, record: StreamRecord, item: object, now: float, gap: float) -> None:
        said = field(item, "stop_reason")
        if isinstance(said, str):
            record.stop_reason = _stop_reason(said)
        if not isinstance(said, str) or str.__ne__(said, _RAISES_NEXT):
            self._ends(record, last_of(field(item, "messages")), gap)

    def _response(self, record: StreamRecord, item: object, now: float, gap: float) -> None:
        self._ends(record, field(item, "chat_message"), gap)

    def _ends(self, record: StreamRecord, message: object, gap: float) -> None:
        """Read the terminal item, with `message` as its last."""
        record.last_source = foreign.text(field(message, "source"))
        results = field(message, "results")
        if results is None and self._executed in type(message).__mro__:
            results = field(message, "content")
        record.tool_failed = any(field(result, "is_error") is True for result in items_of(results))
        content, finish = field(message, "content"), ""
        if _says_error(content, record):
            # The agent swallowed it: an error of its model, unless only its browser or its files can have failed.
            last = record.inner.last
            failed = last is not None and bool(last.raised)
            by_model = failed or record.start.error_text == _ERROR_TEXTS["OpenAIAgent"]
            finish, record.tool_failed = ("error", False) if by_model else ("", True)
            record.error_cause = last.ending.cause if last is not None and failed else _cause_of(content)
        record.result(gap, arrived=True, finish=finish, text=content)


_ERROR_TEXTS = {
    "OpenAIAgent": "Error generating response: ",
    "MultimodalWebSurfer": "Web surfing error:",
    "FileSurfer": "File surfing error:",
}
"""How the last message begins, by the agent's class in `autogen_ext.agents`, when the agent has swallowed an exception."""


_CONNECTION_ERROR = ": Connection error."
"""What the openai SDK says of every connection that cannot be made, or breaks."""


def error_text_of(agent: object) -> str:
    """Return how an agent's last message begins if it swallowed an exception. Empty if the agent does not do that."""
    for kind in type(agent).__mro__:
        if kind.__name__ in _ERROR_TEXTS and kind.__module__.startswith("autogen_ext.agents."):
            return _ERROR_TEXTS[kind.__name__]
    return ""


def _says_error(content: object, record: StreamRecord) -> TypeGuard[str]:
    begin = record.start.error_text
    return bool(begin) and isinstance(content, str) and str.startswith(content, begin)


def _cause_of(text: str) -> Cause | None:
    """Return the cause that an exception's text names. Only the text is left of the exception."""
    return Cause.CONNECTION_LOST if text.endswith(_CONNECTION_ERROR) else cause_named_by(text)


def _message(kind: ChunkKind, waiting_for: WaitingFor) -> OnItem:
    def read(record: StreamRecord, item: object, now: float, gap: float) -> None:
        record.waiting_for = waiting_for
        record.chunk(kind, size_of_text(field(item, "content")), now, gap)

    return read


_other = _message(ChunkKind.MESSAGE, WaitingFor.FIRST_CHUNK)


def _executed(record: StreamRecord, item: object, now: float, gap: float) -> None:
    _other(record, item, now, gap)
    record.last_event = LastEvent.TOOL_RESULT


_RAISES_NEXT = "Exception occurred."
"""With this, AutoGen 0.4 hands out a result and raises at the next step."""

_STOP_REASONS = tuple(
    (re.compile(pattern), reason)
    for pattern, reason in (
        (r"Maximum number of turns ", TeamStopReason.MAX_TURNS),
        (r"Maximum number of messages ", TeamStopReason.MAX_MESSAGES),
        (r"Text '.*' mentioned", TeamStopReason.TEXT_MENTION),
        (r"Token usage limit reached", TeamStopReason.TOKEN_USAGE),
        (r"Timeout of .* seconds reached", TeamStopReason.TIMEOUT),
        (r"External termination requested", TeamStopReason.EXTERNAL),
        (r"Stop message received", TeamStopReason.STOP_MESSAGE),
        (r"Functional termination condition met", TeamStopReason.FUNCTIONAL),
        (r"Handoff to .* detected", TeamStopReason.HANDOFF),
        (r"Text message received from ", TeamStopReason.TEXT_MESSAGE),
        (r"'.*' answered", TeamStopReason.SOURCE_MATCH),
        (r"Function '.*' was executed", TeamStopReason.FUNCTION_CALL),
        (r"Digraph execution is complete", TeamStopReason.GRAPH_COMPLETE),
        (r"Max rounds reached", TeamStopReason.MAX_ROUNDS),
        (r"The group chat has already terminated", TeamStopReason.ALREADY_TERMINATED),
        (r"The group chat is stopped", TeamStopReason.RUNTIME_STOPPED),
    )
)
"""How AutoGen's text for each condition begins. The text itself may quote the model, and is never kept."""


def _stop_reason(text: str) -> TeamStopReason:
    for pattern, reason in _STOP_REASONS:
        if pattern.match(text):
            return reason
    return TeamStopReason.OTHER
