# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Runs a command of the doctor: shows its findings, and exits with the matching status."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import NoReturn

from lastchunk.doctor.options import Options
from lastchunk.doctor.report.findings import CouldNotRun, Doing, Exit, Findings, Report, defect
from lastchunk.doctor.report.redact import Redactor
from lastchunk.doctor.report.render import ForPeople, Progress, as_json


def run(
    command: str,
    findings: Findings,
    options: Options,
    *,
    urls: Iterable[str] = (),
    environ: Mapping[str, str] | None = None,
) -> NoReturn:
    """Show what `findings` gives, and exit. `urls` are those given by options, whose hosts `--json` hides."""
    redactor = Redactor.of(
        os.environ if environ is None else environ,
        home=str(Path.home()),
        hide_hosts=options.json and not options.show_hosts,
        hosts=(socket.gethostname(),),
        urls=urls,
    )
    report = Report(command)
    people = None if options.json else ForPeople(redactor)
    try:
        _follow(_without_defects(findings), report, people, Progress(redactor))
    except KeyboardInterrupt:
        report.interrupted = True
    except CouldNotRun as reason:
        print(f"{command}: {redactor.text(str(reason))}", file=sys.stderr)
        sys.exit(Exit.COULD_NOT_RUN)
    if people:
        people.end(report)
    else:
        print(as_json(report, redactor, strict=options.strict))
    sys.exit(report.exit(strict=options.strict))


def _without_defects(findings: Findings) -> Findings:
    """The same findings, with a `CouldNotRun` in place of an unexpected exception. Errors of the output pass unchanged."""
    with closing(findings):
        try:
            yield from findings
        except CouldNotRun:
            raise
        except Exception as error:
            raise CouldNotRun(f"{defect(error)}.") from error


def _follow(findings: Findings, report: Report, people: ForPeople | None, progress: Progress) -> None:
    if people:
        people.print_head()
    with progress, closing(findings):
        for found in findings:
            if isinstance(found, Doing):
                progress.doing(found.what)
                continue
            progress.done()
            report.add(found)
            if people:
                people.show(found)
