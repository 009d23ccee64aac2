# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Every shipped file, alone and combined as documented, starts on a real Collector without a complaint; mistakes do not."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.stack import certificates
from tests.stack.servers import CONFIGURATIONS, Collector, NotStarted

Figure = Callable[[str], None]
MakeCollector = Callable[..., Collector]

VARIABLES = {
    "minimal.yaml": {"TRACES_ENDPOINT": "http://127.0.0.1:1/v1/traces"},
    "agent.yaml": {"GATEWAY_HOST": "localhost", "LOGS_ENDPOINT": "http://127.0.0.1:1/otlp/v1/logs"},
    "gateway.yaml": {"TRACES_ENDPOINT": "http://127.0.0.1:1/v1/traces"},
    "prometheus3.yaml": {"METRICS_ENDPOINT": "http://127.0.0.1:1/api/v1/otlp/v1/metrics"},
    "cutoffs-bypass.yaml": {},
    "tls-agent.yaml": {"GATEWAY_TOKEN": "secret"},
    "tls-gateway.yaml": {"GATEWAY_TOKEN": "secret"},
}
"""What each file requires, beside BACKEND_TOKEN and certificates."""

COMBINATIONS = (
    ("minimal.yaml",),
    ("minimal.yaml", "prometheus3.yaml"),
    ("agent.yaml",),
    ("agent.yaml", "prometheus3.yaml"),
    ("agent.yaml", "tls-agent.yaml"),
    ("agent.yaml", "prometheus3.yaml", "tls-agent.yaml"),
    ("agent.yaml", "tls-agent.yaml", "prometheus3.yaml"),
    ("gateway.yaml",),
    ("gateway.yaml", "cutoffs-bypass.yaml"),
    ("gateway.yaml", "tls-gateway.yaml"),
    ("gateway.yaml", "cutoffs-bypass.yaml", "tls-gateway.yaml"),
)


@pytest.mark.parametrize("file", ["minimal.yaml", "agent.yaml", "gateway.yaml"])
def test_what_a_backend_cannot_accept_waits_on_disk_for_as_long_as_it_must(file: str) -> None:
    configuration = yaml.safe_load((CONFIGURATIONS / file).read_text())
    sent = {name: one for name, one in configuration["exporters"].items() if name.startswith(("otlp_http", "load_"))}
    assert sent
    for exporter in sent.values():
        assert exporter["sending_queue"]["storage"] in configuration["service"]["extensions"]
        assert exporter["retry_on_failure"]["max_elapsed_time"] == "0s"


def variables(files: tuple[str, ...], folder: Path) -> dict[str, str | None]:
    """What the files require."""
    found: dict[str, str | None] = {}
    for file in files:
        found |= VARIABLES[file]
        if file.startswith("tls-"):
            found["TLS_DIRECTORY"] = str(certificates.make(folder / "certificates", "localhost").folder)
    return found


@pytest.mark.parametrize("files", COMBINATIONS, ids="+".join)
def test_starts(collector: MakeCollector, files: tuple[str, ...], tmp_path: Path) -> None:
    made = collector(*files, **variables(files, tmp_path))
    assert made.validate() == ""
    made.start()
    said = made.said()
    made.stop()
    assert "deprecated" not in said
    complaints = [line for line in said.splitlines() if re.search(r"^\S+\s+(warn|error)\s", line)]
    assert [line for line in complaints if "connection refused" not in line] == []  # there is no gateway


def test_every_file_is_combined() -> None:
    configurations = {
        path.name for path in CONFIGURATIONS.glob("*.yaml") if "service" in (yaml.safe_load(path.read_text()) or {})
    } - {"builder.yaml"}
    assert {file for files in COMBINATIONS for file in files} >= configurations - {"compose.yaml"}
    assert set(VARIABLES) == {file for files in COMBINATIONS for file in files}


def required() -> list[tuple[tuple[str, ...], str]]:
    """Each file with what is under it, and each variable that it requires."""
    base = {"prometheus3.yaml": "agent.yaml", "cutoffs-bypass.yaml": "gateway.yaml"}
    base |= {"tls-agent.yaml": "agent.yaml", "tls-gateway.yaml": "gateway.yaml"}
    rows = []
    for file, names in VARIABLES.items():
        files = (base[file], file) if file in base else (file,)
        certificate = ["TLS_DIRECTORY"] if file.startswith("tls-") else []
        token = ["BACKEND_TOKEN"] if file in ("agent.yaml", "gateway.yaml") else []
        rows += [(files, name) for name in [*names, *certificate, *token]]
    return rows


@pytest.mark.parametrize("value", [None, ""], ids=["unset", "empty"])
@pytest.mark.parametrize(("files", "name"), required(), ids=lambda part: part if isinstance(part, str) else part[-1])
def test_a_required_variable_that_is_missing_is_noticed_at_once(
    collector: MakeCollector, files: tuple[str, ...], name: str, value: str | None, tmp_path: Path, figure: Figure
) -> None:
    made = collector(*files, **(variables(files, tmp_path) | {name: value}))
    with pytest.raises(NotStarted, match=r"(?m)^Error: .*") as failed:
        made.start()
    figure(str(failed.value).splitlines()[-1])


def test_nothing_listens_beyond_this_host_by_default() -> None:
    for path in CONFIGURATIONS.glob("*.yaml"):
        for name, default in re.findall(r"\$\{env:(\w*(?:LISTEN|HOST)):-([^}]*)\}", path.read_text()):
            assert default.startswith("127.0.0.1"), (path.name, name)


def test_the_manifest_holds_exactly_what_is_used() -> None:
    used: set[tuple[str, str]] = set()
    for file in VARIABLES:
        for kind, components in yaml.safe_load((CONFIGURATIONS / file).read_text()).items():
            if kind != "service":
                used |= {(kind, name.split("/")[0].replace("_", "")) for name in components}
    manifest = yaml.safe_load((CONFIGURATIONS / "builder.yaml").read_text())
    built: set[tuple[str, str]] = set()
    for kind in ("receivers", "processors", "exporters", "extensions"):
        for entry in manifest[kind]:
            module, version = entry["gomod"].split()
            assert version == "v0.159.0"
            name = module.rsplit("/", 1)[1].removesuffix(kind[:-1])
            built.add((kind, name))
    assert used == built
