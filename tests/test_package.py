# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What pyproject.toml promises, the package keeps."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distribution, entry_points
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from lastchunk.package import _instruments, _instruments_any, _supports_metrics
from lastchunk.version import __version__

ROOT = Path(__file__).parents[1]
NAME = "lastchunk-instrumentation-autogen"


@pytest.fixture(name="project")
def _project() -> dict[str, Any]:
    """The [project] table of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_instruments_are_those_of_the_extras(project: dict[str, Any]) -> None:
    """OpenTelemetry reads the extras when it loads us, and the tuples when an application does."""
    extras = project["optional-dependencies"]
    assert list(_instruments) == extras.get("instruments", [])
    assert list(_instruments_any) == extras["instruments-any"]
    assert _supports_metrics


@pytest.mark.parametrize("requirement", _instruments_any)
def test_every_version_of_a_library_counts(requirement: str) -> None:
    """Versions are judged patch by patch; a beta (azure-ai-inference has nothing else) must not get us skipped."""
    specifier = Requirement(requirement).specifier
    # Before 26, packaging left pre-releases out unless a specifier named one.
    assert any(Requirement(f"x{part}").specifier.prereleases for part in specifier)
    assert all(specifier.contains(version) for version in ("0.0.1", "0.2.40", "1.0.0b9", "2.0.dev1", "99.0"))


def test_hard_dependencies_are_four(project: dict[str, Any]) -> None:
    """An application installs us beside any AutoGen and any SDK: nothing that could disagree with them."""
    assert [Requirement(line).name for line in project["dependencies"]] == [
        "opentelemetry-api",
        "opentelemetry-instrumentation",
        "opentelemetry-semantic-conventions",
        "wrapt",
    ]


def test_version_is_that_of_the_distribution() -> None:
    """The installed metadata and the module agree."""
    assert distribution(NAME).version == __version__


def test_changelog_knows_the_version() -> None:
    """A version is described before it is built."""
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased" or headings[0] == __version__
    assert __version__ in headings or "Unreleased" in headings


@pytest.mark.parametrize(
    ("group", "name"),
    [
        ("opentelemetry_instrumentor", "autogen_streams"),
        ("opentelemetry_traces_exporter", "lastchunk_console"),
        ("console_scripts", "lastchunk"),
    ],
)
def test_entry_point_loads(group: str, name: str) -> None:
    """What OpenTelemetry and pip look up by name is there."""
    (found,) = (point for point in entry_points(group=group, name=name) if point.dist and point.dist.name == NAME)
    assert callable(found.load())


def test_types_are_shipped() -> None:
    """Type checkers read the package's own annotations."""
    assert (ROOT / "src" / "lastchunk" / "py.typed").is_file()


@pytest.mark.parametrize("folder", ["src", "tests", "scripts", "examples", "benchmarks"])
def test_every_file_names_its_licence(folder: str) -> None:
    """Two SPDX lines first, then the docstring, then the future."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        head = path.read_text().splitlines()[:2]
        assert head == [
            "# SPDX-FileCopyrightText: The Lastchunk authors",
            "# SPDX-License-Identifier: Apache-2.0",
        ], path


@pytest.mark.parametrize("file", ["constraints.txt", "constraints-oldest.txt"])
def test_constraints_pin_names_and_versions_only(file: str) -> None:
    """One pin a line; no hosts, paths or options that would tie the tree to one machine."""
    lines = (ROOT / file).read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert pins == sorted(pins, key=str.casefold)
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", pin) for pin in pins)


def test_lower_bounds_are_tested(project: dict[str, Any]) -> None:
    """What pyproject.toml allows at the least is what constraints-oldest.txt installs."""
    pins = {}
    for line in (ROOT / "constraints-oldest.txt").read_text().splitlines():
        name, _, version = line.partition("==")
        pins[name] = Version(version) if version else None
    for line in project["dependencies"]:
        requirement = Requirement(line)
        (lowest,) = (Version(part.version) for part in requirement.specifier if part.operator in (">=", "~="))
        assert pins[requirement.name].release[:2] == lowest.release[:2], requirement
