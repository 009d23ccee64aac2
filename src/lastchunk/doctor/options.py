# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The options that all commands of the doctor share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click


@dataclass(frozen=True, slots=True)
class Options:
    """How a report is given."""

    json: bool = False
    """One JSON document, alone on stdout."""
    show_hosts: bool = False
    """With `json`: host names are not hidden."""
    strict: bool = False
    """A warning counts as a problem."""


def report_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--json`, `--show-hosts` and `--strict`, which come to it as one `options`."""

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout, without host names.")
    @click.option("--show-hosts", is_flag=True, help="Keep host names in the JSON document.")
    @click.option("--strict", is_flag=True, help="Exit with status 1 for a warning, too.")
    @wraps(command)
    def with_options(*args: Any, as_json: bool, show_hosts: bool, strict: bool, **kwargs: Any) -> Any:
        return command(*args, options=Options(as_json, show_hosts, strict), **kwargs)

    return with_options
