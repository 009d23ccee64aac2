# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Checks that the modules which a command needs are installed, and names the extra that installs them."""

from __future__ import annotations

import sys
from importlib.util import find_spec


def require(command: str, *modules: str, extra: str) -> None:
    """Exit with 2 and one sentence if one of ``modules``, which ``extra`` brings, is not installed."""
    for module in modules:
        if not _installed(module):
            install = f"pip install 'lastchunk-instrumentation-autogen[{extra}]'"
            print(f"{command} needs {module}, which is not installed: {install}", file=sys.stderr)
            sys.exit(2)


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # a parent package of it is missing
        return False
