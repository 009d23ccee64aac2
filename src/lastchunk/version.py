# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The version of the distribution, of the tracer and of the meter. The build reads it from here."""

from __future__ import annotations

__version__ = "0.1.0"
