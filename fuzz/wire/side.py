# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""One of the two processes, `python -m fuzz.wire.side bare` or `observed`, and the family of layers: reads a seed a line, and
tells what came of it."""

from __future__ import annotations

import faulthandler
import json
import os
import sys
from collections.abc import Iterator

from fuzz.cheap_clients import cheap_clients
from fuzz.seen import frozen
from fuzz.wire import HANGS_AFTER
from fuzz.wire.case import perform
from fuzz.wire.server import Server


def main() -> None:
    """Say that it is ready, and perform the cases: a line of JSON for each.

    An empty line asks for what is wrong with all metrics so far. Where a case hangs is told to stderr.
    """
    observed, family = sys.argv[1] == "observed", sys.argv[2]
    # Whatever else is printed belongs to nobody.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    if observed:
        from fuzz.wire.demands import Watch

        watch = Watch()
    else:
        watch = None
    server = Server()
    print("ready", file=out, flush=True)
    with cheap_clients():
        for seed in frozen(_seeds()):
            faulthandler.dump_traceback_later(0.9 * HANGS_AFTER)
            faults: list[str] = []
            seen: list[str] = []
            if seed is None:
                faults = watch.faults_of_metrics() if watch else []
            else:
                seen, requests = perform(seed, server, watch.current if watch else _nothing, family)
                faults = watch.faults(requests) if watch else []
            print(json.dumps({"seen": seen, "faults": faults}), file=out, flush=True)
            faulthandler.cancel_dump_traceback_later()
    assert observed or "lastchunk" not in sys.modules


def _nothing() -> None: ...


def _seeds() -> Iterator[int | None]:
    for line in sys.stdin:
        yield int(line) if line.strip() else None


if __name__ == "__main__":
    main()
