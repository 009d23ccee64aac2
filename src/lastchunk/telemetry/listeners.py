# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Finds out whether anybody receives what is emitted, and whether an instrumentation above records the same."""

from __future__ import annotations

from opentelemetry import context as context_api

_API = ("opentelemetry.trace", "opentelemetry.metrics", "opentelemetry._logs")
"""Where the providers of the API alone come from, which do nothing."""

_INFERENCE = "opentelemetry.genai.client.inference.context"
"""`CLIENT_INFERENCE_CONTEXT_KEY` of opentelemetry-util-genai: the mark that the official instrumentations leave."""


def is_sdk(provider: object) -> bool:
    """`provider` is not one of the API's own."""
    return not type(provider).__module__.startswith(_API)


def within_inference() -> bool:
    """An instrumentation above records what the conventions say of the call of a model that happens here."""
    return context_api.get_value(_INFERENCE) is not None
