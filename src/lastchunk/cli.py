# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The command ``lastchunk``. Without the extra ``cli`` it prints one line that says so, and exits with status 2."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lastchunk import stopped
from lastchunk.extras import require
from lastchunk.version import __version__

if TYPE_CHECKING:
    import click

HELP = """Every stream a span, every ending a reason, every cutoff an alert.

To instrument an application, you do not need this command:

\b
    opentelemetry-instrument --traces_exporter lastchunk_console python app.py
"""
NOT_RUN = 2
"""The exit status of every command that could not do what it was asked to: 1 is for a problem that a command has found."""


def main(args: Sequence[str] | None = None) -> None:
    """Run the command with ``args``, else with those of the process, and exit with its status."""
    with stopped.stoppable():
        sys.exit(_status(args))


def _status(args: Sequence[str] | None) -> int:
    require("lastchunk", "click", "rich", extra="cli")
    import click

    try:
        status = int(_command().main(args, prog_name="lastchunk", standalone_mode=False) or 0)
        print(end="", flush=True)
    except click.ClickException as error:
        error.show()
        status = NOT_RUN
    except ImportError as error:
        # A package that the command needs is there, and does not fit the others.
        print(
            f"lastchunk: {error}. `lastchunk doctor` says which packages do not fit, and what to install.",
            file=sys.stderr,
        )
        status = NOT_RUN
    except (click.Abort, KeyboardInterrupt):
        print("Interrupted.", file=sys.stderr)
        status = stopped.status()
    except OSError as error:
        what = error.filename or "the output cannot be written"
        print(f"lastchunk: {what}: {error.strerror or error}.", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else the interpreter tries again at its end
        status = NOT_RUN
    return status


def _command() -> click.Group:
    import click

    from lastchunk.demo.command import demo
    from lastchunk.doctor.command import doctor
    from lastchunk.explain import explain
    from lastchunk.monitoring.command import init

    group = click.Group("lastchunk", help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
    group.add_command(doctor)
    group.add_command(explain)
    group.add_command(init)
    group.add_command(demo)
    click.version_option(__version__, message="%(prog)s %(version)s")(group)
    return group
