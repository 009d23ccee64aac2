# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The metric attributes that all streams of one kind share: operation, provider, model, and whether it is outermost."""

from __future__ import annotations

from typing import NamedTuple

from lastchunk import semconv
from lastchunk.semconv import Operation, Reason, WaitingFor

Attributes = dict[str, str | bool | int]


class Kind(NamedTuple):
    """A kind of streams; provider and model are empty where they are not known."""

    operation: Operation
    provider: str
    model: str
    outermost: bool


class Series:
    """One kind, with attributes that are made once and never changed: they are handed to the SDK for every stream."""

    __slots__ = ("attributes", "by_cutoff", "by_reason", "by_waiting", "client", "from_zero", "kind")

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.from_zero = False
        """Its cutoffs were counted from 0."""
        client: Attributes = {semconv.OPERATION_NAME: kind.operation.value}
        if kind.provider:
            client[semconv.PROVIDER_NAME] = kind.provider
        if kind.model:
            client[semconv.REQUEST_MODEL] = kind.model
        self.client = client
        """Without what the conventions do not know."""
        self.attributes: Attributes = {**client, semconv.OUTERMOST: kind.outermost}
        self.by_cutoff: tuple[Attributes, Attributes] = (
            {**self.attributes, semconv.CUTOFF: False},
            {**self.attributes, semconv.CUTOFF: True},
        )
        self.by_reason: dict[Reason, Attributes] = {
            reason: {**self.attributes, semconv.TERMINATION_REASON: reason.value} for reason in Reason
        }
        waits = [WaitingFor.FIRST_CHUNK, WaitingFor.NEXT_CHUNK]
        if kind.operation is not Operation.CHAT:
            waits.append(WaitingFor.TOOL)
        self.by_waiting: dict[WaitingFor, Attributes] = {
            waiting_for: {**self.attributes, semconv.WAITING_FOR: waiting_for.value} for waiting_for in waits
        }
