# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The steps of a script for the model server: what can happen on the wire, one step at a time.

A script is a sequence of these steps. *Transport* steps are performed by the server itself; *content* steps
are first rendered to bytes by the dialect of the provider that is being imitated (`openai_wire` is the
first), so the same script can break the streams of several providers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Literal
from urllib.parse import parse_qsl, urlencode

SSE = "text/event-stream"
NDJSON = "application/x-ndjson"
JSON = "application/json"
ANSWER = "Every stream begins well and then one day it stops in the middle of a"
"""What the model says unless the URL says otherwise: long enough for a cut with something on both sides."""


@dataclass(frozen=True, slots=True)
class Speech:
    """What a script says, and how fast. Each field can be set in the URL (`ModelServer.url`)."""

    text: str = ANSWER
    """The answer. It travels word by word; a text without spaces is one chunk."""
    tool: str = "lookup"
    arguments: str = '{"city": "Lisbon", "days": 3}'
    """The tool call's arguments: JSON, unless a test wants otherwise."""
    error: str = "the model server failed"
    """The message of error events and HTTP errors."""
    finish: str = "stop"
    """The raw finish reason of the script `raw_finish`."""
    gap: float = 0.0
    """Seconds between two chunks."""
    wait: float = 1.0
    """Seconds of the one long silence in the scripts that have one."""

    def to_path(self) -> str:
        """The fields that differ from the defaults as `;name=value` path parameters."""
        changed = {field.name: value for field in fields(self) if (value := getattr(self, field.name)) != field.default}
        return "".join(f";{urlencode({name: value})}" for name, value in changed.items())

    @classmethod
    def from_path(cls, parameters: str) -> Speech:
        """The inverse of `to_path`; `TypeError` for an unknown name, `ValueError` for a bad number."""
        given: Mapping[str, str] = dict(parse_qsl(parameters, separator=";", keep_blank_values=True))
        numbers = {name: float(given[name]) for name in ("gap", "wait") if name in given}
        return replace(cls(), **{**given, **numbers})  # pyright: ignore[reportArgumentType] (checked by float above)


def portion(pieces: list[str], begin: float, end: float) -> list[str]:
    """The pieces from fraction `begin` to fraction `end`, rounded up: a first half is never nothing."""
    count = len(pieces)
    return pieces[-int(-begin * count // 1) : -int(-end * count // 1)]


def words(text: str) -> list[str]:
    """The words of a text, each with the white space after it: joined they are the text again."""
    return re.findall(r"\s*\S+\s*", text) or [text]


_FRAGMENT = 6
"""Characters of a tool call's arguments per chunk, so that a client has to put them together."""


def fragments(arguments: str, end: float) -> list[str]:
    """The arguments of a tool call up to fraction `end`, in the pieces in which they travel."""
    sent = arguments[: round(len(arguments) * end)]
    return [sent[start : start + _FRAGMENT] for start in range(0, len(sent), _FRAGMENT)]


# -- transport -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Head:
    """The status line and the headers. A body framed `short` promises more bytes than it will ever have."""

    status: int = 200
    content_type: str = SSE
    framing: Literal["chunked", "close", "short"] = "chunked"


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes of the body, as they are."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Sleep:
    """Silence, for as long as `Speech.wait` says."""


@dataclass(frozen=True, slots=True)
class Comments:
    """SSE comments, for ever: a proxy's keep-alive while the model behind it is gone."""

    every: float = 0.05


@dataclass(frozen=True, slots=True)
class End:
    """The body ends as its framing demands."""


@dataclass(frozen=True, slots=True)
class Close:
    """The connection is closed (FIN), whatever the framing still owes."""


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is reset (RST)."""


@dataclass(frozen=True, slots=True)
class Stall:
    """Nothing more, until the client leaves."""


Transport = Head | Raw | Sleep | Comments | End | Close | Reset | Stall

# -- content -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
    """A portion of the answer, one chunk per word."""

    begin: float = 0.0
    end: float = 1.0
    field: Literal["content", "reasoning", "refusal"] = "content"
    pieces: Literal["words", "one_write", "one_chunk"] = "words"
    usage: bool = False
    """Every chunk also carries the usage."""
    finish: str | None = None
    """The finish reason on every chunk; some backends send an empty string instead of null."""


def pieces_of(text: str, step: Text) -> list[str]:
    """The pieces of `text` in which a `Text` step travels."""
    pieces = portion(words(text), step.begin, step.end)
    return ["".join(pieces)] if step.pieces == "one_chunk" else pieces


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of `Speech.tool`; with `end` below 1 its arguments stop there."""

    end: float = 1.0


@dataclass(frozen=True, slots=True)
class Finish:
    """The chunk with the finish reason; `Speech.finish` if none is given."""

    reason: str | None = None
    usage: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """The usage chunk that ends a healthy stream: it has no choices."""


@dataclass(frozen=True, slots=True)
class Empty:
    """Chunks that are well formed and say nothing."""

    count: int


@dataclass(frozen=True, slots=True)
class Odd:
    """An event that is not a chunk."""

    shape: Literal["null", "without_choices", "malformed_json", "bad_utf8", "half", "unterminated_finish"]


@dataclass(frozen=True, slots=True)
class Failure:
    """An error inside a stream that began well, in one of the shapes that backends use."""

    shape: Literal["object", "named_event", "string", "without_error_key", "beside_choices"]


@dataclass(frozen=True, slots=True)
class Done:
    """The protocol's own end marker."""


@dataclass(frozen=True, slots=True)
class Completion:
    """The whole answer as one JSON document, as for a request that did not ask for a stream."""

    reason: str = "stop"
    tool_call: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The JSON document of an HTTP error."""

    type: str
    code: str | None = None


Content = Text | ToolCall | Finish | Usage | Empty | Odd | Failure | Done | Completion | Refused
Step = Transport | Content


@dataclass(frozen=True, slots=True)
class Script:
    """What the server does with one request, and with a request that already brings a tool's result."""

    steps: tuple[Step, ...]
    after_tool: tuple[Step, ...] | None = None
    with_tools: tuple[Step, ...] | None = None
    """What it does with a request that offers tools; the first of them is the one that is called."""
    echo: bool = False
    """The answer is the last message of the request, not `Speech.text`."""

    def for_request(self, *, stream: bool, tool_answered: bool, tools_offered: bool = False) -> tuple[Step, ...]:
        """The steps for a request; one that asks for no stream gets the same ending as a JSON document."""
        steps = self.steps
        if tool_answered:
            steps = self.after_tool or steps
        elif tools_offered:
            steps = self.with_tools or steps
        head = next((step for step in steps if isinstance(step, Head)), None)
        if stream or head is None or head.content_type not in (SSE, NDJSON):
            return steps
        reasons = [step.reason or "stop" for step in steps if isinstance(step, Finish)]
        calls = any(isinstance(step, ToolCall) for step in steps)
        document = Completion(reasons[0] if reasons else "stop", tool_call=calls)
        return (*steps[: steps.index(head)], Head(content_type=JSON), document, End())
