# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What servers send that speak OpenAI's chat completions: each script is one habit of one of them.

Most are from public bug reports of vLLM, llama.cpp, LiteLLM, OpenRouter, Azure, Gemini, Mistral, Groq, DashScope, GLM.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lastchunk.model_server.actions import JSON, Head, Reset, Step
from tests.endings.raw import chunks, says, sse
from tests.endings.stage import SECRET

RST = Reset()
DONE = "[DONE]"


def chunk(delta: Any = None, finish: Any = None, index: int = 0, **more: Any) -> dict[str, Any]:
    """One chunk of OpenAI's API, with one choice."""
    choice = {"index": index, "delta": delta or {}, "finish_reason": finish}
    return {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice], **more}


def text(said: str, finish: str | None = None, index: int = 0, **more: Any) -> dict[str, Any]:
    """A chunk with a piece of the answer."""
    return chunk({"content": f"{SECRET} {said}"}, finish, index, **more)


def call(piece: str, finish: str | None = None, **more: Any) -> dict[str, Any]:
    """A chunk with a piece of a tool call's arguments."""
    function = {"name": "lookup", "arguments": piece}
    return chunk({"tool_calls": [{"index": 0, "id": "1", "type": "function", "function": function}]}, finish, **more)


def in_choice(delta: dict[str, Any], finish: str | None, **more: Any) -> dict[str, Any]:
    """A chunk with a vendor's own fields in its choice."""
    return {**chunk(), "choices": [{"index": 0, "delta": delta, "finish_reason": finish, **more}]}


USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
HALF, STOP = [text("The answer "), text("is")], chunk(None, "stop")


def _byte_by_byte(body: bytes) -> tuple[Step, ...]:
    return says(*(body[at : at + 1] for at in range(len(body))))


PAGE = b"<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n<body><h1>504 Gateway Time-out</h1></body></html>\r\n"
TOO_LARGE = b"<html><head><title>413 Request Entity Too Large</title></head></html>"
FAILED = {"code": 500, "message": f"{SECRET} failed"}
LIMIT = json.dumps({"error": {"message": f"{SECRET}: Rate limit exceeded", "code": 429}}).encode()
PARTS = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": SECRET}]
MULTI_LINE = sse(f"id: 7\nevent: message\nretry: 10\ndata: {json.dumps(text('one'))[:-1]}\ndata: }}\n\n".encode())
COMPLETION = json.dumps({"choices": [{"index": 0, "finish_reason": "stop", "message": {"content": SECRET}}]}).encode()

