# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The mix-ups of AutoGen, AG2 and the SDKs that people have, each as its metadata shows it."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest

from lastchunk.doctor.environment import packages
from lastchunk.doctor.environment.distributions import Everything, Folder, Installed, folder, installed
from lastchunk.doctor.environment.misfits import MISFITS
from lastchunk.doctor.environment.versions import in_words
from lastchunk.doctor.report.findings import Check, Status

NOXFILE = (Path(__file__).parents[3] / "noxfile.py").read_text()
WHOLE, EMPTY, GONE = Folder("/site/autogen"), Folder("/site/autogen", is_namespace=True), Folder()


def having(*lines: str, owners: tuple[str, ...] = (), requires: tuple[str, ...] = ()) -> Everything:
    """Distributions, each as `name version`; those in `owners` bring a package `autogen`."""
    everything: dict[str, Installed] = {}
    for line in lines:
        name, version = line.split()
        brings = frozenset({"autogen"} if name in owners else {name.replace("-", "_")} if version > "0.4" else ())
        everything[name] = Installed(name, version, brings, requires if name == "autogen-ext" else ())
    return everything


def test_nothing_to_instrument():
    check = packages.present(having("requests 2.0"))

    assert check.status is Status.WARNING
    assert "where the application runs" in check.remedy


def test_what_is_there_is_named():
    assert (
        packages.present(having("openai 3.54.0", "autogen-core 0.7.5")).evidence == "autogen-core 0.7.5, openai 3.54.0"
    )


@pytest.mark.parametrize(
    ("everything", "autogen", "status", "says"),
    [
        (having("autogen-agentchat 0.7.5"), GONE, Status.OK, "No package autogen"),
        (having("pyautogen 0.10.0"), GONE, Status.OK, "No package autogen"),
        (having("ag2 1.2.1"), GONE, Status.OK, "No package autogen"),
        (having("ag2 0.14.0", owners=("ag2",)), WHOLE, Status.OK, "ag2 0.14.0 owns the package autogen"),
        (
            having("autogen-agentchat 0.2.40", "ag2 0.14.0", owners=("autogen-agentchat", "ag2")),
            WHOLE,
            Status.PROBLEM,
            "autogen-agentchat 0.2.40 and ag2 0.14.0 both own",
        ),
        (
            having("autogen-agentchat 0.2.40", owners=("autogen-agentchat",)),
            EMPTY,
            Status.PROBLEM,
            "its files are missing: `import autogen` gives an empty namespace package",
        ),
        (having("ag2 0.14.0", owners=("ag2",)), GONE, Status.PROBLEM, "ModuleNotFoundError"),
        (
            having("autogen-core 0.7.5"),
            EMPTY,
            Status.PROBLEM,
            "empty namespace package, which an uninstall left behind",
        ),
        (having(), WHOLE, Status.WARNING, "no distribution owns it"),
    ],
)
def test_who_owns_autogen(everything: Everything, autogen: Folder, status: Status, says: str):
    check = packages.owner(everything, autogen)

    assert check.status is status
    assert says in check.evidence
    assert bool(check.remedy) is (status is not Status.OK)
    assert check.runbook == ("" if status is Status.OK else "#cause-package_mismatch")


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (("autogen-core 0.7.5", "autogen-agentchat 0.7.5", "autogen-ext 0.7.5"), Status.OK),
        (("autogen-core 0.7.5",), Status.OK),
        (("autogen-core 0.7.5", "autogen-agentchat 0.7.4"), Status.PROBLEM),
        (("autogen-core 0.7.5", "autogen-agentchat 0.2.40"), Status.PROBLEM),
        (("openai 3.54.0",), Status.SKIPPED),
        (("autogen-agentchat 0.2.40",), Status.SKIPPED),
    ],
)
def test_parts_of_autogen_in_step(lines: tuple[str, ...], status: Status):
    check = packages.in_step(having(*lines))

    assert check.status is status
    if status is Status.PROBLEM:
        assert "'autogen-agentchat==0.7.5'" in check.remedy


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (("autogen-ext 0.7.5", "openai 3.54.0"), Status.OK),
        (("autogen-ext 0.7.5",), Status.OK),
        (("autogen-ext 0.7.5", "openai 1.66.5"), Status.WARNING),
        (("autogen-ext 0.7.5", "autogen-core 0.6.4"), Status.PROBLEM),
        (("autogen-ext 0.7.5", "autogen-core 0.6.4", "openai 1.66.5"), Status.PROBLEM),
        (("autogen-ext 0.7.5", "redis 1.0"), Status.OK),
        (("autogen-ext 0.7.5", "ollama 0.1"), Status.OK),
    ],
)
def test_what_a_package_declares(lines: tuple[str, ...], status: Status):
    requires = (
        "autogen-core==0.7.5",
        "openai>=1.93; extra == 'openai'",
        "openai>=1.93; extra == 'all'",
        "redis>=5; extra == 'redis'",
        "ollama>=0.4; python_version < '3'",
    )
    check = packages.requirements(having(*lines, requires=requires))

    assert check.status is status
    if status is not Status.OK:
        name, version = lines[1].split()
        assert check.evidence.count(f"autogen-ext 0.7.5 needs {name}") == 1
        assert f"{name} {version} is installed" in check.evidence
        assert "==" not in check.evidence
        assert ">=" not in check.evidence
        assert check.remedy.startswith(f"Install compatible versions: pip install '{name}{FITS[name]}'")


