# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""PromQL: which streams are selected, and how they are counted.

Levels are never added up: every query selects the outermost streams (what users saw) or the chat streams (what a provider
did). A ratio without streams is absent, never NaN.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lastchunk import semconv
from lastchunk.monitoring.dashboards.foreign import ENVIRONMENT, JOB, LE
from lastchunk.monitoring.names import label, series
from lastchunk.semconv import Metric, Operation, Reason

INTERVAL = "$__interval"
WINDOW = "$__rate_interval"
RANGE = "$__range"

AGENT, WORKFLOW = label(semconv.AGENT_NAME), label(semconv.WORKFLOW_NAME)
PROVIDER, MODEL = label(semconv.PROVIDER_NAME), label(semconv.REQUEST_MODEL)
REASON, CAUSE = label(semconv.TERMINATION_REASON), label(semconv.TERMINATION_CAUSE)
CUTOFF, DELIVERY = label(semconv.CUTOFF), label(semconv.DELIVERY)
WAITING_FOR, TOKEN_TYPE = label(semconv.WAITING_FOR), label(semconv.TOKEN_TYPE)

_OUTERMOST = f'{label(semconv.OUTERMOST)}="true"'
_CHAT = f'{label(semconv.OPERATION_NAME)}="{Operation.CHAT}"'
_SERVICE = (f'{JOB}=~"$job"', f'{ENVIRONMENT}=~"$environment"')
_OF_MODEL = f'{MODEL}=~"$model"'
_OF_AGENT = f'{AGENT}=~"$agent"'

NOT_REJECTED = f'{REASON}!="{Reason.REJECTED}"'
REJECTED = f'{REASON}="{Reason.REJECTED}"'
CUT = f'{CUTOFF}="true"'
NOT_CUT = f'{CUTOFF}="false"'


@dataclass(frozen=True)
class Streams:
    """A selection of streams: one level, and what the variables of the dashboard choose."""

    matchers: tuple[str, ...]
    of_agent: bool = False
    """Whether a choice of agents narrows what is counted by `lastchunk.stream.ended`, the one metric that knows agents."""

    def __call__(self, metric: Metric, *more: str, suffix: str = "") -> str:
        """The selector of a metric's series."""
        known = (_OF_AGENT,) if self.of_agent and semconv.AGENT_NAME in metric.attributes else ()
        return f"{series(metric)}{suffix}{{{', '.join((*self.matchers, *known, *more))}}}"

    def for_agent(self) -> Streams:
        """The same, of the agents that are chosen."""
        return replace(self, of_agent=True)


OUTERMOST = Streams((_OUTERMOST, *_SERVICE, _OF_MODEL))
"""What users saw: what the application itself iterates, on whatever level."""
OF_ANY_MODEL = Streams((_OUTERMOST, *_SERVICE))
"""The same where a choice of models would hide the runs of teams, which have none."""
CHAT = Streams((_CHAT, *_SERVICE, _OF_MODEL))
"""What a provider did: one for each request to a model."""
RUNS = Streams(_SERVICE)
"""For `gen_ai.invoke_agent.duration` and `gen_ai.invoke_workflow.duration`, which each cover one level only."""


def grew(selector: str, window: str = WINDOW) -> str:
    """How much a counter grew: `increase`, and all of a series that began in the window.

    `increase` does not see the first value of a series, and most series of cutoffs have no second one; of a job that exports
    once it sees nothing at all. A series that was seen in the hour before the window is not new: it came back after a gap.
    """
    new = f"last_over_time({selector}[{window}]) unless last_over_time({selector}[1h] offset {window})"
    return f"(({new}) or increase({selector}[{window}]))"


def grown(by: str, selector: str, window: str = WINDOW) -> str:
    """`grew`, added up by these labels."""
    return f"sum by ({by}) {grew(selector, window)}"


def counts(by: str, selector: str) -> str:
    """How many, in each interval of the chart: whole numbers, each stream in one bar.

    What a counter says at the end of an interval, less what it last said before; all of it, if it is new or began anew.
    `increase` would make fractions of it, and show what rose between two intervals in two bars or in none.
    """
    now, before = f"last_over_time({selector}[{INTERVAL}])", f"last_over_time({selector}[1h] offset {INTERVAL})"
    return f"sum by ({by}) (({now} - {before} >= 0) or {now}) > 0"


def share(by: str, part: str, whole: str, window: str = WINDOW) -> str:
    """One selection by another: 0 without any of the first, absent without any of the second."""
    all_of_them = f"({grown(by, whole, window)} > 0)"
    return f"{grown(by, part, window)} / {all_of_them} or {all_of_them} * 0"


def cutoff_rate(streams: Streams, by: str, window: str = WINDOW) -> str:
    """Cutoffs by streams that began."""
    return share(by, streams(semconv.CUTOFFS), streams(semconv.ENDED, NOT_REJECTED), window)


def cut_by_agent(streams: Streams, by: str, window: str = WINDOW) -> str:
    """The same from `lastchunk.stream.ended`, which knows agents."""
    return share(by, streams(semconv.ENDED, CUT), streams(semconv.ENDED, NOT_REJECTED), window)


def rejected_share(streams: Streams, by: str, window: str = WINDOW) -> str:
    """Streams that did not start, by all of them."""
    return share(by, streams(semconv.ENDED, REJECTED), streams(semconv.ENDED), window)


def without_chat(expression: str) -> str:
    """Of services without chat streams: AutoGen's agents do not stream the model by default."""
    return f"({expression}) unless on ({JOB}) {CHAT(semconv.ENDED)}"


def quantile(share_of_values: float, selector: str, by: str = "") -> str:
    """A quantile of a histogram's values; `selector` with `suffix="_bucket"`. Absent without a value."""
    labels = ", ".join(filter(None, (LE, by)))
    return f"histogram_quantile({share_of_values}, sum by ({labels}) (rate({selector}[{WINDOW}]))) >= 0"


def rare_quantile(share_of_values: float, selector: str, by: str = "") -> str:
    """The same for values that are so rare that the first of a series counts."""
    labels = ", ".join(filter(None, (LE, by)))
    return f"histogram_quantile({share_of_values}, {grown(labels, selector)}) >= 0"


def buckets(selector: str) -> str:
    """How many values came into each bucket, for a heatmap."""
    return grown(LE, selector)
