# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A web server that is asked to stop by a signal sends what has ended, installs no handler, and is left alone otherwise."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest
import uvicorn
from autogen_ext.models.replay import ReplayChatCompletionClient
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from sse_starlette.sse import AppStatus

from lastchunk.patches import uvicorn_server
from tests.conftest import Instrument
from tests.telemetry.signals import Signals


async def _app(scope: Any, receive: Any, send: Any) -> None:
    """An application that nobody sends a request to."""


def _serve(stop: Callable[[uvicorn.Server], None]) -> None:
    """Streams, and then serves until it is stopped, as `uvicorn.run` does."""

    async def main() -> None:
        stream = ReplayChatCompletionClient(["one two"]).create_stream([])
        await anext(stream)
        await stream.aclose()
        server = uvicorn.Server(uvicorn.Config(_app, port=0, lifespan="off", log_level="error"))
        asyncio.get_running_loop().call_soon(stop, server)
        await server.serve()

    asyncio.run(main())


def _batched() -> Signals:
    """Send spans only when the batch is full."""
    signals = Signals()
    signals.tracer_provider._active_span_processor._span_processors = (
        BatchSpanProcessor(signals.exporter, schedule_delay_millis=3_600_000),
    )
    return signals


@pytest.fixture(name="raised")
def _raised(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Record the signals that uvicorn raises again, which would end this process."""
    raised: list[int] = []
    # sse-starlette, if it is imported, remembers that a server was stopped, and ends every later response.
    monkeypatch.setattr(AppStatus, "should_exit", False)
    monkeypatch.setattr(uvicorn.server.signal, "raise_signal", raised.append)
    return raised


@pytest.mark.parametrize("signal_", [signal.SIGTERM, signal.SIGINT])
def test_what_has_ended_is_sent(instrument: Instrument, raised: list[int], signal_: int) -> None:
    """Before uvicorn raises the signal again; and nothing was there before that."""
    signals, before = _batched(), []
    instrument(**signals.providers)
    handler = signal.getsignal(signal_)

    def stop(server: uvicorn.Server) -> None:
        before.extend(signals.spans)
        server.handle_exit(signal_, None)

    _serve(stop)
    assert (before, [span.name for span in signals.spans]) == ([], ["chat"])
    assert raised == [signal_]
    assert signal.getsignal(signal_) is handler


def test_a_server_that_stops_by_itself(instrument: Instrument, raised: list[int]) -> None:
    """Nothing is sent before its time: the process goes on."""
    signals = _batched()
    instrument(**signals.providers)
    _serve(lambda server: setattr(server, "should_exit", True))
    assert (signals.spans, raised) == ([], [])


def test_a_receiver_that_hangs(instrument: Instrument, raised: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not use up the time that the process has to stop."""
    monkeypatch.setattr(uvicorn_server, "PATIENCE", 0.05)
    goes_on = threading.Event()

    class Hangs:
        def force_flush(self, timeout_millis: int) -> bool:
            return goes_on.wait()

        def __getattr__(self, name: str) -> Any:
            return getattr(signals.meter_provider, name)

    signals = _batched()
    instrument(**{**signals.providers, "meter_provider": Hangs()})
    _serve(lambda server: server.handle_exit(signal.SIGTERM, None))
    goes_on.set()
    assert [span.name for span in signals.spans] == ["chat"]
    assert raised == [signal.SIGTERM]


def test_a_flush_that_fails(instrument: Instrument, raised: list[int], reported: Callable[[], list[str]]) -> None:
    """Of one signal: the others are sent."""

    class Fails:
        def force_flush(self, timeout_millis: int) -> bool:
            raise RuntimeError

        def __getattr__(self, name: str) -> Any:
            return getattr(signals.meter_provider, name)

    signals = _batched()
    instrument(**{**signals.providers, "meter_provider": Fails()})
    _serve(lambda server: server.handle_exit(signal.SIGTERM, None))
    assert [span.name for span in signals.spans] == ["chat"]
    assert reported() == ["flushing telemetry at shutdown"]
    assert raised == [signal.SIGTERM]
