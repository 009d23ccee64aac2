# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The command `lastchunk doctor serve`."""

from __future__ import annotations

import asyncio
import sys
import time

import click

from lastchunk import stopped

HELP = """Serve chat completions that pause in mid-stream, to find what cuts silent streams.

Put it behind your proxy or load balancer, in place of the model, and run `doctor stream --idle` on the other side:

\b
    lastchunk doctor serve --port 8765
    lastchunk doctor stream --idle 300 --base-url https://YOUR-PROXY/v1

It answers everybody who connects, so it listens on this machine only, unless you set --host. Ctrl-C stops it.
"""


@click.command("serve", help=HELP, short_help="Run a model server that pauses for as long as a request asks.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help=("The port; 0 for any free port.")
)
def serve(*, host: str, port: int) -> None:
    """Listen until Ctrl-C, and print how each request ended."""
    from lastchunk.doctor.silence.serve import serve as serving

    def say(text: str) -> None:
        print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)

    def listening(port: int) -> None:
        print(f"lastchunk doctor serve: listening on http://{host}:{port}/v1 (Ctrl-C stops it)", flush=True)

    try:
        asyncio.run(serving(host, port, say, listening=listening))
    except KeyboardInterrupt:
        sys.exit(stopped.status())
    except OSError as error:
        print(
            f"lastchunk doctor serve: cannot listen on {host}:{port} ({error.strerror}): choose another --host or --port.",
            file=sys.stderr,
        )
        sys.exit(2)
