# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`run(stream=True)` of workflows: graphs of executors, orchestrations, and workflows that are functions.

Items: `WorkflowEvent`. Source: agent_framework/_workflows/_workflow.py and _functional.py.
"""

from __future__ import annotations

import sys
from types import ModuleType

from lastchunk import semconv
from lastchunk.patches.agent_framework.items import history_of_messages, on_workflow
from lastchunk.patches.agent_framework.names import TELEMETRY, require
from lastchunk.patches.agent_framework.pulls import watch
from lastchunk.patches.support.fields import field
from lastchunk.patches.support.patching import Patcher, argument
from lastchunk.semconv import Operation
from lastchunk.streams.nesting import current_stream
from lastchunk.streams.shapes import Args, Function, Kwargs
from lastchunk.streams.start import Start
from lastchunk.telemetry.lent_spans import LentSpan


def apply_workflows(module: ModuleType, patcher: Patcher) -> None:
    """Watch both kinds of workflows: each has a module of its own, and makes its span within the first pull."""
    require(module)
    workflow = getattr(module, "FunctionalWorkflow", None) or module.Workflow

    def run(wrapped: Function, instance: object, args: Args, kwargs: Kwargs) -> object:
        stream = wrapped(*args, **kwargs)
        if kwargs.get("stream"):
            message = argument(args, kwargs, 0, "message")
            watch(patcher, stream, lambda: _describe(instance, message), on_workflow, instance)
        return stream

    def start_span(wrapped: Function, instance: object, args: Args, kwargs: Kwargs) -> object:
        span = wrapped(*args, **kwargs)
        record = current_stream()
        waits = record is not None and record.operation is Operation.INVOKE_WORKFLOW and record.ending is None
        if record is None or not waits or not record.start.library_span or record.span is not None:
            return span
        if not patcher.streams.telemetry.enabled():
            return span  # nothing would be written into it
        lent = LentSpan(span)
        patcher.streams.telemetry.lend(record, lent)
        return lent

    patcher.wrap(workflow, "run", run)
    patcher.wrap(module, "start_workflow_span", start_span)


def _describe(workflow: object, message: object) -> Start:
    telemetry = sys.modules.get(TELEMETRY)
    settings = getattr(telemetry, "OBSERVABILITY_SETTINGS", None)
    name = field(workflow, "name")
    return Start(
        operation=Operation.INVOKE_WORKFLOW,
        subject=id(workflow),
        name=name if isinstance(name, str) and name else type(workflow).__name__,
        attributes={semconv.WORKFLOW_NAME: name},
        history=history_of_messages(message),
        may_be_silent=True,
        library_span=bool(getattr(settings, "ENABLED", True)),
    )
