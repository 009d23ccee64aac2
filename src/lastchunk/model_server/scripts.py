# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Every ending that a model server can give a stream, by name, as data.

The names say what happens on the wire, not what anyone makes of it. A healthy stream is `clean`; read each of
the others as its difference from that one.
"""

from __future__ import annotations

from collections.abc import Mapping

from lastchunk.model_server.actions import (
    JSON,
    Close,
    Comments,
    Completion,
    Done,
    Empty,
    End,
    Failure,
    Finish,
    Head,
    Odd,
    Raw,
    Refused,
    Reset,
    Script,
    Sleep,
    Stall,
    Step,
    Text,
    ToolCall,
    Usage,
)

HEAD = Head()
ALL, HALF, REST = Text(), Text(end=0.5), Text(begin=0.5)
STOP, CALLS = Finish("stop"), Finish("tool_calls")
DONE, END = Done(), End()
HTML = b"<!doctype html><title>502</title><h1>Bad gateway</h1>"

CLEAN: tuple[Step, ...] = (HEAD, ALL, STOP, Usage(), DONE, END)
CALL: tuple[Step, ...] = (HEAD, ToolCall(), CALLS, Usage(), DONE, END)


def _refused(status: int, type_: str, code: str | None = None) -> tuple[Step, ...]:
    return (Head(status, JSON), Refused(type_, code), END)


_ENDINGS: dict[str, tuple[Step, ...]] = {
    # healthy, in various shapes
    "clean": CLEAN,
    "finish_without_done": (HEAD, ALL, STOP, END),
    "reasoning": (HEAD, Text(field="reasoning"), ALL, STOP, DONE, END),
    "slow_first_chunk": (HEAD, Sleep(), ALL, STOP, DONE, END),
    "pause": (HEAD, HALF, Sleep(), REST, STOP, DONE, END),
    "burst": (HEAD, Sleep(), Text(pieces="one_write"), STOP, DONE, END),
    "single": (HEAD, Sleep(), Text(pieces="one_chunk"), STOP, DONE, END),
    "empty_chunks_first": (HEAD, Empty(15), ALL, STOP, DONE, END),
    # the body ends, and nobody says why
    "silent_cut": (HEAD, HALF, END),
    "silent_cut_close": (Head(framing="close"), HALF, Close()),
    "idle_then_silent_cut": (HEAD, HALF, Sleep(), END),
    "done_without_finish": (HEAD, ALL, DONE, END),
    "cut_inside_event": (HEAD, HALF, Odd("half"), END),
    "cut_before_blank_line": (HEAD, ALL, Odd("unterminated_finish"), END),
    "reasoning_cut": (HEAD, Text(field="reasoning", end=0.5), END),
    # the connection breaks
    "rst": (HEAD, HALF, Reset()),
    "incomplete_chunked": (HEAD, HALF, Close()),
    "short_content_length": (Head(framing="short"), HALF, Close()),
    "idle_then_rst": (HEAD, HALF, Sleep(), Reset()),
    "idle_then_close": (HEAD, HALF, Sleep(), Close()),
    "rst_after_finish": (HEAD, ALL, STOP, Reset()),
    "incomplete_after_finish": (HEAD, ALL, STOP, Close()),
    "rst_after_done": (HEAD, ALL, STOP, DONE, Reset()),
    "stall_after_done": (HEAD, ALL, STOP, DONE, Stall()),
    "rst_before_headers": (Reset(),),
    "rst_after_headers": (HEAD, Reset()),
    # silence
    "stall": (HEAD, HALF, Stall()),
    "stall_after_headers": (HEAD, Stall()),
    "stall_before_headers": (Stall(),),
    "keep_alive_comments": (HEAD, HALF, Comments()),
    # errors
    "error_object": (HEAD, HALF, Failure("object"), END),
    "error_named_event": (HEAD, HALF, Failure("named_event"), END),
    "error_string": (HEAD, HALF, Failure("string"), END),
    "error_without_error_key": (HEAD, HALF, Failure("without_error_key"), END),
    "error_beside_choices": (HEAD, HALF, Failure("beside_choices"), END),
    "http_400_context": _refused(400, "invalid_request_error", "context_length_exceeded"),
    "http_400_content_filter": _refused(400, "invalid_request_error", "content_filter"),
    "http_401": _refused(401, "authentication_error", "invalid_api_key"),
    "http_429": _refused(429, "requests", "rate_limit_exceeded"),
    "http_500": _refused(500, "server_error"),
    "http_503_html": (Head(503, "text/html"), Raw(HTML), END),
    # the provider says that it stopped early
    "length": (HEAD, HALF, Finish("length"), Usage(), DONE, END),
    "content_filter": (HEAD, HALF, Finish("content_filter"), DONE, END),
    "raw_finish": (HEAD, ALL, Finish(), DONE, END),
    "finish_insufficient_system_resource": (HEAD, HALF, Finish("insufficient_system_resource"), DONE, END),
    "finish_eos": (HEAD, ALL, Finish("eos"), DONE, END),
    "finish_max_tokens": (HEAD, HALF, Finish("max_tokens"), DONE, END),
    "finish_upper_case": (HEAD, ALL, Finish("STOP"), DONE, END),
    "finish_empty_string": (HEAD, Text(finish=""), STOP, DONE, END),
    "two_finishes": (HEAD, HALF, Finish("length"), REST, STOP, DONE, END),
    "usage_on_every_chunk": (HEAD, Text(usage=True), Finish("stop", usage=True), DONE, END),
    "usage_on_finish": (HEAD, HALF, Finish("length", usage=True), DONE, END),
    "refusal": (HEAD, Text(field="refusal"), STOP, DONE, END),
    # no stream at all
    "json_body": (Head(content_type=JSON), Completion(), END),
    "json_body_after_wait": (Sleep(), Head(content_type=JSON), Completion(), END),
    "json_body_as_sse": (HEAD, Completion(), END),
    "html_body": (Head(content_type="text/html"), Raw(HTML), END),
    "empty_chunks_only": (HEAD, Empty(15), DONE, END),
    "finish_only": (HEAD, STOP, DONE, END),
    "done_only": (HEAD, DONE, END),
    "empty_body": (HEAD, END),
    # events that are no chunks
    "null_chunk": (HEAD, HALF, Odd("null"), REST, STOP, DONE, END),
    "chunk_without_choices": (HEAD, HALF, Odd("without_choices"), REST, STOP, DONE, END),
    "malformed_json": (HEAD, HALF, Odd("malformed_json"), END),
    "bad_utf8": (HEAD, HALF, Odd("bad_utf8"), END),
    # tool calls that are none
    "tool_calls_without_call": (HEAD, CALLS, DONE, END),
    "function_call": (HEAD, HALF, Finish("function_call"), DONE, END),
}

_TOOL_CALLS: dict[str, tuple[tuple[Step, ...], tuple[Step, ...]]] = {
    "tool_call": (CALL, CLEAN),
    "tool_call_then_nothing": (CALL, (HEAD, STOP, DONE, END)),
    "tool_call_then_silent_cut": (CALL, (HEAD, HALF, END)),
    "tool_arguments_cut": ((HEAD, ToolCall(end=0.5), END), CLEAN),
    "tool_arguments_cut_under_stop": ((HEAD, ToolCall(end=0.5), STOP, DONE, END), CLEAN),
    "tool_arguments_cut_by_length": ((HEAD, ToolCall(end=0.5), Finish("length"), DONE, END), CLEAN),
    "tool_call_rst": ((HEAD, ToolCall(end=0.5), Reset()), CLEAN),
}

SCRIPTS: Mapping[str, Script] = {
    **{name: Script(steps) for name, steps in _ENDINGS.items()},
    **{name: Script(steps, after_tool=after) for name, (steps, after) in _TOOL_CALLS.items()},
    "echo": Script(CLEAN, echo=True),
    "assistant": Script(CLEAN, with_tools=CALL),
}
"""Every script of the server, by its name in the URL."""