FITS = {"autogen-core": "==0.7.5", "openai": ">=1.93"}


@pytest.mark.parametrize(
    ("needs", "installed", "evidence", "remedy"),
    [
        # AutoGen and the exporters share protobuf; api and sdk are released together.
        ("autogen-core 0.7.5: protobuf~=5.29.3", "protobuf 7.35.1", "protobuf 5.29.3 or newer within 5.29", "~=5.29.3"),
        (
            "opentelemetry-proto 1.43.0: protobuf<8,>=6",
            "protobuf 5.29.6",
            "protobuf 6 or newer, but older than 8",
            "<8,>=6",
        ),
        (
            "opentelemetry-sdk 1.43.0: opentelemetry-api==1.43.0",
            "opentelemetry-api 1.40.0",
            "-api 1.43.0, but",
            "--upgrade opentelemetry-sdk opentelemetry-api,",
        ),
        (
            "opentelemetry-distro 0.64b0: opentelemetry-instrumentation==0.64b0",
            "opentelemetry-instrumentation 0.58b0",
            "0.64b0",
            "--upgrade opentelemetry-distro opentelemetry-instrumentation,",
        ),
        (
            "opentelemetry-exporter-otlp-proto-grpc 1.43.0: grpcio<2,>=1.66",
            "grpcio 1.60",
            "grpcio 1.66 or newer",
            "<2,>=1.66",
        ),
        (
            "googleapis-common-protos 1.75: protobuf!=4.21.1,>=4.25",
            "protobuf 4.21.1",
            "but not 4.21.1",
            "!=4.21.1,>=4.25",
        ),
    ],
)
def test_what_carries_telemetry_fits_too(needs: str, installed: str, evidence: str, remedy: str):
    who, _, line = needs.partition(": ")
    everything = having(who, installed)
    name = who.split()[0]
    everything = {**everything, name: replace(everything[name], requires=(line,))}

    check = packages.requirements(everything)

    assert check.status is Status.PROBLEM
    assert evidence in check.evidence
    assert remedy in check.remedy


@pytest.mark.parametrize(
    ("specifier", "words"),
    [
        (">= 1.66, < 4", "1.66 or newer, but older than 4"),
        ("==0.7.5", "0.7.5"),
        ("==0.7.*", "any 0.7"),
        ("~=1.37", "1.37 or newer within 1"),
        (">1,<=2", "newer than 1, but 2 or older"),
        ("<3", "older than 3"),
        ("", "any version"),
        ("AutoGen 0.2, AG2 < 1", "AutoGen 0.2, AG2 < 1"),
    ],
)
def test_versions_in_words(specifier: str, words: str):
    assert in_words(specifier) == words


@pytest.mark.parametrize("misfit", MISFITS, ids=lambda misfit: misfit.sdk)
def test_versions_known_not_to_work(misfit: packages.Misfit):
    def said(versions: tuple[str, str]) -> Check:
        return packages.misfits(having(f"{misfit.library} {versions[0]}", f"{misfit.sdk} {versions[1]}"))

    assert said(misfit.measured).status is Status.PROBLEM
    assert misfit.error in said(misfit.measured).evidence
    assert said(misfit.measured).remedy == misfit.remedy
    assert said(misfit.works).status is Status.OK


def test_versions_known_not_to_work_are_measured_by_make_compat():
    measured = set(re.findall(r'^    \("(\S+)", "(\S+)", "(\S+)", "(\S+)"\),$', NOXFILE, re.MULTILINE))

    assert measured == {
        (misfit.library, library, misfit.sdk, sdk)
        for misfit in MISFITS
        for library, sdk in (misfit.measured, misfit.works)
    }


def make_distribution(site: Path, name: str, version: str, *files: str) -> None:
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "RECORD").write_text("".join(f"{file},,\n" for file in files))
    for file in files:
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        (site / file).touch()


def test_real_metadata(tmp_path: Path):
    make_distribution(tmp_path, "Ag2", "0.14.0", "autogen/__init__.py", "autogen/oai/client.py")
    make_distribution(tmp_path, "pyautogen", "0.10.0")
    found = installed(metadata.distributions(path=[str(tmp_path)]))

    assert {name: found[name].packages for name in found} == {"ag2": {"autogen"}, "pyautogen": frozenset()}
    assert folder("autogen", [str(tmp_path)]) == Folder(str(tmp_path / "autogen"))
    (tmp_path / "autogen" / "__init__.py").unlink()
    sys.path_importer_cache.clear()
    assert folder("autogen", [str(tmp_path)]) == Folder(str(tmp_path / "autogen"), is_namespace=True)
    assert folder("nothing_of_that_name", [str(tmp_path)]) == Folder()


def test_this_environment_fits():
    assert installed()["autogen-core"].packages >= {"autogen_core"}
    assert all(check.status is Status.OK for check in packages.checks(installed(), folder("autogen")))


def test_nothing_that_is_looked_at_is_imported():
    script = """
import sys
from lastchunk.doctor.environment.distributions import folder, installed
from lastchunk.doctor.environment.packages import checks
list(checks(installed(), folder("autogen")))
print(sorted({"autogen", "autogen_core", "autogen_agentchat", "autogen_ext", "openai", "anthropic"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == "[]\n"