OPENAI: Mapping[str, tuple[tuple[Step, ...], str]] = {
    # finish reasons
    "null_finish_cut": (chunks(text("The", "null"), text("is", "null")), "`null` as a text on each chunk, then a cut"),
    "null_finish_rst": (chunks(text("The", "null"), text("is", "null"), end=RST), "the same, then a reset"),
    "unspecified_finish_cut": (chunks(text("The", "FINISH_REASON_UNSPECIFIED"), text("is")), "an enum's default"),
    "stop_on_each_cut": (chunks(*(text("a", "stop") for _ in range(4))), "`stop` on each chunk, then a cut"),
    "stop_on_each_done": (chunks(*(text("a", "stop") for _ in range(4)), DONE), "the same, then `[DONE]`"),
    "one_choice_of_two": (chunks(text("a"), text("b", index=1), STOP, text("c", index=1)), "the second choice is cut"),
    "both_choices": (chunks(text("a"), text("b", index=1), STOP, chunk(None, "stop", 1), DONE), "two choices"),
    "finish_prohibited": (chunks(*HALF, chunk(None, "PROHIBITED_CONTENT"), DONE), "Gemini"),
    "finish_malformed_call": (chunks(chunk(None, "function_call_filter:MALFORMED_FUNCTION_CALL"), DONE), "Gemini"),
    "finish_network_error": (chunks(*HALF, chunk(None, "network_error"), DONE), "GLM"),
    "finish_sensitive": (chunks(*HALF, chunk(None, "sensitive"), DONE), "GLM"),
    "finish_time_limit": (chunks(*HALF, chunk(None, "time_limit"), DONE), "a word for the server's own limit"),
    "finish_model_length": (chunks(*HALF, chunk(None, "model_length"), DONE), "Mistral"),
    "finish_context_window": (chunks(*HALF, chunk(None, "model_context_window_exceeded"), DONE), "a full context"),
    "finish_abort": (chunks(*HALF, chunk(None, "abort"), DONE), "vLLM and SGLang"),
    "finish_content_then_done": (chunks(*HALF, text("!", "stop"), DONE), "Gemini: the last chunk has text and finish"),
    "finish_in_object": (chunks(*HALF, chunk(None, {"type": "length", "length": 16}), DONE), "SGLang"),
    "finish_eos_token": (chunks(*HALF, chunk(None, "eos_token"), DONE), "TGI"),
    "finish_not_finished_cut": (chunks(text("a", "not_finished"), text("b", "not_finished")), "watsonx: on each chunk"),
    "finish_not_finished_done": (chunks(text("a", "not_finished"), DONE), "the same, then `[DONE]`"),
    "finish_no_resources": (chunks(*HALF, chunk(None, "insufficient_system_resource"), DONE), "DeepSeek"),
    # what a chunk carries
    "lines_of_cloudflare": (chunks({"response": SECRET}, {"response": "", "usage": USAGE}, DONE), "Workers AI"),
    "lines_of_cloudflare_cut": (chunks({"response": SECRET}, {"response": "b"}), "the same, cut"),
    "lines_of_sglang": (
        chunks({"text": SECRET, "meta_info": {"finish_reason": {"type": "length", "length": 2}}}, DONE),
        "SGLang's own API",
    ),
    "content_in_parts": (chunks(chunk({"content": PARTS}), STOP, DONE), "Mistral"),
    "audio": (chunks(chunk({"audio": {"id": "1", "data": "AAAA"}}), STOP, DONE), "sound and no text"),
    "function_call_legacy": (
        chunks(chunk({"function_call": {"name": "f", "arguments": "{}"}}), chunk(None, "function_call"), DONE),
        "a call by its old name",
    ),
    "message_for_delta": (
        chunks({**chunk(), "choices": [{"index": 0, "message": {"content": SECRET}}]}, STOP, DONE),
        "",
    ),
    "thinking_cut": (chunks(chunk({"role": "assistant"}), chunk({"thinking": SECRET})), "reasoning by another name"),
    "reasoning_details_cut": (
        chunks(chunk({"reasoning_details": [{"type": "reasoning.text", "text": SECRET}]})),
        "OpenRouter",
    ),
    "reasoning_only": (chunks(chunk({"reasoning_content": SECRET}), STOP, DONE), "reasoning and no text"),
    "empty_deltas_rst": (chunks(*HALF, chunk(), chunk(), end=RST), "empty deltas last"),
    "role_only": (chunks(chunk({"role": "assistant", "content": ""})), "nothing after the role"),
    "prompt_filter_first": (
        chunks({**chunk(), "choices": [], "prompt_filter_results": [{"prompt_index": 0}]}, *HALF, STOP, DONE),
        "Azure: what its filter says of the prompt comes first",
    ),
    "filter_result_last": (
        chunks(
            *HALF,
            STOP,
            {**chunk(), "choices": [{"index": 0, "finish_reason": None, "content_filter_offsets": {}}]},
            DONE,
        ),
        "Azure's asynchronous filter: a choice without delta",
    ),
    "usage_null_then_usage": (
        chunks(*({**each, "usage": None} for each in HALF), chunk(None, "stop", usage=USAGE), DONE),
        "DashScope",
    ),
    # bytes
    "no_space_done": (says(sse(*HALF, DONE, field="data:")), "`data:` without a space, no finish reason"),
    "no_space_no_finish_cut": (says(sse(*HALF, field="data:")), "the same, cut"),
    "cr_lf": (says(sse(*HALF, STOP, DONE, line="\r\n")), "lines that end in CR LF"),
    "cr_only": (says(sse(*HALF, STOP, DONE, line="\r")), "lines that end in CR"),
    "several_data_lines": (says(MULTI_LINE, sse(STOP, DONE)), "`id:`, `event:`, `retry:`, and JSON over two lines"),
    "comments_between": (
        says(b": OPENROUTER PROCESSING\n\n", sse(*HALF), b": ping - 12\n\n", sse(STOP, DONE)),
        "OpenRouter's comments",
    ),
    "byte_by_byte": (_byte_by_byte(sse(text("é€"), STOP, DONE)), "each byte sent by itself"),
    "done_without_blank_line": (says(sse(*HALF, STOP), b"data: [DONE]"), "the last line has no end"),
    "bom_then_completion": (says(b"\xef\xbb\xbf" + COMPLETION), "a byte order mark and JSON, called events"),
    # errors
    "error_field_first": (
        says(b'error: {"code":400,"message":"the request exceeds the available context size"}\n\n', sse(DONE)),
        "llama.cpp: a field `error:`",
    ),
    "error_field_later": (says(sse(*HALF), b"error: " + json.dumps(FAILED).encode() + b"\n\n", sse(DONE)), "later"),
    "error_event_in_words": (says(sse(*HALF), b"event: error\ndata: upstream connect error\n\n"), "an event `error`"),
    "error_without_choices": (chunks(*HALF, {**FAILED, "code": 50505}, DONE), "code and message, and no `error`"),
    "error_of_vendor": (chunks(*HALF, chunk(x_groq={"error": "over_capacity"}), DONE), "Groq"),
    "error_429_later": (chunks(*HALF, {"error": {**FAILED, "code": 429}}), "OpenRouter: a number as a code"),
    "error_408_later": (chunks(*HALF, {"error": {**FAILED, "code": "408"}}), "LiteLLM: its idle timeout"),
    "error_finish": (chunks(*HALF, chunk(None, "error", error={**FAILED, "code": 502}), DONE), "OpenRouter"),
    "error_as_json": (says(LIMIT, head=Head(content_type=JSON)), "an error with status 200"),
    "error_in_list": (says(b"[" + LIMIT + b"]", head=Head(content_type=JSON)), "Gemini: in a list"),
    "error_as_vllm": (
        chunks(*HALF, {"object": "error", "message": SECRET, "type": "BadRequestError", "code": 400}),
        "vLLM",
    ),
    "error_in_choice": (
        chunks(*HALF, in_choice({"content": ""}, "error", error={"code": 429, "message": SECRET}), DONE),
        "OpenRouter: the error stands in the choice",
    ),
    "error_in_choice_alone": (
        chunks(*HALF, in_choice({}, None, error=FAILED), DONE),
        "the same, without a finish reason",
    ),
    "error_of_minimax": (
        chunks(*HALF, {**chunk(), "choices": None, "base_resp": {"status_code": 1002, "status_msg": "rate limit"}}),
        "MiniMax: its status, and no choices",
    ),
    "error_413_page": (says(TOO_LARGE, head=Head(413, "text/html")), "nginx: the request is too large"),
    "error_402": (says(b"{}", head=Head(402, JSON)), "no credit"),
    "error_busy": (
        says(b'{"error": "server busy, please try again. maximum pending requests exceeded"}', head=Head(503, JSON)),
        "Ollama: its queue is full",
    ),
    "page_later": (says(sse(*HALF), PAGE), "a gateway's page in the middle"),
    # calls
    "call_cut_done": (chunks(call('{"city": "Ber'), DONE), "half a call, then `[DONE]`"),
    "call_whole_stop": (chunks(call('{"city": "'), call('Berlin\\"}"}'), STOP, DONE), "a call under `stop`"),
    "call_cut_tool_calls": (chunks(call('{"city": "Ber'), chunk(None, "tool_calls"), DONE), "the model wrote it so"),
}
"""By name: the steps, and who sends it or what is special about it; empty if the name says it."""
