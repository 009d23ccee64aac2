# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""A package that is not installed is reported as missing."""

from __future__ import annotations

import pytest

from lastchunk.extras import require


def test_what_is_installed_is_not_asked_for() -> None:
    require("lastchunk", "json", "importlib.metadata", extra="cli")


def test_a_missing_parent_package_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    """``find_spec`` raises for a module of a package that is not there."""
    with pytest.raises(SystemExit) as exit:
        require("lastchunk x", "no_such_package.module", extra="x")
    assert exit.value.code == 2
    assert capsys.readouterr().err.startswith("lastchunk x needs no_such_package.module, which is not installed: ")
