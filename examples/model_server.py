# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Runs a command beside a model server on this machine, so that an example needs neither a key nor the network:

    python examples/model_server.py opentelemetry-instrument python examples/agent_with_tools.py
    python examples/model_server.py --ending silent_cut opentelemetry-instrument python examples/bare_sdk.py

The server speaks OpenAI's, Anthropic's and Ollama's protocols, and the command finds it by the variables that their SDKs
read. With a key of your own leave these two words out of the command: the examples then ask the provider. `--ending` is
any name in `lastchunk.model_server.scripts`; `--wait` the seconds of silence in those endings that have one.

Unless the environment says where telemetry goes, the command prints the streams that ended: every five seconds, and when it
ends.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from lastchunk.model_server.scripts import SCRIPTS
from lastchunk.model_server.server import ModelServer

ANSWER = "Lisbon is sunny today, so take the tram up to the castle and stay there for the sunset over the river."
PRINTED = {
    "OTEL_TRACES_EXPORTER": "lastchunk_console",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
}


def main() -> int:
    """Run the command to its end; its exit code."""
    parser = argparse.ArgumentParser(description="Run a command beside a model server on this machine.")
    parser.add_argument("--ending", default="assistant", choices=SCRIPTS, metavar="NAME", help="how streams end")
    parser.add_argument("--wait", type=float, default=1.0, help="seconds of silence in some endings")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="what to run")
    given = parser.parse_args()
    if not given.command:
        parser.error("a command is missing, such as: opentelemetry-instrument python examples/bare_sdk.py")
    with ModelServer() as server:
        speech = {"text": ANSWER, "gap": 0.03, "wait": given.wait}
        told = {
            "OPENAI_BASE_URL": server.url(given.ending, **speech),
            "OPENAI_API_KEY": "none",
            "ANTHROPIC_BASE_URL": server.url(given.ending, dialect="anthropic", **speech),
            "ANTHROPIC_API_KEY": "none",
            "OLLAMA_HOST": server.url(given.ending, dialect="ollama", **speech),
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }
        try:
            with subprocess.Popen(given.command, env=PRINTED | os.environ | told) as command:
                try:
                    return command.wait()
                except KeyboardInterrupt:  # the terminal has told the command, too
                    return command.wait()
        except FileNotFoundError:
            parser.error(f"{given.command[0]} was not found; is the environment active in which it is installed?")


if __name__ == "__main__":
    sys.exit(main())
