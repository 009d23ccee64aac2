# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Mistral's SDK in each of its ways."""

from __future__ import annotations

from typing import Any

from mistralai.client import Mistral
from mistralai.client.utils.eventstreaming import httpx

from fuzz.wire.asking import Asker, Layers


def _sync(asker: Asker) -> Any:
    http = asker.made(httpx.Client(timeout=asker.timeout))
    return Mistral(api_key="none", server_url=asker.url, client=http, timeout_ms=round(asker.timeout * 1000)).chat


def _async(asker: Asker) -> Any:
    http = asker.made(httpx.AsyncClient(timeout=asker.timeout))
    return Mistral(api_key="none", server_url=asker.url, async_client=http, timeout_ms=round(asker.timeout * 1000)).chat


def _elsewhere(asker: Asker) -> Any:
    http = asker.made(httpx.AsyncClient(timeout=asker.timeout))
    chat = Mistral(api_key="none", async_client=http, timeout_ms=round(asker.timeout * 1000)).chat
    return chat.stream_async(**asker.asked(), server_url=asker.url)


LAYERS: Layers = {
    "mistral": ("openai", lambda a: _async(a).stream_async(**a.asked())),
    "mistral, sync": ("openai", lambda a: _sync(a).stream(**a.asked())),
    "mistral, another server": ("openai", _elsewhere),
}
