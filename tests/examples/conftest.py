# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A receiver for what the examples send."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.examples.running import Receiver


@pytest.fixture(name="receiver")
def _receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver
