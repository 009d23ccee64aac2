# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Clients that do not read the certificates of the world: for each client that takes longer than all else that it does."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import certifi


@contextmanager
def cheap_clients() -> Iterator[None]:
    """No client trusts the public authorities, and none calls them. A file that is named from now on is read."""
    load, load_default = ssl.SSLContext.load_verify_locations, ssl.SSLContext.load_default_certs
    of_the_machine = {name: os.environ.get(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR")}
    public = {None, certifi.where(), *of_the_machine.values()}

    def named(context: ssl.SSLContext, cafile: Any = None, capath: Any = None, cadata: Any = None) -> None:
        if cadata or not {cafile, capath} <= public:
            load(context, cafile, capath, cadata)

    def default(context: ssl.SSLContext, *purpose: Any) -> None:
        if any(os.environ.get(name) != value for name, value in of_the_machine.items()):
            load_default(context, *purpose)

    with (
        patch.object(ssl.SSLContext, "load_verify_locations", named),
        patch.object(ssl.SSLContext, "load_default_certs", default),
    ):
        yield
