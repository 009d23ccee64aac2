# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The last scene of the tour: reads the silently cut streams again, each through `guard`, without telemetry.

python last_scene.py endpoints.json told.jsonl application.log
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path

from lastchunk import guard
from lastchunk.demo.application import Application, broken_weather, weather


async def play(application: Application) -> None:
    """One after the other."""
    await application.ask("silent_gateway")
    await application.ask_team("review_board")
    await application.call_sdk("sdk_cut")
    await application.ask_successor("successor")
    await application.ask("no_stream")
    await application.ask("broken_tool", tool=broken_weather)
    await application.ask("garbled_call", tool=weather)
    await application.ask("long_answer")
    await application.ask("filtered")


def main() -> None:
    """Run until every stream has ended."""
    endpoints, told, log = sys.argv[1:]
    logging.basicConfig(filename=log, level=logging.WARNING)
    logging.captureWarnings(True)
    try:
        asyncio.run(play(Application(json.loads(Path(endpoints).read_text()), Path(told), guard, "guarded")))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
