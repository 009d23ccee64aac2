# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The project page: the workflow calls what the Makefile has, the forms ask for what helps, the pictures can be shown."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PICTURES = sorted((ROOT / "docs" / "images").glob("*.svg"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"))


def workflow() -> dict[str, Any]:
    """The jobs of CI, by name."""
    return yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]


def test_every_step_of_the_workflow_is_a_target() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = [step["run"].split() for job in workflow().values() for step in job["steps"] if "run" in step]
    called = {target for make, target, *_ in commands if make == "make"}
    assert len(commands) == len([make for make, *_ in commands if make == "make"])
    assert called == {"lint", "types", "test", "compat", "dist", "stack-test"}
    assert called <= targets


def test_the_workflow_tests_every_python_that_is_supported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [re.search(r":: (3\.\d+)$", line) for line in project["classifiers"]]
    assert workflow()["test"]["strategy"]["matrix"]["python"] == [found[1] for found in named if found]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_form_is_one(form: Path) -> None:
    content = yaml.safe_load(form.read_text())
    assert content["name"]
    assert content["description"]
    fields = [part for part in content["body"] if part["type"] != "markdown"]
    assert len({part["id"] for part in fields}) == len(fields) > 1
    assert all(part["attributes"]["label"] for part in fields)


def test_a_bug_report_has_what_doctor_says() -> None:
    form = (ROOT / ".github" / "ISSUE_TEMPLATE" / "bug.yml").read_text()
    assert "lastchunk doctor --json" in form


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_a_picture_can_be_shown_anywhere(picture: Path) -> None:
    """It is well formed and small, and fetches nothing."""
    text = picture.read_text()
    assert ElementTree.fromstring(text).tag.endswith("svg")
    assert len(text.encode()) < 150 * 1024
    assert not re.search(r"@import|@font-face|url\((?!#)|<script|href=", text)


def test_the_picture_of_the_demo_has_its_conclusion() -> None:
    text = (ROOT / "docs" / "images" / "demo.svg").read_text().replace("&#160;", " ")
    for said in ("$ make demo", "truncated", "idle_timeout", "streams went wrong"):
        assert said in text


def test_every_extra_that_is_named_can_be_installed() -> None:
    """In a page, an example, a message of ours or a script."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    for folder in ("docs", "examples", "src", "grafana", "collector-config", "scripts"):
        pages += [path for path in (ROOT / folder).rglob("*") if path.suffix in (".md", ".py", ".sh", ".yaml", ".yml")]
    named = {
        extra
        for page in pages
        for extras in re.findall(rf"{project['name']}\[([a-z, -]+)\]", page.read_text("utf-8"))
        for extra in extras.replace(" ", "").split(",")
    }

    assert named >= {"cli", "otlp", "demo", "monitoring", "retry"}
    assert named <= set(project["optional-dependencies"])
