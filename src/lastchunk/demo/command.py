# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The command `lastchunk demo`, and `lastchunk demo run` below it."""

from __future__ import annotations

import sys

import click

from lastchunk.extras import require
from lastchunk.model_server.scripts import SCRIPTS

HELP = "Watch real AutoGen streams break, and see what Lastchunk says about each."
RUN_HELP = """Run COMMAND with a model server on this machine. You need neither an API key nor the network:

\b
    lastchunk demo run --ending silent_cut opentelemetry-instrument python app.py

The server answers as a model would, and its streams end as --ending says. It speaks the protocols of OpenAI, Anthropic and
Ollama. COMMAND finds it through the variables that their SDKs read, such as OPENAI_BASE_URL. Each stream that ends is printed,
unless OTEL_TRACES_EXPORTER is set.
"""
NEEDS = ("autogen_agentchat", "autogen_ext", "llmock", "openai", "opentelemetry.distro", "rich")


@click.group("demo", invoke_without_command=True, help=HELP, short_help="Watch real AutoGen streams break.")
@click.pass_context
def demo(context: click.Context) -> None:
    """Without a command below it: the tour."""
    if context.invoked_subcommand is not None:
        return
    require("lastchunk demo", *NEEDS, extra="demo")
    from lastchunk.demo.run import main as tour

    sys.exit(tour())


@demo.command(
    "run",
    help=RUN_HELP,
    short_help="Run a command with a model server that breaks streams.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.option(
    "--ending",
    type=click.Choice(sorted(SCRIPTS)),
    default="assistant",
    metavar="NAME",
    show_default=True,
    help="How each stream ends. A wrong name lists all names.",
)
@click.option(
    "--wait",
    type=click.FloatRange(0),
    metavar="SECONDS",
    default=1.0,
    show_default=True,
    help="How long the silence lasts, in endings that have one.",
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(ending: str, wait: float, command: tuple[str, ...]) -> None:
    """Run the command to its end, and exit with its status."""
    from lastchunk.demo.beside import run as run_beside

    try:
        sys.exit(run_beside(command, ending=ending, wait=wait))
    except FileNotFoundError:
        raise click.UsageError(
            f"{command[0]} was not found: activate the virtual environment in which it is installed."
        ) from None
    except OSError as error:
        raise click.UsageError(
            f"{command[0]} cannot be run ({error.strerror}): give the name of a program, and then its arguments."
        ) from None
