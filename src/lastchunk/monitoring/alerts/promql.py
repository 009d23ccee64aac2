# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The pieces of PromQL that the rules are made of. Prometheus 2.42 takes them: underscore names, classic histograms."""

from __future__ import annotations

from collections.abc import Iterable

from lastchunk import semconv
from lastchunk.monitoring.names import label, series
from lastchunk.monitoring.settings import duration, milliseconds
from lastchunk.semconv import COUNTED_BY_ALERTS, Cause, Metric, Operation, Reason

JOB, INSTANCE = "job", "instance"
OPERATION = label(semconv.OPERATION_NAME)
PROVIDER = label(semconv.PROVIDER_NAME)
MODEL = label(semconv.REQUEST_MODEL)
AGENT = label(semconv.AGENT_NAME)
WORKFLOW = label(semconv.WORKFLOW_NAME)
REASON = label(semconv.TERMINATION_REASON)
CAUSE = label(semconv.TERMINATION_CAUSE)
WAITING_FOR = label(semconv.WAITING_FOR)
DELIVERY = label(semconv.DELIVERY)

OUTERMOST = f'{label(semconv.OUTERMOST)}="true"'
"""What users saw."""
CHAT = f'{OPERATION}="{Operation.CHAT}"'
"""What a provider did."""
BEGAN = f'{REASON}!="{Reason.REJECTED}"'
REJECTED = f'{REASON}="{Reason.REJECTED}"'

BY_OPERATION = (JOB, OPERATION)
BY_MODEL = (JOB, PROVIDER, MODEL)


def one_of(name: str, values: Iterable[str]) -> str:
    """A matcher for any of these values."""
    found = list(dict.fromkeys(str(value) for value in values))
    return f'{name}="{found[0]}"' if len(found) == 1 else f'{name}=~"{"|".join(found)}"'


def none_of(name: str, values: Iterable[Cause | Reason]) -> str:
    """A matcher for none of these values; a missing label matches too."""
    return f'{name}!~"{"|".join(values)}"'


FAULT = one_of(REASON, (reason for reason, _ in COUNTED_BY_ALERTS))
"""The reasons that are the service's doing, and not the user's or a limit's."""


def selector(metric: Metric | str, *matchers: str) -> str:
    """An instant vector."""
    return f"{metric if isinstance(metric, str) else series(metric)}{{{', '.join(matchers)}}}"


def counted(by: tuple[str, ...], selected: str, window: str, offset: str = "") -> str:
    """How much counters rose in a window, by these labels; what began within it counts from 0.

    `increase()` does not see the first value of a series: not a cutoff in the first interval, and nothing of a process
    that exports once. So a series that was not there when the window began counts with its last value.
    """
    ago = f" offset {offset}" if offset else ""
    before = duration(milliseconds(window) + milliseconds(offset)) if offset else window
    return (
        f"sum by ({', '.join(by)}) ("
        f"(last_over_time({selected}[{window}]{ago}) unless {selected} offset {before}) or "
        f"increase({selected}[{window}]{ago})"
        ")"
    )


def share(part: str, whole: str) -> str:
    """A ratio; absent where the denominator is, or is 0."""
    return f"{part} / ({whole} > 0)"
