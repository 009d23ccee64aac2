# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What providers say of an error: each text or object, the cause that it names, and who says so."""

from __future__ import annotations

from typing import Any

from lastchunk.semconv import Cause

RATE, CONTEXT, FILTER = Cause.RATE_LIMITED, Cause.CONTEXT_LIMIT, Cause.CONTENT_FILTER
NOT_STREAMED, IDLE = Cause.NO_STREAMING_SUPPORT, Cause.IDLE_TIMEOUT

SAID: tuple[tuple[Any, Cause | None, str], ...] = (
    ({"code": "rate_limit_exceeded", "message": "Rate limit reached for gpt-4o"}, RATE, "OpenAI"),
    ({"code": "insufficient_quota", "message": "You exceeded your current quota"}, RATE, "OpenAI"),
    ({"type": "rate_limit_error", "message": "Number of request tokens has exceeded your limit"}, RATE, "Anthropic"),
    ({"code": 429, "message": "Provider returned error"}, RATE, "OpenRouter"),
    ({"code": "429", "message": "x"}, RATE, "LiteLLM, which writes numbers as texts"),
    ({"status": "RESOURCE_EXHAUSTED", "message": "Resource has been exhausted (e.g. check quota)."}, RATE, "Gemini"),
    ({"code": "Throttling.RateQuota", "message": "Requests rate quota exceeded."}, RATE, "DashScope"),
    ({"type": "throttlingException", "message": "Too many tokens, please wait before trying again."}, RATE, "Bedrock"),
    ({"code": "1302", "message": "Too many requests, please slow down"}, RATE, "Zhipu"),
    ("Request too large for model on tokens per minute (TPM): Limit 6000, Requested 12328", RATE, "Groq"),
    ("over_capacity", RATE, "Groq, in x_groq.error"),
    ({"code": "context_length_exceeded"}, CONTEXT, "OpenAI"),
    ("This model's maximum context length is 4096 tokens. However, you requested 5000 tokens", CONTEXT, "OpenAI, vLLM"),
    ("Your input exceeds the context window of this model.", CONTEXT, "OpenAI's Responses"),
    ("prompt is too long: 210000 tokens > 200000 maximum", CONTEXT, "Anthropic"),
    ("input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000", CONTEXT, "Anthropic"),
    ("The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).", CONTEXT, "Gemini"),
    ("This model's maximum prompt length is 131072 but the request contains 537812 tokens.", CONTEXT, "xAI"),
    ("`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens", CONTEXT, "TGI"),
    ("Input is too long for requested model.", CONTEXT, "Bedrock"),
    ("<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 30720]", CONTEXT, "DashScope"),
    ("The decoder prompt (length 5000) is longer than the maximum model length of 4096.", CONTEXT, "vLLM"),
    ("the request exceeds the available context size, try increasing it", CONTEXT, "llama.cpp"),
    ({"type": "exceed_context_size_error"}, CONTEXT, "llama.cpp"),
    ({"code": "content_filter", "message": "The response was filtered"}, FILTER, "Azure OpenAI"),
    ({"code": "ResponsibleAIPolicyViolation"}, FILTER, "Azure OpenAI"),
    ({"code": "data_inspection_failed"}, FILTER, "DashScope"),
    (
        {"message": "Your organization must be verified to stream this model.", "param": "stream"},
        NOT_STREAMED,
        "OpenAI",
    ),
    ("Streaming is not supported for this model", NOT_STREAMED, "gateways"),
    ("'stream' does not support true with this model.", NOT_STREAMED, "OpenAI"),
    ({"code": "408", "message": "x"}, IDLE, "LiteLLM"),
    ({"code": 504}, IDLE, "gateways"),
    ("upstream request timeout", IDLE, "Envoy"),
    ("context deadline exceeded", IDLE, "gateways in Go"),
    ("modelTimeoutException: Model took too long to respond", IDLE, "Bedrock"),
    ("server busy, please try again.  maximum pending requests exceeded", RATE, "Ollama"),
    ("Your account reached max request: concurrency 1", RATE, "Moonshot"),
    ("request reached organization max RPM: 20", RATE, "Moonshot"),
    ("Service tier capacity exceeded for this model.", RATE, "Mistral"),
    ("Capacity temporarily exceeded, please try again.", RATE, "Cloudflare"),
    ({"code": "limit_requests"}, RATE, "DashScope"),
    ({"code": "limit_burst_rate"}, RATE, "DashScope"),
    ({"status_code": 1002, "status_msg": "rate limit exceeded(RPM)"}, RATE, "MiniMax"),
    ("您当前使用该API的并发数过高", RATE, "Zhipu"),
    ("Your request exceeded model token limit: 131072", CONTEXT, "Moonshot"),
    ("`inputs` must have less than 1024 tokens. Given: 1500", CONTEXT, "TGI"),
    ("The request payload size exceeds the limit: 20971520 bytes.", CONTEXT, "Gemini"),
    ("413 Request Entity Too Large", CONTEXT, "nginx"),
    ({"status_code": 413}, CONTEXT, "gateways"),
    ("Prompt 超长", CONTEXT, "Zhipu"),
    ("Content Exists Risk", FILTER, "DeepSeek"),
    ("The request was rejected because it was considered high risk", FILTER, "Moonshot"),
    ("output new_sensitive (1027)", FILTER, "MiniMax"),
    ("系统检测到输入或生成内容可能包含不安全或敏感内容", FILTER, "Zhipu"),
    ("unsupported parameter: stream_options", None, "gateways"),
    ("Insufficient Balance", None, "DeepSeek"),
    ({"type": "overloaded_error", "message": "Overloaded"}, None, "Anthropic"),
    ({"code": 50505, "message": "Model service overloaded. Please try again later."}, None, "SiliconFlow"),
    ({"code": 500, "message": "context shift is disabled"}, None, "llama.cpp"),
    ("upstream connect error or disconnect/reset before headers. reset reason: overflow", None, "Envoy"),
    ("Incorrect API key provided", None, "OpenAI"),
    ("The model `x` does not exist", None, "OpenAI"),
    ("max_tokens is too large: 100000. This model supports at most 16384 completion tokens", None, "OpenAI"),
    ("llama runner process has terminated", None, "Ollama"),
)
