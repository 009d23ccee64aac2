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

NAME = "lastchunk"
_COMPLETE = "_LASTCHUNK_COMPLETE"
"""The variable by which a shell asks for completions."""
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
    try:
        return _ran(sys.argv[1:] if args is None else list(args))
    except BrokenPipeError:
        # Who reads the output has read enough, as in `lastchunk explain | head`.
        _discard_output()
        return 0


def _ran(args: list[str]) -> int:
    require("lastchunk", "click", "rich", extra="cli")
    import click
    from click.shell_completion import shell_complete

    group = _command()
    try:
        if asked := os.environ.get(_COMPLETE):
            return shell_complete(group, {}, NAME, _COMPLETE, asked)
        try:
            # Not `group.main`, which makes exit status 1 of a closed pipe.
            with group.make_context(NAME, args) as context:
                status = int(group.invoke(context) or 0)
        finally:
            print(end="", flush=True)
    except click.exceptions.Exit as ended:
        status = ended.exit_code
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
    except BrokenPipeError:
        raise
    except OSError as error:
        what = error.filename or "the output cannot be written"
        print(f"lastchunk: {what}: {error.strerror or error}.", file=sys.stderr)
        _discard_output()
        status = NOT_RUN
    return status


def _discard_output() -> None:
    """What is still buffered cannot be written. Without this, the interpreter would try again at its end, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _command() -> click.Group:
    import click

    from lastchunk.demo.command import demo
    from lastchunk.doctor.command import doctor
    from lastchunk.explain import explain
    from lastchunk.monitoring.command import init

    group = click.Group(NAME, help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
    group.add_command(doctor)
    group.add_command(explain)
    group.add_command(init)
    group.add_command(demo)
    click.version_option(__version__, message="%(prog)s %(version)s")(group)
    return group
