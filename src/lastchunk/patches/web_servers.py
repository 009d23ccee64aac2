# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Sees that the client of an HTTP request has left: the web server loses the connection before its answer is complete.

How a handler learns of it, and stops, differs from framework to framework: a cancel, a message, a flag that it asks for, an
exception when it writes. The server is the one place that they have in common.

Sources: uvicorn/protocols/http/h11_impl.py and httptools_impl.py (`connection_lost`, `RequestResponseCycle`);
aiohttp/web_protocol.py (`RequestHandler.connection_lost`), aiohttp/web_request.py, aiohttp/web_ws.py.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

from lastchunk.own_errors import report
from lastchunk.patches.support.fields import ask, items_of
from lastchunk.patches.support.patching import Patch, Patcher
from lastchunk.patches.web_sockets import watch
from lastchunk.streams import web_clients
from lastchunk.streams.shapes import Args, Function, Kwargs

Find = Callable[[object], object]


def _requests_begin(patcher: Patcher, request: type, port: Find) -> None:
    """A handler runs in the context in which a `request` is made, or in a copy of it."""

    def made(wrapped: Function, instance: object, args: Args, kwargs: Kwargs) -> object:
        answer = wrapped(*args, **kwargs)
        web_clients.came(instance, port(instance))
        return answer

    patcher.wrap(request, "__init__", made)


def _connections_end(patcher: Patcher, protocol: type, answered: Find) -> None:
    """`answered` finds the request of a connection that is being answered; None if there is none, or the server closes it."""

    def lost(wrapped: Function, instance: object, args: Args, kwargs: Kwargs) -> object:
        try:
            if (request := answered(instance)) is not None:
                web_clients.left(request, receiving=False)
        except Exception as exc:
            report("seeing that the client of a web server has left", exc)
        return wrapped(*args, **kwargs)

    patcher.wrap(protocol, "connection_lost", lost)


def _uvicorn(protocol: str) -> Callable[[ModuleType, Patcher], None]:
    def port(cycle: object) -> object:
        scope = ask(cycle, "scope")
        server = items_of(scope.get("server")) if isinstance(scope, dict) else ()
        return server[-1] if server else None

    def answered(connection: object) -> object:
        cycle = ask(connection, "cycle")
        return cycle if ask(cycle, "response_complete") is False else None

    def apply(module: ModuleType, patcher: Patcher) -> None:
        _requests_begin(patcher, module.RequestResponseCycle, port)
        _connections_end(patcher, getattr(module, protocol), answered)

    return apply


def _aiohttp_requests(module: ModuleType, patcher: Patcher) -> None:
    _requests_begin(patcher, module.BaseRequest, lambda _: None)


def _aiohttp_connections(module: ModuleType, patcher: Patcher) -> None:
    def answered(connection: object) -> object:
        return None if ask(connection, "_force_close") else ask(connection, "_current_request")

    _connections_end(patcher, module.RequestHandler, answered)


def _aiohttp_web_sockets(module: ModuleType, patcher: Patcher) -> None:
    def left(websocket: object, message: object, error: BaseException | None) -> bool:
        return ask(message, "type") is module.WSMsgType.CLOSE

    watch(patcher, module.WebSocketResponse, "receive", left, receiving=True, of=lambda it: ask(it, "_req"))


PATCHES = (
    Patch("uvicorn", ">= 0.29", "uvicorn.protocols.http.h11_impl", _uvicorn("H11Protocol")),
    Patch("uvicorn", ">= 0.29", "uvicorn.protocols.http.httptools_impl", _uvicorn("HttpToolsProtocol")),
    Patch("aiohttp", ">= 3.9", "aiohttp.web_request", _aiohttp_requests),
    Patch("aiohttp", ">= 3.9", "aiohttp.web_protocol", _aiohttp_connections),
    Patch("aiohttp", ">= 3.9", "aiohttp.web_ws", _aiohttp_web_sockets),
)
