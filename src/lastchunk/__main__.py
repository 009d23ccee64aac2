# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""``python -m lastchunk``, for where the command is not on the path."""

from __future__ import annotations

from lastchunk.cli import main

main()
