# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""`--idle`: which silence is cut, and by whom."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lastchunk.doctor.ladder.clients import Given
from lastchunk.doctor.ladder.examine import Chosen
from lastchunk.doctor.ladder.runs import Run, Rung
from lastchunk.doctor.report.findings import Check, CouldNotRun, Status
from lastchunk.doctor.silence import examine as idle
from lastchunk.doctor.silence.examine import SILENCES, Tried, findings, silences, verdict
from lastchunk.model_server.server import ModelServer
from lastchunk.streams.timeouts import OF_THE_CLIENT, ON_THE_WAY, Default, owners
from tests.doctor import applications
from tests.doctor.ladders import Climbed
from tests.doctor.silent import silent


@pytest.fixture(scope="module", name="url")
def _url() -> Iterator[str]:
    with silent() as server:
        yield server.url


def climb(up_to: float, known: tuple[float, ...], **chosen: Any) -> Climbed:
    """Climb these silences, and `up_to`."""
    return Climbed.of(findings(Chosen(**chosen), up_to, {}, known))


def against(url: str) -> dict[str, Given]:
    """Climb with AutoGen's client of openai."""
    return {"given": Given("openai", "lastchunk", url)}


def test_nothing_is_cut(url: str) -> None:
    climbed = climb(2.0, (0.3,), **against(url))
    assert climbed.checks["stream.idle"].status is Status.OK
    assert "No silence up to 2 s was cut." in climbed.checks["stream.idle"].evidence
    first, last = climbed.details["silences"].value
    assert (first["silence"], last["silence"]) == (0.3, 2.0)
    assert last["seen"] > 1.0  # a busy machine may read the chunk before it late


def test_the_client_s_own_timeout(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(applications.URL, url)
    climbed = climb(9.0, (0.1, 4.0), target="tests.doctor.applications:impatient")
    found = climbed.checks["stream.idle"]
    assert found.status is Status.PROBLEM
    assert "A silence of 4 s was cut" in found.evidence
    assert "a silence of 0.1 s was not" in found.evidence
    assert "The client's own timeout fired." in found.evidence
    assert found.runbook == "#cause-idle_timeout"
    last = climbed.details["silences"].value[-1]
    assert (last["silence"], last["reason"], last["cause"]) == (4.0, "timeout", "idle_timeout")


def test_a_server_that_is_another(server: ModelServer) -> None:
    with pytest.raises(CouldNotRun, match="had no silence of 5 s"):
        climb(9.0, (5.0,), **against(server.url("clean")))
    with pytest.raises(CouldNotRun, match="HTTP 401"):
        climb(9.0, (5.0,), **against(server.url("http_401")))
    with pytest.raises(CouldNotRun, match="nothing listens there"):
        climb(9.0, (5.0,), **against("http://127.0.0.1:1/v1"))


def test_how_long_it_takes_is_said_before(url: str) -> None:
    said = findings(Chosen(**against(url)), 300, {})  # type: ignore[arg-type]
    first = next(found for found in said if isinstance(found, Check))
    said.close()
    assert first.evidence == (
        "This makes at most 7 calls, with a silence of 5, 15, 35, 65, 125, 245, 300 s. It takes at most 13 min, and stops at "
        "the first silence that is cut."
    )


@pytest.mark.parametrize(
    ("up_to", "expected"),
    [(5, [5]), (35, [5, 15, 35]), (60, [5, 15, 35, 60]), (125, [5, 15, 35, 65, 125]), (130, [5, 15, 35, 65, 125, 130])],
)
def test_what_is_tried(up_to: float, expected: list[float]) -> None:
    assert silences(up_to) == expected


def test_every_default_lies_between_two_silences() -> None:
    """Else one that cuts would be named with the next one."""
    for default in (*ON_THE_WAY, *OF_THE_CLIENT):
        assert any(default.seconds <= silence <= default.seconds * 2.5 + 6 for silence in SILENCES), default


@pytest.mark.parametrize("default", [*ON_THE_WAY, *OF_THE_CLIENT], ids=lambda default: default.owner)
def test_every_default_is_documented(default: Default) -> None:
    page = (Path(__file__).parents[3] / "docs" / "doctor-stream.md").read_text()
    owner = default.owner if default in ON_THE_WAY else f"the client: {default.owner}"
    assert f"| {default.seconds:g} | {owner} | {default.setting or 'none'} |" in page


def _cut(seconds: float, after: float, reason: str = "connection_lost", **known: Any) -> Tried:
    run = Run(
        rung=Rung.CREATE_STREAM, round=1, reason=reason, cause="idle_timeout", idle=after, longest_gap=after, **known
    )
    return Tried(seconds, run)


@pytest.mark.parametrize(
    ("seconds", "after", "reason", "names"),
    [
        (65, 60.03, "connection_lost", "nginx and ingress-nginx, AWS Application Load Balancer or Apache"),
        (
            35,
            30.2,
            "connection_lost",
            "Google Cloud load balancers, Amazon CloudFront, HAProxy as its container images set it or gunicorn",
        ),
        (65, 50.1, "truncated", "HAProxy"),
        (245, 230.9, "connection_lost", "Azure App Service"),
        (355, 350.4, "connection_lost", "AWS Network Load Balancer"),
        (605, 600.1, "timeout", "the openai and anthropic SDKs"),
        (605, 600.1, "connection_lost", "Google Cloud's network"),
    ],
)
def test_whose_default_it_is(seconds: float, after: float, reason: str, names: str) -> None:
    said = verdict([_cut(seconds, after, reason)])
    assert said.status is Status.PROBLEM
    assert f"is the default of {names}" in said.evidence
    assert "Raise the one that you use" in said.remedy


def test_nobody_s_default() -> None:
    said = verdict([_cut(65, 42.0)])
    assert "No product that Lastchunk knows has this default" in said.evidence
    assert "a timeout of 42 s" in said.remedy


@pytest.mark.parametrize(
    ("seconds", "known"), [(59.4, 0), (59.6, 3), (60.0, 3), (61.1, 3), (61.3, 0), (358, 0), (30.0, 4)]
)
def test_how_near_a_silence_must_be(seconds: float, known: int) -> None:
    assert len(owners(seconds, ON_THE_WAY)) == known


def test_a_proxy_that_buffers(url: str) -> None:
    said = verdict([Tried(5, Run(rung=Rung.CREATE_STREAM, round=1, reason="completed", cause=None, delivery="burst"))])
    assert "something on the way also buffers" in said.evidence


def test_the_ladder_begins_as_it_is_documented() -> None:
    assert idle.SILENCES[:5] == (5, 15, 35, 65, 125)


def test_the_clients_defaults_are_those_of_the_libraries() -> None:
    import aiohttp.client
    import anthropic
    import httpx
    import openai
    from azure.core.configuration import ConnectionConfiguration

    seconds = {default.owner: default.seconds for default in OF_THE_CLIENT}
    assert seconds["httpx"] == httpx.Timeout(httpx.Client().timeout).read
    assert seconds["aiohttp"] == aiohttp.client.DEFAULT_TIMEOUT.total
    assert seconds["azure-core"] == ConnectionConfiguration().read_timeout
    assert seconds["the openai and anthropic SDKs"] == openai.DEFAULT_TIMEOUT.read == anthropic.DEFAULT_TIMEOUT.read
