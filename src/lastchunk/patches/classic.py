# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The classic API, AutoGen 0.2 and AG2 before 1.0: `OpenAIClient.create` with `stream` among its parameters.

It consumes the SDK's sync stream itself and gives a `ChatCompletion`, so the call is the stream, with the SDK's as its
wire. Several distributions own the package `autogen`; only what is in it counts. Source: autogen/oai/client.py.
"""

from __future__ import annotations

from types import ModuleType

from lastchunk.patches.openai_sdk import provider_of
from lastchunk.patches.support.carried import carried
from lastchunk.patches.support.chat_completions import answers_tool, identifier
from lastchunk.patches.support.fields import field, items_of
from lastchunk.patches.support.history import history_of
from lastchunk.patches.support.patching import Patch, Patcher, argument
from lastchunk.patches.support.sdk_calls import bare_stream
from lastchunk.semconv import ChunkKind, LastEvent
from lastchunk.streams.observer import Observer
from lastchunk.streams.record import StreamRecord
from lastchunk.streams.shapes import Args, Function, Kwargs
from lastchunk.streams.start import Start


def _apply(module: ModuleType, patcher: Patcher) -> None:
    def create(wrapped: Function, instance: object, args: Args, kwargs: Kwargs) -> object:
        given = argument(args, kwargs, 0, "params")
        if not field(given, "stream"):
            return wrapped(*args, **kwargs)
        observer = Observer(patcher.streams, lambda: _describe(instance, given), _on_answer)
        observer.begin()
        observer.step_begins()
        try:
            answer = observer.run(wrapped, *args, **kwargs)
        except BaseException as error:
            observer.failed(error)
            raise
        observer.item(answer)
        observer.exhausted()
        return answer

    patcher.wrap(module.OpenAIClient, "create", create)


def _describe(wrapper: object, given: object) -> Start:
    client = field(wrapper, "_oai_client")
    messages = field(given, "messages")
    start = bare_stream(
        wrapper,
        provider=provider_of(client),
        model=field(given, "model"),
        url=field(client, "_base_url"),
        history=history_of(messages),
        may_be_silent=answers_tool(messages),
    )
    start.bare = False  # its answer is a terminal item
    return start


def _on_answer(record: StreamRecord, answer: object, now: float, gap: float) -> None:
    choices = items_of(getattr(answer, "choices", None))
    messages = [getattr(choice, "message", None) for choice in choices]
    finish = next((reason for choice in choices if (reason := identifier(choice, "finish_reason"))), "")
    arrived = any(carried(message) != (ChunkKind.MESSAGE, 0) for message in messages)
    record.result(gap, arrived=arrived, finish=finish)
    if record.wire is None and finish:
        record.last_event = LastEvent.FINISH


PATCHES = (Patch("autogen", "AutoGen 0.2, AG2 < 1", "autogen.oai.client", _apply),)
