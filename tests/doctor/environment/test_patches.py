# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Which patches apply: tried on what is really installed, and on modules that are made up."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest
from packaging.version import Version

from lastchunk.doctor.environment import patches
from lastchunk.doctor.environment.distributions import Installed, installed
from lastchunk.doctor.environment.trial import Result, Trial, attempt
from lastchunk.doctor.report.findings import Status
from lastchunk.installation import patcher_of
from lastchunk.patches import PATCHES
from lastchunk.patches.support.patching import Patch, Patcher
from lastchunk.settings import Settings

HERE = {"openai": Installed("openai", "3.54.0")}


def trial(result: Result, said: str = "", supported: str = ">= 1.66, < 4") -> Trial:
    return Trial("openai", supported, "openai.resources.chat", result, said)


@pytest.mark.timeout(120)
def test_every_patch_applies_to_what_the_tests_use():
    """The patches are tried in a separate process, so this one is not patched."""
    found = patches.trials()

    assert isinstance(found, list)
    assert [(one.library, one.module) for one in found] == [(patch.library, patch.module) for patch in PATCHES]
    results = {one.library: {each.result for each in found if each.library == one.library} for one in found}
    elsewhere = ["autogen", "ag2", "mistralai", "google-genai"]
    if Version(version("opentelemetry-api")) < Version("1.39"):  # what Agent Framework needs
        elsewhere.append("agent-framework-core")
    for library in elsewhere:
        assert results.pop(library) == {Result.NOT_INSTALLED}
    assert results.pop("autogen-ext") <= {Result.NEEDS_MORE, Result.APPLIED}
    assert set(map(frozenset, results.values())) == {frozenset({Result.APPLIED})}
    checks = list(patches.checks(found, installed()))
    assert {check.status for check in checks} <= {Status.OK, Status.SKIPPED}
    assert "patches.openai" in [check.id for check in checks if check.status is Status.OK]


@pytest.mark.parametrize(
    ("trials", "status", "says"),
    [
        ([trial(Result.APPLIED), trial(Result.APPLIED)], Status.OK, "openai 3.54.0: every patch applies."),
        ([trial(Result.NOT_INSTALLED)], Status.SKIPPED, "openai.resources.chat is not installed"),
        (
            [trial(Result.APPLIED), trial(Result.UNFIT, "AsyncCompletions has no create")],
            Status.WARNING,
            "openai 3.54.0: 1 of 2 patches apply; the patch of openai.resources.chat is skipped: AsyncCompletions has no create",
        ),
        ([trial(Result.BROKEN, "ValueError")], Status.WARNING, "cannot be imported: ValueError"),
        ([trial(Result.NEEDS_MORE, "mcp")], Status.SKIPPED, "needs mcp, which is not installed"),
        ([trial(Result.APPLIED), trial(Result.NO_MODULE)], Status.OK, "this version has no openai.resources.chat"),
        ([trial(Result.APPLIED, supported=">= 4")], Status.WARNING, "they were made for other versions (4 or newer)"),
        ([trial(Result.APPLIED, supported="AutoGen 0.2, AG2 < 1")], Status.OK, "every patch applies"),
    ],
)
def test_what_is_said_of_a_library(trials: list[Trial], status: Status, says: str):
    (check,) = patches.checks(trials, HERE)

    assert (check.id, check.status) == ("patches.openai", status)
    assert says in check.evidence
    assert bool(check.remedy) is (status is Status.WARNING)


def test_a_library_that_is_not_installed_is_named():
    (check,) = patches.checks([trial(Result.NOT_INSTALLED)], {})
    assert check.evidence == "openai is not installed: there is nothing to patch."


def test_whoever_owns_the_classic_package_is_named():
    everything = {"ag2": Installed("ag2", "0.14.0", frozenset({"autogen"}))}
    (check,) = patches.checks(
        [Trial("autogen", "AutoGen 0.2, AG2 < 1", "autogen.oai.client", Result.APPLIED)], everything
    )

    assert check.evidence == "ag2 0.14.0: every patch applies."


def test_a_trial_that_fails_is_no_traceback():
    found = patches.trials([sys.executable, "-c", "raise SystemExit('no memory')"])

    (check,) = patches.checks(found, HERE)
    assert (check.id, check.status) == ("patches", Status.PROBLEM)
    assert "no memory" in check.evidence


def test_a_trial_that_hangs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(patches, "PATIENCE", 0.2)

    assert "still running" in str(patches.trials([sys.executable, "-c", "import time; time.sleep(30)"]))


def test_what_a_library_prints_is_no_trial():
    script = (
        """print('hello'); print('{"library": "a", "supported": "", "module": "m", "result": "applied", "said": ""}')"""
    )

    assert patches.trials([sys.executable, "-c", script]) == [Trial("a", "", "m", Result.APPLIED)]


@pytest.mark.parametrize(
    ("module", "text", "result", "said"),
    [
        ("made_up_library.fine", "def create(): ...", Result.APPLIED, ""),
        ("made_up_library.unfit", "", Result.UNFIT, "made_up_library.unfit has no create"),
        ("made_up_library.gone", None, Result.NO_MODULE, ""),
        ("made_up_library.needs", "import no_such_package_at_all", Result.NEEDS_MORE, "no_such_package_at_all"),
        ("made_up_library.broken", "1 / 0", Result.BROKEN, "ZeroDivisionError"),
        ("no_such_library.module", None, Result.NOT_INSTALLED, ""),
    ],
)
def test_a_trial(
    module: str, text: str | None, result: Result, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    package = tmp_path / "made_up_library"
    package.mkdir()
    (package / "__init__.py").touch()
    if text is not None:
        (package / f"{module.partition('.')[2]}.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "made_up_library", raising=False)

    def apply(found: ModuleType, patcher: Patcher) -> None:
        patcher.wrap(found, "create", lambda wrapped, instance, args, kwargs: wrapped(*args, **kwargs))

    tried = attempt(Patch("made-up", "1", module, apply), patcher_of(Settings(), {}))
    for name in [name for name in sys.modules if name.startswith("made_up_library")]:
        del sys.modules[name]

    assert (tried.result, tried.said) == (result, said)
