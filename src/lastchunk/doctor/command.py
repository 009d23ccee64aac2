# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The command `lastchunk doctor`, and those below it."""

from __future__ import annotations

import click
from click.core import ParameterSource

from lastchunk.doctor.environment.sheltered import sheltered
from lastchunk.doctor.ladder.command import stream
from lastchunk.doctor.options import Options, report_options
from lastchunk.doctor.silence.serve_command import serve

HELP = """Check what is installed and configured here, and report what would break streams or stop their telemetry.

Run it where the application runs: in its virtual environment, with its environment variables.
"""


@click.group(
    "doctor",
    help=HELP,
    short_help="Check the installation, the settings and the telemetry path.",
    invoke_without_command=True,
)
@click.option("--offline", is_flag=True, help="Skip the checks that need the network.")
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    default=5.0,
    help="The timeout of each network check.",
    show_default=True,
)
@report_options
@click.pass_context
def doctor(context: click.Context, *, offline: bool, timeout: float, options: Options) -> None:
    """The environment, or the command below that was named."""
    if context.invoked_subcommand:
        _must_stand_behind(context)
        return
    with sheltered() as environ:
        from lastchunk.doctor.environment.examine import findings
        from lastchunk.doctor.run import run

        run("lastchunk doctor", findings(environ, offline=offline, timeout=timeout), options, environ=environ)


def _must_stand_behind(context: click.Context) -> None:
    """An option of the group's says nothing to the command below it: better refused than ignored."""
    for parameter in context.command.params:
        if parameter.name and context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE:
            option = parameter.opts[0]
            raise click.UsageError(f"{option} must come after '{context.invoked_subcommand}'.", context)


doctor.add_command(stream)
doctor.add_command(serve)
