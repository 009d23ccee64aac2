# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The command `lastchunk doctor stream`: its options, and which of them cannot be combined."""

from __future__ import annotations

from importlib.util import find_spec

import click

from lastchunk.doctor.environment.sheltered import sheltered
from lastchunk.doctor.options import Options, report_options
from lastchunk.url_option import url

HELP = """Send the same request through every layer, and name the layer that breaks the stream.

The rungs are: 1 the SDK without streaming, 2 the SDK's stream, 3 create_stream, 4 agent.run_stream, 5 team.run_stream (in
Agent Framework: 3 get_response, 4 agent.run, 5 workflow.run). The API key is read from the environment only.

\b
    lastchunk doctor stream --client openai --model gpt-4o-mini --repeat 5
    lastchunk doctor stream --target my_app.agents:build_team
"""
_CLIENTS = ("openai", "azure", "anthropic", "ollama")
_OTHER_PROTOCOLS = ("anthropic", "ollama")
_MODEL_OF_SERVE = "lastchunk"
_FRAMEWORKS = ("autogen_core", "agent_framework")
_NEEDS = {
    _FRAMEWORKS: "run the command where the application runs, in its virtual environment.",
    ("opentelemetry.sdk",): "pip install 'lastchunk-instrumentation-autogen[cli,otlp]'",
}


@click.command("stream", help=HELP, short_help="Find the layer that breaks a stream, or the silence that is cut.")
@click.option("--client", type=click.Choice(_CLIENTS), help="Use one of AutoGen's model clients: rungs 1 to 3.")
@click.option(
    "--target",
    metavar="PACKAGE.MODULE:FACTORY",
    help="Your own client, agent, team or workflow, or a callable that creates it.",
)
@click.option("--model", help="The model, for --client (on Azure: the deployment).")
@click.option("--base-url", type=url("http://localhost:8000/v1"), metavar="URL", help="The endpoint, for --client.")
@click.option("--prompt", help="The prompt to send. The default asks for a long answer.")
@click.option("--repeat", type=click.IntRange(1, 100), default=1, show_default=True, help="How often to run each rung.")
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    default=60.0,
    show_default=True,
    help="How long to wait for an answer to begin.",
)
@click.option("--allow-tools", is_flag=True, help="Run the target's tools for real, with all their effects.")
@click.option(
    "--idle",
    type=click.FloatRange(5, 3600),
    metavar="SECONDS",
    help="Do not climb the rungs: find which silence is cut on the way to `lastchunk doctor serve`, up to this long.",
)
@report_options
def stream(
    *,
    client: str | None,
    target: str | None,
    model: str | None,
    base_url: str | None,
    prompt: str | None,
    repeat: int,
    timeout: float,
    allow_tools: bool,
    idle: float | None,
    options: Options,
) -> None:
    """Check the options, and run."""
    if (client is None) == (target is None):
        if not (idle is not None and target is None):
            raise click.UsageError("Give either --client or --target.")
        client = "openai"
    if target is not None and (model or base_url):
        raise click.UsageError("--model and --base-url go with --client: a --target has its own.")
    if idle is not None:
        if target is None and base_url is None:
            raise click.UsageError(
                "--idle needs --base-url: the address of your proxy in front of `lastchunk doctor serve`."
            )
        if client in _OTHER_PROTOCOLS:
            raise click.UsageError(
                f"--idle cannot use --client {client}: `lastchunk doctor serve` speaks OpenAI's protocol. Use --client openai."
            )
        model = model or _MODEL_OF_SERVE
    elif client is not None and not model:
        raise click.UsageError(f"--client {client} needs --model.")
    for modules, how in _NEEDS.items():
        wanted = modules if target is not None else modules[:1]
        if not any(find_spec(module) for module in wanted):
            raise click.ClickException(
                f"`lastchunk doctor stream` needs {' or '.join(wanted)}, which is not installed here: {how}"
            )
    with sheltered() as environ:
        from lastchunk.doctor.ladder.clients import Given
        from lastchunk.doctor.ladder.examine import PROMPT, Chosen, findings
        from lastchunk.doctor.run import run
        from lastchunk.doctor.silence.examine import findings as idle_findings

        chosen = Chosen(
            given=Given(client, model or "", base_url) if client is not None else None,
            target=target,
            prompt=prompt or PROMPT,
            repeat=repeat,
            allow_tools=allow_tools,
            timeout=timeout,
        )
        found = findings(chosen, environ) if idle is None else idle_findings(chosen, idle, environ)
        run("lastchunk doctor stream", found, options, urls=[base_url] if base_url else (), environ=environ)
