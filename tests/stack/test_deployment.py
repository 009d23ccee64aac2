# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""What no container engine or cluster runs here: checked against published schemas, and against the files it mounts."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from tests.stack.rules.promtool import said
from tests.stack.servers import CONFIGURATIONS, binary

COMPOSE = CONFIGURATIONS / "compose.yaml"
MANIFESTS = sorted((CONFIGURATIONS / "kubernetes").glob("*.yaml"))
IMAGE = "otel/opentelemetry-collector-contrib:0.159.0"


def collectors() -> Iterator[tuple[str, list[str], set[str]]]:
    """Every Collector that is deployed: its name, the files it is given, the variables it is given."""
    for name, service in yaml.safe_load(COMPOSE.read_text())["services"].items():
        if service["image"] == IMAGE:
            yield name, service["command"], set(service["environment"])
    for path in MANIFESTS:
        for document in yaml.safe_load_all(path.read_text()):
            if document["kind"] != "Service":
                (container,) = document["spec"]["template"]["spec"]["containers"]
                assert container["image"] == IMAGE
                yield path.name, container["args"], {variable["name"] for variable in container["env"]}


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_manifests_are_what_kubernetes_takes(path: Path) -> None:
    for document in yaml.safe_load_all(path.read_text()):
        kubernetes_validate.validate(document, "1.33", strict=True)


def test_the_compose_file_is_what_compose_takes(needs: Callable[[str], None]) -> None:
    needs("compose-spec.json")
    schema = json.loads(binary("compose-spec.json").read_text())
    jsonschema.Draft7Validator(schema).validate(yaml.safe_load(COMPOSE.read_text()))


@pytest.mark.parametrize(
    ("name", "arguments", "variables"), list(collectors()), ids=lambda part: part if isinstance(part, str) else ""
)
def test_each_collector_gets_what_its_file_requires(name: str, arguments: list[str], variables: set[str]) -> None:
    text = "".join((CONFIGURATIONS / argument.rsplit("/", 1)[1]).read_text() for argument in arguments)
    known = set(re.findall(r"\$\{env:(\w+)", text))
    required = set(re.findall(r"\$\{env:(\w+)\}", text))
    assert required <= variables
    assert variables <= known | {"GOMEMLIMIT", "POD_IP"}, name


def test_no_collector_is_root_or_writes_outside_its_queue() -> None:
    services: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
    for service in services.values():
        if service["image"] == IMAGE:
            assert service["user"] == "10001:10001"
            assert service["read_only"]
    queues = [volume for service in services.values() for volume in service.get("volumes", []) if ":/queue" in volume]
    assert len(queues) == len(set(queues)) == 3


def test_every_file_that_compose_mounts_is_there() -> None:
    services: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
    mounts = [
        volume for service in services.values() for volume in service.get("volumes", []) if volume.startswith(".")
    ]
    assert len(mounts) >= 8
    for mount in mounts:
        assert (CONFIGURATIONS / mount.split(":")[0]).exists(), mount
    (provider,) = yaml.safe_load(
        (CONFIGURATIONS.parent / "grafana/provisioning/dashboards/lastchunk.yaml").read_text()
    )["providers"]
    assert f"../grafana/dashboards:{provider['options']['path']}:ro" in mounts


def test_prometheus_takes_its_files(needs: Callable[[str], None], tmp_path: Path) -> None:
    """With the rules where compose.yaml mounts them."""
    needs("promtool")
    (mounted,) = [
        volume.split(":")[0]
        for volume in yaml.safe_load(COMPOSE.read_text())["services"]["prometheus"]["volumes"]
        if ":/etc/prometheus/rules:" in volume
    ]
    (tmp_path / "rules").symlink_to((CONFIGURATIONS / mounted).resolve())
    shutil.copy(CONFIGURATIONS / "prometheus.yml", tmp_path)
    assert not said(binary("promtool"), "check", "config", "--lint=none", tmp_path / "prometheus.yml")
    assert list((tmp_path / "rules").glob("lastchunk-*.yml"))
