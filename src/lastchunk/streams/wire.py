# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What a provider's SDK saw of one stream: finish reason, end marker, usage. The strongest evidence there is."""

from __future__ import annotations

from lastchunk import foreign
from lastchunk.semconv import ChunkKind, LastEvent
from lastchunk.streams.finish_reasons import Finish, meaning


class Wire:
    """The wire below one stream; filled by the patch module of the SDK."""

    __slots__ = (
        "arrived",
        "content_chunks",
        "end_marker",
        "end_marker_read",
        "error_read",
        "exhausted",
        "finish",
        "finish_raw",
        "first_content_at",
        "headers",
        "input_tokens",
        "last_content_at",
        "last_event",
        "output_tokens",
        "provider_error",
        "response_id",
        "response_model",
        "streamed",
    )

    def __init__(self) -> None:
        self.headers = False
        """The response headers came: a stream was obtained."""
        self.streamed = True
        """The body says that it is a stream; False for JSON or HTML."""
        self.arrived = False
        """Text, reasoning, a refusal or a call arrived."""
        self.finish: frozenset[Finish] = frozenset()
        self.finish_raw: str | None = None
        """The first finish reason, as the wire said it; `_OTHER` if that is no word."""
        self.end_marker = False
        """The protocol's own end: `[DONE]`, `message_stop`, `done: true`."""
        self.end_marker_read = False
        """The end marker was read from the network; it counts when everything before it has been handed on."""
        self.error_read = False
        """The same of an error that the SDK does not hand on."""
        self.exhausted = False
        """The SDK's stream came to its end without an exception."""
        self.provider_error = False
        """The provider said in the stream that it failed, in a dialect that the SDK does not read."""
        self.last_event: ChunkKind | LastEvent = LastEvent.NONE
        self.content_chunks = 0
        self.first_content_at = 0.0
        self.last_content_at = 0.0
        self.input_tokens: int | None = None
        self.output_tokens: int | None = None
        self.response_id: str | None = None
        self.response_model: str | None = None

    def obtained(self, content_type: str) -> None:
        """The headers came; `content_type` is empty if it is not known."""
        self.headers = True
        self.last_event = LastEvent.HEADERS
        self.streamed = not content_type.startswith(("application/json", "text/html"))

    def content(self, kind: ChunkKind, now: float) -> None:
        """A piece of content came."""
        self.arrived = True
        self.last_event = kind
        if not self.content_chunks:
            self.first_content_at = now
        self.content_chunks += 1
        self.last_content_at = now

    def finished(self, raw: str) -> None:
        """A finish reason came, and it is not empty."""
        if self.finish_raw is None:
            self.finish_raw = foreign.word(raw)
        self.finish |= {meaning(raw)}
        self.last_event = LastEvent.FINISH

    def usage(self, input_tokens: object, output_tokens: object) -> None:
        """Token counts came; the last ones count."""
        given, answered = foreign.count(input_tokens), foreign.count(output_tokens)
        self.input_tokens = self.input_tokens if given is None else given
        self.output_tokens = self.output_tokens if answered is None else answered

    def named(self, response_id: object, model: object) -> None:
        """The server says what its answer and its model are called, or nothing."""
        self.response_id = foreign.name(response_id)
        self.response_model = foreign.name(model)

    def broke(self) -> None:
        """The provider said in the stream that it failed."""
        self.provider_error = True
        self.last_event = LastEvent.ERROR

    def caught_up(self) -> None:
        """All that was read from the network has been handed on."""
        if self.error_read and not self.provider_error:
            self.broke()
        if self.end_marker_read and not self.end_marker:
            self.ended()

    def over(self, *, exhausted: bool) -> None:
        """The SDK's stream gave its last chunk, or raised: then what was read may not have been handed on."""
        self.exhausted = exhausted
        if exhausted:
            self.caught_up()

    def ended_short(self) -> bool:
        """The body came to its end and lacks something: content, or whatever says that the provider finished."""
        return self.exhausted and not self.finish and not (self.end_marker and self.arrived)

    def ended(self) -> None:
        """The end marker came."""
        self.end_marker = True
        self.last_event = LastEvent.END_MARKER
