# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Google's SDK in each of its ways: async over aiohttp or httpx, sync, and through its chats."""

from __future__ import annotations

from typing import Any

import httpx2
from google.genai import Client
from google.genai.types import HttpOptions

from fuzz.wire.answers import SENTINEL
from fuzz.wire.asking import Asker, Layers
from fuzz.wire.values import contents


def _client(asker: Asker, **http: Any) -> Client:
    options = HttpOptions(base_url=asker.url, timeout=round(asker.timeout * 1000), **http)
    return Client(api_key="none", http_options=options)


def _sync(asker: Asker) -> Client:
    return asker.made(_client(asker))


def _async(asker: Asker) -> Any:
    return asker.made(_client(asker).aio)


def _httpx(asker: Asker) -> Any:
    http = asker.made(httpx2.AsyncClient(timeout=asker.timeout))
    return asker.made(_client(asker, httpx_async_client=http).aio)


def _asked(asker: Asker) -> dict[str, Any]:
    return {"model": asker.model(), "contents": contents(asker.random)}


LAYERS: Layers = {
    "google": ("gemini", lambda a: _async(a).models.generate_content_stream(**_asked(a))),
    "google, httpx": ("gemini", lambda a: _httpx(a).models.generate_content_stream(**_asked(a))),
    "google, sync": ("gemini", lambda a: _sync(a).models.generate_content_stream(**_asked(a))),
    "google, chat": ("gemini", lambda a: _httpx(a).chats.create(model=a.model()).send_message_stream(SENTINEL)),
    "google, sync, chat": ("gemini", lambda a: _sync(a).chats.create(model=a.model()).send_message_stream(SENTINEL)),
}
