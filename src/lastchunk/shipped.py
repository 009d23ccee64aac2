# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Finds the files that come with the package: runbook, settings, provisioning, Collector configurations.

They have one source, in the folders beside `src/`; a wheel carries copies of them in `lastchunk/shipped/`.
"""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

_INSTALLED = files("lastchunk") / "shipped"
_TREE = Path(__file__).parents[2]


def shipped(path: str) -> Traversable:
    """A file or folder by its path in the project, such as `grafana/runbook.md`."""
    return (_INSTALLED if _INSTALLED.is_dir() else _TREE) / path
