# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The metrics of streams, all recorded at once when a stream ends.

`semconv.METRICS` defines names, units, buckets and attributes.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.metrics import Counter, Histogram, Meter, MeterProvider, get_meter, get_meter_provider

from lastchunk import semconv
from lastchunk.semconv import Metric, Operation, Reason
from lastchunk.streams.outcome import Outcome
from lastchunk.streams.record import StreamRecord
from lastchunk.streams.timed_record import TimedStreamRecord
from lastchunk.telemetry.attributes import agent_above
from lastchunk.telemetry.caps import Cap
from lastchunk.telemetry.gauges import Gauges
from lastchunk.telemetry.listeners import is_sdk, within_inference
from lastchunk.telemetry.series import Attributes, Kind, Series
from lastchunk.version import __version__

KINDS_FROM_ZERO = 43
"""Kinds of streams whose cutoffs are counted from 0: with more of them, zeros alone would fill the SDK's 2,000 sets."""

_NO_SPAN = trace.set_span_in_context(trace.INVALID_SPAN, Context())
"""A context that gives no exemplar."""


class Metrics:
    """Records the metrics of streams with one meter, for as long as its provider lives: see `metrics_of`."""

    def __init__(self, meter_provider: MeterProvider | None) -> None:
        self._listens = meter_provider is not None and is_sdk(meter_provider)
        meter = get_meter(semconv.SCOPE, __version__, meter_provider, semconv.SCHEMA_URL)
        self.gauges = Gauges()
        for metric, callback in (
            (semconv.OPEN, self.gauges.open),
            (semconv.STALLED, self.gauges.stalled),
            (semconv.HANGING, self.gauges.hanging),
        ):
            meter.create_observable_up_down_counter(metric.name, [callback], metric.unit, metric.brief)
        longest = semconv.LONGEST_SILENCE
        meter.create_observable_gauge(longest.name, [self.gauges.longest_silence], longest.unit, longest.brief)
        self._ended = _counter(meter, semconv.ENDED)
        self._cutoffs = _counter(meter, semconv.CUTOFFS)
        self._recovered = _counter(meter, semconv.RECOVERED)
        self._longest_gap = _histogram(meter, semconv.LONGEST_GAP)
        self._idle = _histogram(meter, semconv.IDLE)
        self._messages_sent = _histogram(meter, semconv.MESSAGES_SENT)
        self._bytes_sent = _histogram(meter, semconv.BYTES_SENT)
        self._operation_duration = _histogram(meter, semconv.OPERATION_DURATION)
        self._time_to_first_chunk = _histogram(meter, semconv.TIME_TO_FIRST_CHUNK)
        self._time_per_output_chunk = _histogram(meter, semconv.TIME_PER_OUTPUT_CHUNK)
        self._token_usage = _histogram(meter, semconv.TOKEN_USAGE)
        self._agent_duration = _histogram(meter, semconv.AGENT_DURATION)
        self._workflow_duration = _histogram(meter, semconv.WORKFLOW_DURATION)
        self._model, self._agent = Cap(semconv.REQUEST_MODEL), Cap(semconv.AGENT_NAME)
        self._response_model, self._workflow = Cap(semconv.RESPONSE_MODEL), Cap(semconv.WORKFLOW_NAME)
        self._server, self._error_type = Cap(semconv.SERVER_ADDRESS), Cap(semconv.ERROR_TYPE)
        self._series: dict[tuple[Operation, str, str, bool], Series] = {}
        """By kind."""
        self._from_zero = 0

    def begin(self, record: StreamRecord) -> None:
        """A stream begins: it is open from now on, and the cutoffs of its kind are counted from 0."""
        given = record.start.attributes
        operation = record.operation
        kind = operation, _text(given, semconv.PROVIDER_NAME), _text(given, semconv.REQUEST_MODEL), record.outermost
        series = record.series = self._series.get(kind) or self._new_series(Kind(*kind))
        if not series.from_zero:
            self._count_from_zero(series)
        if operation is Operation.CHAT and within_inference():
            record.measured_elsewhere = True
        if isinstance(record, TimedStreamRecord) and operation is Operation.CHAT:
            record.between_chunks = self._between_chunks

    def end(self, record: StreamRecord, outcome: Outcome) -> None:
        """It has ended. Each value can be traced to the stream's span, which is not current here."""
        series = record.series
        if series is None:
            return
        ending = outcome.ending
        cutoff = ending.cutoff
        context = trace.set_span_in_context(record.span or trace.INVALID_SPAN, Context())
        self._ended.add(1, self._ended_attributes(record, series, outcome), context)
        if cutoff:
            cause = ending.cause.value if ending.cause is not None else ""
            self._cutoffs.add(1, {**series.by_reason[ending.reason], semconv.TERMINATION_CAUSE: cause}, context)
        by_cutoff = series.by_cutoff[cutoff]
        self._longest_gap.record(record.max_gap, by_cutoff, context)
        if ending.reason is not Reason.COMPLETED:
            self._idle.record(outcome.idle, series.by_reason[ending.reason], context)
        history = record.history
        if history is not None:
            self._messages_sent.record(history.messages, by_cutoff, context)
            self._bytes_sent.record(history.size, by_cutoff, context)
        for cause, count in outcome.recovered:
            self._recovered.add(count, {**series.attributes, semconv.TERMINATION_CAUSE: cause.value}, context)
        self._record_conventions(record, series, outcome, context)

    def _record_conventions(self, record: StreamRecord, series: Series, outcome: Outcome, context: Context) -> None:
        duration = max(outcome.ended_at - record.began_at, 0.0)
        error_type = outcome.ending.error_type
        error: Attributes = {semconv.ERROR_TYPE: self._error_type(error_type)} if error_type is not None else {}
        name = record.start.name
        if record.operation is Operation.INVOKE_AGENT:
            agent: Attributes = {semconv.AGENT_NAME: self._agent(name)} if name else {}
            if series.kind.model:
                agent[semconv.REQUEST_MODEL] = series.kind.model
            self._agent_duration.record(duration, {**agent, **error}, context)
        elif record.operation is Operation.INVOKE_WORKFLOW:
            workflow: Attributes = {semconv.WORKFLOW_NAME: self._workflow(name)} if name else {}
            self._workflow_duration.record(duration, {**workflow, **error}, context)
        else:
            client = self._client_attributes(record, series)
            if outcome.first_wait > 0.0 and _chunks_are_ours(record):
                self._time_to_first_chunk.record(outcome.first_wait, client, context)
            if record.measured_elsewhere:
                return
            self._operation_duration.record(duration, {**client, **error}, context)
            wire = record.wire
            if wire is not None and wire.input_tokens is not None:
                self._token_usage.record(wire.input_tokens, {**client, semconv.TOKEN_TYPE: "input"}, context)
            if wire is not None and wire.output_tokens is not None:
                self._token_usage.record(wire.output_tokens, {**client, semconv.TOKEN_TYPE: "output"}, context)

    def _between_chunks(self, record: StreamRecord, seconds: float) -> None:
        """A content chunk followed another one; only called if the setting `time_per_output_chunk` is on."""
        if record.series is not None and _chunks_are_ours(record):
            context = trace.set_span_in_context(record.span or trace.INVALID_SPAN, Context())
            self._time_per_output_chunk.record(seconds, self._client_attributes(record, record.series), context)

    def _new_series(self, kind: Kind) -> Series:
        """That of `kind`, whose model may be one too many; what is kept is bounded."""
        if kind.model:
            kind = kind._replace(model=self._model(kind.model))
        series = self._series.get(kind)
        if series is None:
            series = self._series.setdefault(kind, Series(kind))
            self.gauges.saw(series)
        return series

    def _count_from_zero(self, series: Series) -> None:
        """Let its cutoffs exist before the first: a counter that begins at 1 has not increased."""
        if not self._listens:
            self._listens = is_sdk(get_meter_provider())
            if not self._listens:
                return
        series.from_zero = True
        if self._from_zero >= KINDS_FROM_ZERO:
            return
        self._from_zero += 1
        for reason, cause in semconv.COUNTED_BY_ALERTS:
            self._cutoffs.add(0, {**series.by_reason[reason], semconv.TERMINATION_CAUSE: cause.value}, _NO_SPAN)

    def _ended_attributes(self, record: StreamRecord, series: Series, outcome: Outcome) -> Attributes:
        ending = outcome.ending
        attributes: Attributes = {**series.by_reason[ending.reason], semconv.CUTOFF: ending.cutoff}
        attributes[semconv.DELIVERY] = outcome.delivery._value_
        if ending.cause is not None:
            attributes[semconv.TERMINATION_CAUSE] = ending.cause._value_
        if record.operation is Operation.INVOKE_WORKFLOW:
            if record.start.name:
                attributes[semconv.WORKFLOW_NAME] = self._workflow(record.start.name)
        elif agent := agent_above(record) if record.operation is Operation.CHAT else record.start.name:
            attributes[semconv.AGENT_NAME] = self._agent(agent)
        return attributes

    def _client_attributes(self, record: StreamRecord, series: Series) -> Attributes:
        attributes = dict(series.client)
        if record.wire is not None and record.wire.response_model is not None:
            attributes[semconv.RESPONSE_MODEL] = self._response_model(record.wire.response_model)
        given = record.start.attributes
        address, port = _text(given, semconv.SERVER_ADDRESS), given.get(semconv.SERVER_PORT)
        if address and self._server(f"{address}:{port}") == semconv.OTHER:
            attributes[semconv.SERVER_ADDRESS] = semconv.OTHER
        elif address:
            attributes[semconv.SERVER_ADDRESS] = address
            if isinstance(port, int):
                attributes[semconv.SERVER_PORT] = port
        return attributes


