# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Sees that the client of a WebSocket has left, when the handler learns of it: Starlette's, and that of `websockets`.

Sources: starlette/websockets.py (`WebSocket.receive`, `WebSocket.send`); websockets/asyncio/connection.py and
websockets/exceptions.py (`ConnectionClosed`: who sent a close frame first).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

from lastchunk.own_errors import report
from lastchunk.patches.support.fields import field, items_of
from lastchunk.patches.support.patching import Patch, Patcher
from lastchunk.patches.support.sdk_calls import instead_of
from lastchunk.streams import web_clients
from lastchunk.streams.passing_on import passed_on

Left = Callable[[Any, Any, BaseException | None], bool]
"""Says of the connection, what a call gave, and what it raised, that the client has left: nobody else closed the connection."""

NO_PONG = 1011
"""The close code that `websockets` sends if a client does not answer its ping."""


def watch(
    patcher: Patcher, owner: Any, name: str, left: Left, *, receiving: bool, of: Callable[[Any], Any] = lambda it: it
) -> None:
    """Have `left` look at each call of `owner`'s `name`. The handler began with what `of` finds in the call's object."""

    def wrapper(wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return instead_of(answer := wrapped(*args, **kwargs), _watched(of(instance), answer, left, receiving))

    patcher.wrap(owner, name, wrapper)


async def _watched(connection: Any, answer: Awaitable[Any], left: Left, receiving: bool) -> Any:
    try:
        given = await answer
    except BaseException as error:
        _look(connection, None, error, left, receiving)
        passed_on(error)
        raise
    _look(connection, given, None, left, receiving)
    return given


def _look(connection: Any, given: Any, error: BaseException | None, left: Left, receiving: bool) -> None:
    try:
        if left(connection, given, error):
            web_clients.left(connection, receiving=receiving)
    except Exception as exc:
        report("watching a WebSocket", exc)


def _starlette(module: ModuleType, patcher: Patcher) -> None:
    disconnect = module.WebSocketDisconnect

    def received(websocket: Any, message: Any, error: BaseException | None) -> bool:
        if type(message) is not dict or message.get("type") != "websocket.disconnect":
            return False
        return field(websocket, "application_state") is module.WebSocketState.CONNECTED

    def sent(websocket: Any, given: Any, error: BaseException | None) -> bool:
        return isinstance(error, (disconnect, OSError))

    _handler_begins_after(patcher, module.WebSocket, "__init__")
    watch(patcher, module.WebSocket, "receive", received, receiving=True)
    watch(patcher, module.WebSocket, "send", sent, receiving=False)


def _websockets_server(module: ModuleType, patcher: Patcher) -> None:
    _handler_begins_after(patcher, module.ServerConnection, "handshake")


def _websockets(module: ModuleType, patcher: Patcher) -> None:
    closed = module.ConnectionClosed

    def left(connection: Any, given: Any, error: BaseException | None) -> bool:
        if not isinstance(error, closed):
            return False
        received, sent = field(error, "rcvd"), field(error, "sent")
        if received is None:
            return sent is None or field(sent, "code") == NO_PONG
        return sent is None or field(error, "rcvd_then_sent") is True

    watch(patcher, module.Connection, "recv", left, receiving=True)
    watch(patcher, module.Connection, "send", left, receiving=False)


def _handler_begins_after(patcher: Patcher, owner: Any, name: str) -> None:
    """Note that the handler of a connection runs in the context in which `owner`'s `name` is called."""

    def wrapper(wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        answer = wrapped(*args, **kwargs)
        server = field(field(instance, "scope"), "server")
        web_clients.came(instance, items_of(server)[-1] if items_of(server) else None)
        return answer

    patcher.wrap(owner, name, wrapper)


PATCHES = (
    Patch("starlette", ">= 0.27", "starlette.websockets", _starlette),
    Patch("websockets", ">= 13", "websockets.asyncio.server", _websockets_server),
    Patch("websockets", ">= 13", "websockets.asyncio.connection", _websockets),
)
