# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What a patch says about a stream that is about to begin: what it is, and what was sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lastchunk import foreign, semconv
from lastchunk.semconv import Operation


@dataclass(slots=True)
class History:
    """What was sent: how many messages, and how many bytes of text in them."""

    messages: int
    size: int


@dataclass(slots=True, kw_only=True)
class Start:
    """What a patch module says about a stream that is about to begin."""

    operation: Operation
    subject: int
    """The `id` of the agent, team or client: the same object, met again below, is the same invocation."""
    name: str = ""
    """The agent's or the workflow's."""
    attributes: dict[str, Any] = field(default_factory=dict[str, Any])
    """Attributes of the conventions, as the application gives them; values of a wrong type are left out."""
    history: History | None = None
    may_be_silent: bool = False
    """The turn follows a tool's result: nothing may be the right answer."""
    base_url: str = ""
    """Of a model's server: what one endpoint is used to says nothing of another one. In no signal."""
    key: str = ""
    """A run's own key, by which streams find it that begin outside of its context: in a runtime that was there before."""
    inside: str = ""
    """The key of the run that this stream belongs to, if it begins outside of that run's context."""
    error_text: str = ""
    """How a message begins with which AutoGen's agent says that it failed; it raises nothing then."""
    at_work: bool = False
    """The runtime has the agent work in that run, which goes on when the run is left."""
    replaces_span: bool = False
    """AutoGen would make a span of its own for this invocation, and must not."""
    bare: bool = False
    """The application iterates the SDK's own stream: there is no terminal item, the wire alone tells."""
    measured_elsewhere: bool = False
    """Another instrumentation records the metrics of the conventions for this call."""
    finish_is_due: bool = False
    """The library says the finish reason of every answer that has one: without a wire, none means that it was cut."""
    library_span: bool = False
    """The library makes a span for this stream: its ending is written into that one, and none of ours is made."""
    lent_span: Any = None
    """That span, if it is there before the stream begins."""

    def __post_init__(self) -> None:
        self.name = foreign.text(self.name)
        self.attributes = {key: fit for key, said in self.attributes.items() if (fit := _fit(key, said)) is not None}


def _fit(key: str, said: object) -> str | int | None:
    return foreign.count(said) if key == semconv.SERVER_PORT else foreign.text(said) or None
