# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`make fuzz`: look for differences, and say from which seed each comes. Exit code 1 if there are any."""

from __future__ import annotations

import argparse
import random
import sys

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from fuzz import protocol
from fuzz.wire import differences as wire
from fuzz.wire.families import FAMILIES
from lastchunk import AutoGenStreamsInstrumentor


def main() -> int:
    """Parse the command line, and run."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument(
        "what", nargs="?", choices=["protocol", "wire"], default="protocol", help="default: %(default)s"
    )
    parser.add_argument("--cases", type=int, default=10_000, help="how many random cases (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=None, help="the first seed (default: a random one)")
    parser.add_argument(
        "--family", choices=FAMILIES, default="", help="wire: SDKs that have an environment of their own (noxfile.py)"
    )
    options = parser.parse_args()
    first = random.randrange(10**9) if options.seed is None else options.seed
    print(f"python {sys.version.split()[0]}, seeds {first} to {first + options.cases - 1}", flush=True)
    seeds = range(first, first + options.cases)
    found = wire.differences(seeds, options.family) if options.what == "wire" else _of_the_protocol(seeds)
    for difference in found[:20]:
        print(difference)
    print(f"differences {len(found)} of {options.cases}")
    return 1 if found else 0


def _of_the_protocol(seeds: range) -> list[str]:
    trace.set_tracer_provider(TracerProvider())
    AutoGenStreamsInstrumentor().instrument()
    return protocol.differences(seeds)


if __name__ == "__main__":
    sys.exit(main())