_made: WeakKeyDictionary[MeterProvider, Metrics] = WeakKeyDictionary()
_of_the_global_provider: list[Metrics] = []


def metrics_of(meter_provider: MeterProvider | None) -> Metrics:
    """The one `Metrics` of a provider, or of the global one.

    Callbacks cannot be taken back from a meter, and new ones of the same name are not taken: what an earlier
    `instrument()` made is used again.
    """
    if meter_provider is None:
        if not _of_the_global_provider:
            _of_the_global_provider.append(Metrics(None))
        return _of_the_global_provider[0]
    try:
        made = _made.get(meter_provider)
    except TypeError:
        return Metrics(meter_provider)  # It cannot be referred to weakly, and is not to be kept.
    if made is None:
        made = _made[meter_provider] = Metrics(meter_provider)
    return made


def _chunks_are_ours(record: StreamRecord) -> bool:
    """Nobody else measures the time between chunks; a library that measures its own calls does not."""
    return not record.measured_elsewhere or record.start.library_span


def _counter(meter: Meter, metric: Metric) -> Counter:
    return meter.create_counter(metric.name, metric.unit, metric.brief)


def _histogram(meter: Meter, metric: Metric) -> Histogram:
    return meter.create_histogram(
        metric.name, metric.unit, metric.brief, explicit_bucket_boundaries_advisory=list(metric.buckets)
    )


def _text(given: dict[str, Any], name: str) -> str:
    value = given.get(name)
    return value if isinstance(value, str) else ""
