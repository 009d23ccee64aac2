# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The finish reasons of the providers: each word, what it means, and where it comes from."""

from __future__ import annotations

from lastchunk.streams.finish_reasons import Finish

OPENAI = "OpenAI: openai/types/chat/chat_completion_chunk.py"
ANTHROPIC = "Anthropic: anthropic/types/stop_reason.py"
GEMINI = "Gemini: FinishReason of generativelanguage v1beta"
COHERE = "Cohere: ChatFinishReason of v1 and v2"
BEDROCK = "Bedrock: StopReason of ConverseStream"
MISTRAL = "Mistral: finish_reason of CompletionResponseStreamChoice"
TGI = "text-generation-inference: FinishReason"
VLLM = "vLLM: FinishReason"
OLLAMA = "Ollama: done_reason"
DEEPSEEK = "DeepSeek: finish_reason of chat completions"
ZHIPU = "Zhipu: finish_reason of GLM"
WATSONX = "watsonx.ai: stop_reason"
GATEWAY = "gateways: reports of users"
RESPONSES = "OpenAI: incomplete_details.reason and status of a Response"
SGLANG = "SGLang: finish_reason"

WORDS: tuple[tuple[str, Finish | None, str], ...] = (
    ("stop", Finish.COMPLETE, OPENAI),
    ("length", Finish.LENGTH, OPENAI),
    ("tool_calls", Finish.COMPLETE, OPENAI),
    ("function_call", Finish.COMPLETE, OPENAI),
    ("content_filter", Finish.CONTENT_FILTER, OPENAI),
    ("max_output_tokens", Finish.LENGTH, RESPONSES),
    ("completed", Finish.COMPLETE, RESPONSES),
    ("failed", Finish.ERROR, RESPONSES),
    ("cancelled", Finish.ERROR, RESPONSES),
    ("incomplete", Finish.UNFINISHED, RESPONSES),
    ("end_turn", Finish.COMPLETE, ANTHROPIC),
    ("max_tokens", Finish.LENGTH, ANTHROPIC),
    ("stop_sequence", Finish.COMPLETE, ANTHROPIC),
    ("tool_use", Finish.COMPLETE, ANTHROPIC),
    ("pause_turn", Finish.COMPLETE, ANTHROPIC),
    ("refusal", Finish.CONTENT_FILTER, ANTHROPIC),
    ("model_context_window_exceeded", Finish.LENGTH, ANTHROPIC),
    ("FINISH_REASON_UNSPECIFIED", None, GEMINI),
    ("STOP", Finish.COMPLETE, GEMINI),
    ("MAX_TOKENS", Finish.LENGTH, GEMINI),
    ("SAFETY", Finish.CONTENT_FILTER, GEMINI),
    ("RECITATION", Finish.CONTENT_FILTER, GEMINI),
    ("LANGUAGE", Finish.CONTENT_FILTER, GEMINI),
    ("BLOCKLIST", Finish.CONTENT_FILTER, GEMINI),
    ("PROHIBITED_CONTENT", Finish.CONTENT_FILTER, GEMINI),
    ("SPII", Finish.CONTENT_FILTER, GEMINI),
    ("IMAGE_SAFETY", Finish.CONTENT_FILTER, GEMINI),
    ("MALFORMED_FUNCTION_CALL", Finish.ERROR, GEMINI),
    ("UNEXPECTED_TOOL_CALL", Finish.ERROR, GEMINI),
    ("TOO_MANY_TOOL_CALLS", Finish.ERROR, GEMINI),
    ("function_call_filter: MALFORMED_FUNCTION_CALL", Finish.ERROR, "Gemini's compatible endpoint"),
    ("OTHER", Finish.COMPLETE, GEMINI),
    ("COMPLETE", Finish.COMPLETE, COHERE),
    ("ERROR", Finish.ERROR, COHERE),
    ("ERROR_TOXIC", Finish.CONTENT_FILTER, COHERE),
    ("ERROR_LIMIT", Finish.LENGTH, COHERE),
    ("USER_CANCEL", Finish.ERROR, COHERE),
    ("TIMEOUT", Finish.ERROR, COHERE),
    ("guardrail_intervened", Finish.CONTENT_FILTER, BEDROCK),
    ("content_filtered", Finish.CONTENT_FILTER, BEDROCK),
    ("model_length", Finish.LENGTH, MISTRAL),
    ("error", Finish.ERROR, MISTRAL),
    ("eos_token", Finish.COMPLETE, TGI),
    ("abort", Finish.ERROR, VLLM),
    ("load", Finish.COMPLETE, OLLAMA),
    ("unload", Finish.COMPLETE, OLLAMA),
    ("insufficient_system_resource", Finish.ERROR, DEEPSEEK),
    ("sensitive", Finish.CONTENT_FILTER, ZHIPU),
    ("network_error", Finish.ERROR, ZHIPU),
    ("time_limit", Finish.ERROR, WATSONX),
    ("token_limit", Finish.LENGTH, WATSONX),
    ("not_finished", None, WATSONX),
    ("repetition_truncation", Finish.ERROR, GATEWAY),
    ("max_length", Finish.LENGTH, SGLANG),
    ("limit", Finish.LENGTH, GATEWAY),
    ("max_tokens_reached", Finish.LENGTH, GATEWAY),
    ("context_length_exceeded", Finish.LENGTH, GATEWAY),
    ("token_limit_reached", Finish.LENGTH, GATEWAY),
    ("content_policy_violation", Finish.CONTENT_FILTER, GATEWAY),
    ("contentFiltered", Finish.CONTENT_FILTER, GATEWAY),
    ("server_error", Finish.ERROR, GATEWAY),
    ("timeout", Finish.ERROR, GATEWAY),
    ("truncated", Finish.UNFINISHED, GATEWAY),
    ("unfinished", Finish.UNFINISHED, GATEWAY),
    ("canceled", Finish.ERROR, GATEWAY),
    ("insufficient_quota", Finish.ERROR, GATEWAY),
    ("rate_limit", Finish.ERROR, GATEWAY),
    ("eos", Finish.COMPLETE, GATEWAY),
    ("null", None, GATEWAY),
    ("None", None, GATEWAY),
    ("", None, GATEWAY),
    ("something_new", Finish.COMPLETE, "nobody yet: it still says that the model finished"),
)
