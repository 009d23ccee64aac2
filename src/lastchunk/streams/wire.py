# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What a provider's SDK saw of one stream: finish reason, end marker, usage. The strongest evidence there is."""

from __future__ import annotations

from lastchunk import foreign
from lastchunk.semconv import Cause, ChunkKind, LastEvent
from lastchunk.streams.call_arguments import CallArguments
from lastchunk.streams.choices import Choices
from lastchunk.streams.finish_reasons import Finish, names_call, says_context_full
from lastchunk.streams.provider_errors import cause_named_by
from lastchunk.streams.raised import Raised


class Wire:
    """The wire below one stream; filled by the patch module of the SDK."""

    __slots__ = (
        "accounted_wait",
        "arrived",
        "calls",
        "choices",
        "content_chunks",
        "end_marker",
        "end_marker_read",
        "error_cause",
        "error_read",
        "exhausted",
        "first_content_at",
        "first_kind",
        "headers",
        "heard_at",
        "input_tokens",
        "last_content_at",
        "last_event",
        "obtained_at",
        "output_tokens",
        "provider_error",
        "raised",
        "response_id",
        "response_model",
        "retried",
        "streamed",
        "thought",
        "together",
    )

    def __init__(self) -> None:
        self.headers = False
        """The response headers came: a stream was obtained."""
        self.streamed = True
        """The body says that it is a stream; False for JSON or HTML."""
        self.arrived = False
        """Something that is not protocol arrived: text, reasoning, a refusal, a call, or what no one has thought of yet."""
        self.choices = Choices()
        """What they said of their end."""
        self.calls = CallArguments()
        """Whether the arguments of its tool calls are whole."""
        self.end_marker = False
        """The protocol's own end: `[DONE]`, `message_stop`, `done: true`."""
        self.end_marker_read = False
        """The end marker was read from the network; it counts when everything before it has been handed on."""
        self.error_read = False
        """The same of an error that the SDK does not hand on."""
        self.raised: Raised | None = None
        """The exception that left the SDK's stream, or the call for it."""
        self.exhausted = False
        """The SDK's stream came to its end without an exception."""
        self.provider_error = False
        """The provider said in the stream that it failed, in a dialect that the SDK does not read."""
        self.error_cause: Cause | None = None
        """The cause that its error names."""
        self.heard_at = 0.0
        """When bytes came that are no chunk, such as a keep-alive comment; 0 if none did."""
        self.obtained_at = 0.0
        """When the headers came; 0 if it is not known."""
        self.retried = False
        """The SDK asked more than once: what was before the headers is no wait for this answer."""
        self.together = 0
        """The most events that one read of the body gave."""
        self.thought = False
        """The usage has tokens of reasoning."""
        self.accounted_wait = 0.0
        """Seconds before the first content that the answer's own numbers account for: a model that was loaded, a queue."""
        self.last_event: ChunkKind | LastEvent = LastEvent.NONE
        self.content_chunks = 0
        self.first_content_at = 0.0
        self.first_kind: ChunkKind | None = None
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

    def read_together(self, events: int) -> None:
        """One read of the body gave so many events."""
        self.together = max(self.together, events)

    def content(self, kind: ChunkKind, now: float, choice: int = 0) -> None:
        """A piece of content came."""
        self.arrived = True
        self.last_event = kind
        if not self.content_chunks:
            self.first_content_at = now
            self.first_kind = kind
        self.content_chunks += 1
        self.last_content_at = now
        if choice:
            self.choices.content(choice)

    def finished(self, raw: str, choice: int = 0, *, with_content: bool = False) -> None:
        """A finish reason came, in a chunk with content or without; a placeholder is none."""
        if self.choices.finished(raw, choice, self.content_chunks, with_content=with_content):
            self.last_event = LastEvent.FINISH

    @property
    def finish(self) -> frozenset[Finish]:
        """The meanings of the finish reasons as of now. Content takes one back, unless the end marker comes."""
        return self.choices.meanings(self.content_chunks, end_marker=self.end_marker)

    @property
    def finish_raw(self) -> str | None:
        """The first finish reason, as it came on the wire. `_OTHER` if it is no word."""
        return foreign.word(self.choices.raw)

    def cause_said(self) -> Cause | None:
        """The cause that the provider's error names, or a finish reason such as `insufficient_quota`."""
        return self.error_cause or (cause_named_by(self.choices.raw) if Finish.ERROR in self.finish else None)

    def context_full(self) -> bool:
        """Whether the finish reason names the context, or prompt and answer together are as long as a context window."""
        whole = (self.input_tokens or 0) + (self.output_tokens or 0)
        return says_context_full(self.choices.raw or "") or (whole >= 1024 and whole & (whole - 1) == 0)

    @property
    def complete(self) -> bool:
        """Whether the provider said that it finished: by the finish reasons of all choices, or by the end marker."""
        return bool(self.finish) or (self.end_marker and not self.choices.one_lacks(self.content_chunks))

    @property
    def calls_cut(self) -> bool:
        """The arguments of a tool call stop in the middle, and no finish reason says that the model ended with a call.

        Where one does, the model itself wrote them like that, and the tool says so.
        """
        return self.calls.cut and not names_call(self.choices.raw or "")

    def usage(self, input_tokens: object, output_tokens: object) -> None:
        """Note token counts. The last ones count, but zeros after numbers are no report."""
        self.input_tokens = _count(self.input_tokens, input_tokens)
        self.output_tokens = _count(self.output_tokens, output_tokens)

    def named(self, response_id: object, model: object) -> None:
        """Note the id and the model that the server gives to its answer, if any."""
        self.response_id = foreign.name(response_id)
        self.response_model = foreign.name(model)

    def broke(self, cause: Cause | None = None) -> None:
        """The provider reported a failure in the stream, and perhaps its cause."""
        self.provider_error = True
        self.error_cause = self.error_cause or cause
        self.last_event = LastEvent.ERROR

    def read_error(self, cause: Cause | None) -> None:
        """An error was read from the network; it counts when everything before it has been handed on."""
        self.error_read = True
        self.error_cause = self.error_cause or cause

    def caught_up(self) -> None:
        """All that was read from the network has been handed on."""
        if self.error_read and not self.provider_error:
            self.broke()
        if self.end_marker_read and not self.end_marker:
            self.end_marker_came()

    def over(self, *, exhausted: bool, failed: bool = False) -> None:
        """The SDK's stream yielded its last chunk, or `failed`: an error that it read is then the reason."""
        self.exhausted = exhausted
        if exhausted or (failed and self.error_read):
            self.caught_up()

    def cut_short(self) -> bool:
        """Whether the body ended without content, or without a sign that the provider finished."""
        return self.exhausted and not self.finish and not (self.end_marker and self.arrived)

    def end_marker_came(self) -> None:
        """The end marker came."""
        self.end_marker = True
        self.last_event = LastEvent.END_MARKER


def _count(before: int | None, said: object) -> int | None:
    """Return the count to keep when `said` comes."""
    number = foreign.count(said)
    return before if number is None or (number == 0 and before) else number
