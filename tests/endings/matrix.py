# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""All rows: every module `rows_*.py` beside this one has some, and registers the sources and ways that they name."""

from __future__ import annotations

import importlib
from pathlib import Path

from tests.endings.table import Row

MODULES = [
    importlib.import_module(f"tests.endings.{path.stem}") for path in sorted(Path(__file__).parent.glob("rows_*.py"))
]
"""The modules of rows; the docstring of each says what they are about."""

ROWS: list[Row] = [row for module in MODULES if not hasattr(module, "NEEDS") for row in module.ROWS]
"""Every row that is performed here, in the order of the modules' names. A module with `NEEDS` has an environment of its own."""

ALL_ROWS: list[Row] = [row for module in MODULES for row in module.ROWS]
"""Those, too."""
