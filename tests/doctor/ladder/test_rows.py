# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The doctor meets every server of the matrix, and says what the matrix says: a new row is asked of both."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lastchunk.doctor.ladder.runs import Rung
from lastchunk.doctor.report.findings import Status
from lastchunk.model_server.server import ModelServer
from lastchunk.semconv import Reason
from tests.doctor.ladders import climb
from tests.endings.dialects import DIALECTS
from tests.endings.matrix import ROWS
from tests.endings.table import Row
from tests.endings.ways import SCRIPTS, WAYS

LAYERS = {
    "openai": ("sdk_async", "create_stream"),
    "anthropic": ("anthropic_sdk", "anthropic"),
    "ollama": ("ollama_sdk", "ollama"),
}
"""For each client of the doctor, the sources of the matrix that are its second and third rung."""

OTHERWISE_IN_ONE_PIECE = {
    "html_body": (Reason.EMPTY, "unknown"),  # a page in the place of an answer is a wrong address
    "two_finishes": (Reason.LENGTH, "context_limit"),  # an answer in one piece has one finish reason
}
"""What rung 1 says where the same server answers a request without streaming in another way."""

BY_CASE = {row.case: row for row in ROWS}


def servers() -> Iterator[tuple[str, str]]:
    """Client and way of every row in which only the server decides the ending; of other protocols than OpenAI's, the dialects."""
    for client, (sdk, above) in LAYERS.items():
        for source, way in BY_CASE:
            asked = source == sdk and (above, way) in BY_CASE and (client == "openai" or way in DIALECTS)
            if asked and not WAYS[way].timed:
                yield client, way


@pytest.fixture(scope="module", name="server")
def _server() -> Iterator[ModelServer]:
    with ModelServer(SCRIPTS) as server:
        yield server


@pytest.mark.parametrize(("client", "way"), [*servers()])
def test_the_same_server_gets_the_same_verdict(server: ModelServer, client: str, way: str) -> None:
    sdk, above = (BY_CASE[source, way] for source in LAYERS[client])
    climbed = climb(WAYS[way].url(server, dialect=client), client)
    (first,) = climbed.runs(Rung.CREATE)
    verdict = climbed.verdict
    if first["reason"] != Reason.COMPLETED:
        assert (first["reason"], first["cause"]) == OTHERWISE_IN_ONE_PIECE.get(way, ending(sdk))
        assert verdict.evidence.startswith("Rung 1 ")
        assert f"Cause: {first['cause']}." in verdict.evidence
        return
    assert [(run["reason"], run["cause"]) for rung in (2, 3) for run in climbed.runs(rung)] == [
        ending(sdk),
        ending(above),
    ]
    worst, rung = (above, 3) if sdk.reason is Reason.COMPLETED else (sdk, 2)
    if worst.reason is Reason.COMPLETED:
        assert (verdict.status, verdict.evidence[:14]) == (Status.OK, "Not reproduced")
    else:
        assert verdict.status is Status.PROBLEM
        assert verdict.evidence.startswith(f"Rung {rung} ")
        assert f"Cause: {worst.cause}." in verdict.evidence
        assert verdict.remedy


def ending(row: Row) -> tuple[str, str | None]:
    """Reason and cause."""
    return row.reason, row.cause


def test_most_rows_are_such_servers() -> None:
    """Or the test above would ask nothing. What AutoGen's client is not asked, the doctor cannot ask either."""
    asked = {way for _, way in servers()}
    assert len(asked) > 120
    assert {way for way in DIALECTS if any((above, way) in BY_CASE for _, above in LAYERS.values())} <= asked
