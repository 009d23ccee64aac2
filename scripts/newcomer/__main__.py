# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Does what a new user does, in fresh environments, unpinned, with the newest of everything. ``make newcomer`` runs it.

Lastchunk is installed in each documented order, and an application of AutoGen runs under ``opentelemetry-instrument`` against an
OTLP receiver on this machine. An order works if pip finds no conflict, the doctor finds no problem, and the telemetry of the
application's stream arrives. Then web servers are asked to stop, telemetry is sent where nobody takes it, packages are broken and
mended, and the commands are looked at on a narrow terminal. What does not work is printed whole, and the exit code is 1.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from scripts.newcomer import agent_framework
from scripts.newcomer.endpoints import endpoints, try_endpoint
from scripts.newcomer.fresh import APPLICATION, SCRIPTS, SENT, Failed, make, receiver, run
from scripts.newcomer.packages import BREAKAGES, try_breakage
from scripts.newcomer.servers import PACKAGES, SERVERS, try_server
from scripts.newcomer.terminal import try_terminal

AUTOGEN = ("autogen-agentchat", "autogen-ext[openai]")
_SHOWN = ("autogen", "openai=", "opentelemetry-sdk", "protobuf", "googleapis")
_COMMANDS = (("doctor", "--offline"), ("explain",), ("explain", "idle_timeout"))

Try = Callable[[], str]
"""Gives a line about what works, or raises `Failed`."""


def try_order(folder: Path, steps: Sequence[Sequence[str]]) -> str:
    """Install step after step into a new environment, and run an application there; what was installed, and how long it took."""
    began = time.monotonic()
    binaries = make(folder, steps)
    seconds = time.monotonic() - began
    run(binaries / "python", "-m", "pip", "check")
    run(binaries / "lastchunk", "doctor", "--offline")
    with receiver() as receives:
        said = run(binaries / "opentelemetry-instrument", binaries / "python", APPLICATION, **receives.settings)
        if "application: received 2 messages" not in said:
            raise Failed(f"{said}\nthe application did not do its work")
        if missing := receives.missing(*SENT):
            raise Failed(f"{said}\n{', '.join(missing)} did not arrive at the receiver")
    found = run(binaries / "python", "-m", "pip", "list", "--format=freeze").splitlines()
    return f"installed in {seconds:.0f} s, it works: {', '.join(line for line in found if line.startswith(_SHOWN))}"


def orders(folder: Path, wheel: Path) -> Iterator[tuple[str, Try]]:
    """Each documented way to install, with its name."""
    ours = f"{wheel}[cli,otlp]"
    steps = {
        "first": ("Lastchunk, then AutoGen, then a web server", ((ours,), AUTOGEN, PACKAGES)),
        "second": ("AutoGen, then Lastchunk", (AUTOGEN, (ours,))),
        "third": ("both in one command", ((*AUTOGEN, ours),)),
    }
    for name, (title, listed) in steps.items():
        yield title, partial(try_order, folder / name, listed)
    yield "the page of the first alert", partial(try_page, folder / "page", wheel)
    yield "the page of Agent Framework", partial(agent_framework.try_page, folder / "successor", wheel)


def try_page(folder: Path, wheel: Path) -> str:
    """Install what `docs/first-alert.md` installs, and write its rules; how long `pip install` took."""
    page = (SCRIPTS.parent / "docs" / "first-alert.md").read_text("utf-8")
    named = re.findall(r'\$ pip install "lastchunk-instrumentation-autogen(\[.+?\])" (.+)', page)
    if len(named) != 1:
        raise Failed("docs/first-alert.md has no single `pip install` that this script understands")
    began = time.monotonic()
    binaries = make(folder, [(f"{wheel}{named[0][0]}", *named[0][1].split())])
    seconds = time.monotonic() - began
    run(binaries / "python", "-m", "pip", "check")
    run(binaries / "lastchunk", "init", folder / "watch")
    return f"installed in {seconds:.0f} s, and the rules are written"


def try_printing(binaries: Path) -> str:
    """Print streams with the command of the README's first console line that does so."""
    readme = (SCRIPTS.parent / "README.md").read_text("utf-8")
    found = re.search(r"^\$ opentelemetry-instrument (.+ lastchunk_console .+) python app\.py$", readme, re.MULTILINE)
    if found is None:
        raise Failed("README.md has no command that prints streams")
    said = run(binaries / "opentelemetry-instrument", *found[1].split(), binaries / "python", APPLICATION)
    if not re.search(r"invoke_agent smoke_agent .* completed", said):
        raise Failed(f"{said}\nno line says how the stream ended")
    return "a line says how the stream ended"


def uses(folder: Path) -> Iterator[tuple[str, Try]]:
    """What is done in environments that work; those that break one come last, and have it to themselves."""
    web, broken = folder / "first" / "bin", folder / "second" / "bin"
    yield "printed in the terminal", partial(try_printing, web)
    for server in SERVERS:
        yield "stopped", partial(try_server, web, server)
    for server in agent_framework.servers(folder / "successor"):
        yield "stopped", partial(try_server, folder / "successor" / "bin", server)
    for endpoint in endpoints():
        yield "sent to nobody", partial(try_endpoint, web, endpoint)
    for command in _COMMANDS:
        yield "a narrow terminal", partial(try_terminal, web, *command)
    yield "broken and mended", lambda: "\n  ".join(try_breakage(broken, one, folder) for one in BREAKAGES)


def _all_work(listed: Iterator[tuple[str, Try]]) -> bool:
    """Try them, two at a time, and print a line about each."""
    work = True
    named = list(listed)
    with ThreadPoolExecutor(2) as pool:
        for (name, _), (said, works) in zip(named, pool.map(_tried, (one for _, one in named)), strict=True):
            print(f"newcomer: {name}: {said}" if works else f"{said}\nnewcomer: {name}: does not work", flush=True)
            work = work and works
    return work


def _tried(one: Try) -> tuple[str, bool]:
    try:
        return one(), True
    except Failed as failure:
        return str(failure), False


def main() -> int:
    """Try everything; the exit code."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, SCRIPTS.parent)
        (wheel,) = folder.glob("*.whl")
        works = _all_work(orders(folder, wheel)) and _all_work(uses(folder))
    print(f"newcomer: everything in {time.monotonic() - began:.0f} s")
    return 0 if works else 1


if __name__ == "__main__":
    sys.exit(main())
