# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What a provider's finish reason means, whatever the dialect."""

from __future__ import annotations

from enum import Enum, auto


class Finish(Enum):
    """The meaning of a finish reason."""

    COMPLETE = auto()
    LENGTH = auto()
    CONTENT_FILTER = auto()
    ERROR = auto()


_MEANINGS = {
    "length": Finish.LENGTH,
    "max_tokens": Finish.LENGTH,
    "max_output_tokens": Finish.LENGTH,
    "max_completion_tokens": Finish.LENGTH,
    "model_length": Finish.LENGTH,
    "model_context_window_exceeded": Finish.LENGTH,
    "context_length_exceeded": Finish.LENGTH,
    "token_limit_reached": Finish.LENGTH,
    "content_filter": Finish.CONTENT_FILTER,
    "content_filtered": Finish.CONTENT_FILTER,
    "refusal": Finish.CONTENT_FILTER,
    "safety": Finish.CONTENT_FILTER,
    "recitation": Finish.CONTENT_FILTER,
    "guardrail_intervened": Finish.CONTENT_FILTER,
    "error": Finish.ERROR,
    "failed": Finish.ERROR,
    "abort": Finish.ERROR,
    "insufficient_system_resource": Finish.ERROR,
}


def meaning(raw: str) -> Finish:
    """What `raw`, a finish reason that is not empty, says. One that nobody knows still says that the model finished."""
    return _MEANINGS.get(raw.strip().lower().replace("-", "_"), Finish.COMPLETE)
