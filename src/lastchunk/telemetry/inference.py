# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Whether somebody above measures the inference that happens here: the official instrumentations leave a mark."""

from __future__ import annotations

from opentelemetry import context as context_api

_KEY = "opentelemetry.genai.client.inference.context"
"""`CLIENT_INFERENCE_CONTEXT_KEY` of opentelemetry-util-genai."""


def within_inference() -> bool:
    """What the conventions say of a call of a model is recorded by an instrumentation above."""
    return context_api.get_value(_KEY) is not None
