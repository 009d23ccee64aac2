# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A receiver for what the examples send."""

from __future__ import annotations

from tests.examples.running import _receiver

__all__ = ["_receiver"]
