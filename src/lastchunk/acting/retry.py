# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A retry policy for tenacity: for which endings a retry can help, and how long to wait before it.

@retry(retry=retry_if_cutoff(), wait=wait_retry_after(), stop=stop_after_attempt(3), reraise=True)
async def answer(task: str) -> list[object]:
    return [item async for item in guard(agent.run_stream(task=task))]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from lastchunk.acting.reasons import CUT_BY_THE_SERVICE, reasons
from lastchunk.semconv import Cause, Reason
from lastchunk.streams.ending import Ending
from lastchunk.streams.raised import behind, ended_with

try:
    from tenacity import RetryCallState, wait_random_exponential
    from tenacity.retry import retry_base
    from tenacity.wait import wait_base
except ImportError as missing:
    raise ImportError(
        "Retries need tenacity: pip install 'lastchunk-instrumentation-autogen[retry]'", name="tenacity"
    ) from missing

MENDABLE = (CUT_BY_THE_SERVICE - {Reason.LENGTH, Reason.CONTENT_FILTER, Reason.TOOL_ERROR, Reason.ERROR}) | {
    Reason.REJECTED
}
"""Reasons after which a retry can help. After the others the same request meets the same limit, filter or broken tool again."""

_LASTING = frozenset({Cause.CONTEXT_LIMIT, Cause.CONTENT_FILTER, Cause.PACKAGE_MISMATCH, Cause.NO_STREAMING_SUPPORT})
"""Causes that a retry meets again, whatever the reason is."""


class retry_if_cutoff(retry_base):  # as tenacity names its policies
    """A tenacity policy: retry when a stream ended in a way that a retry can help.

    It looks at the exception of the stream, or at the `StreamCutOff` of `guard`.

    - `on`: the reasons to retry for.
    - `after_content`: by default there is no retry once a part of the model's answer was handed out. True allows it, for
      applications that show an answer only when all of it is there.

    Raises ValueError for a reason after which no retry helps.
    """

    def __init__(self, on: Iterable[Reason | str] = MENDABLE, *, after_content: bool = False) -> None:
        self._on = reasons(on, "on", MENDABLE)
        self._after_content = after_content

    def __call__(self, retry_state: RetryCallState) -> bool:
        """Decide whether to retry; called by tenacity."""
        error = retry_state.outcome.exception() if retry_state.outcome is not None else None
        ended = ended_with(error) if error is not None else None
        if error is None or ended is None or (ended.answered and not self._after_content):
            return False
        return ended.ending.reason in self._on and _passes(ended.ending, error)


class wait_retry_after(wait_base):  # as tenacity names its policies
    """Wait as long as the provider asks for (`Retry-After`), at most `longest` seconds; else as `otherwise` says."""

    def __init__(self, otherwise: wait_base | None = None, *, longest: float = 60.0) -> None:
        self._otherwise = wait_random_exponential(multiplier=0.5, max=longest) if otherwise is None else otherwise
        self._longest = longest

    def __call__(self, retry_state: RetryCallState) -> float:
        """Return the seconds to wait; called by tenacity."""
        error = retry_state.outcome.exception() if retry_state.outcome is not None else None
        asked = _retry_after(error) if error is not None else None
        return float(self._otherwise(retry_state)) if asked is None else min(max(asked, 0.0), self._longest)


def _passes(ending: Ending, error: BaseException) -> bool:
    """Whether a retry can avoid what is behind the ending."""
    if ending.cause in _LASTING:
        return False
    if ending.reason is not Reason.REJECTED or ending.cause is not Cause.PROVIDER_ERROR:
        return True
    statuses = [status for link in behind(error) if isinstance(status := getattr(link, "status_code", None), int)]
    return any(status >= 500 or status == 409 for status in statuses)


def _retry_after(error: BaseException) -> float | None:
    """Seconds that the provider asks for: `Retry-After` in seconds or as a date, or `retry-after-ms`."""
    for headers in _headers(error):
        for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
            try:
                return float(headers.get(name, "")) * scale
            except (TypeError, ValueError):
                continue
        try:
            return (parsedate_to_datetime(headers.get("retry-after", "")) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):
            continue
    return None


def _headers(error: BaseException) -> Iterator[Any]:
    for link in behind(error):
        headers = getattr(getattr(link, "response", None), "headers", None)
        if headers is not None and hasattr(headers, "get"):
            yield headers
