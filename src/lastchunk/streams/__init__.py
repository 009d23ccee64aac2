# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Observes one stream, whatever library made it, and decides how it ended."""
