# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The colours of endings: few, the same everywhere, and told apart by everybody, on light and dark backgrounds."""

from __future__ import annotations

import itertools

import pytest

from lastchunk.monitoring.dashboards import colours
from lastchunk.semconv import Cause, Delivery, Reason, WaitingFor
from tests.grafana.dashboards import DASHBOARDS, panels

LIGHT, DARK = "#FFFFFF", "#181B1F"
SEEN_BY = {
    "everybody": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopes": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopes": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopes": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
"""What becomes of linear red, green and blue: Machado, Oliveira and Fernandes 2009, severity 1."""


def linear(colour: str) -> list[float]:
    """Red, green and blue, from 0 to 1."""
    values = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in values]


def luminance(colour: str) -> float:
    """How bright, from 0 to 1."""
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def lab(colour: str, seen: tuple[tuple[float, ...], ...]) -> tuple[float, float, float]:
    """The colour as it is seen, in CIELAB."""
    rgb = [min(max(sum(a * b for a, b in zip(row, linear(colour), strict=True)), 0), 1) for row in seen]
    to_xyz = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    xyz = [sum(a * b for a, b in zip(row, rgb, strict=True)) for row in to_xyz]
    x, y, z = (
        (value / white) ** (1 / 3) if value / white > 0.008856 else 7.787 * value / white + 16 / 116
        for value, white in zip(xyz, (0.9505, 1, 1.089), strict=True)
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def test_there_is_a_colour_for_everything_that_can_happen() -> None:
    assert colours.OF_REASON.keys() == set(map(str, Reason))
    assert colours.OF_CAUSE.keys() == set(map(str, Cause))
    assert colours.OF_DELIVERY.keys() == set(map(str, Delivery))
    assert colours.OF_WAITING.keys() == set(map(str, WaitingFor))
    assert colours.HUES.keys() == set(colours.Family)
    assert len(set(colours.OF_REASON.values())) == len(Reason)
    assert len(set(colours.OF_CAUSE.values())) == len(Cause)


def test_there_are_at_most_eight_hues() -> None:
    assert len(set(colours.HUES.values())) == len(colours.HUES) <= 8


def apart(one: str, other: str, eyes: str) -> float:
    """How different two colours look: the distance in CIELAB."""
    a, b = lab(one, SEEN_BY[eyes]), lab(other, SEEN_BY[eyes])
    return sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5


@pytest.mark.parametrize("eyes", SEEN_BY)
def test_families_are_told_apart(eyes: str) -> None:
    for one, other in itertools.combinations(colours.HUES.values(), 2):
        assert apart(one, other, eyes) > 10, (one, other)


@pytest.mark.parametrize("eyes", SEEN_BY)
@pytest.mark.parametrize("of", [colours.OF_REASON, colours.OF_CAUSE], ids=["reasons", "causes"])
def test_all_that_stands_on_one_panel_is_told_apart(of: dict[str, str], eyes: str) -> None:
    for one, other in itertools.combinations(of, 2):
        assert apart(of[one], of[other], eyes) > 9, (one, other)


def test_every_colour_is_seen_on_light_and_on_dark() -> None:
    for colour in {*colours.OF_REASON.values(), *colours.OF_CAUSE.values(), *colours.HUES.values()}:
        for background in (LIGHT, DARK):
            bright, dim = sorted((luminance(colour), luminance(background)), reverse=True)
            assert (bright + 0.05) / (dim + 0.05) > 1.45, (colour, background)


def test_a_name_has_the_same_colour_on_every_panel() -> None:
    seen: dict[str, set[str]] = {}
    for board in DASHBOARDS.values():
        for panel in panels(board):
            for override in panel["fieldConfig"]["overrides"]:
                for found in override["properties"]:
                    if found["id"] == "color":
                        seen.setdefault(override["matcher"]["options"], set()).add(found["value"]["fixedColor"])
    both = set(colours.OF_REASON) & set(colours.OF_CAUSE)  # a reason and a cause may share a name
    assert seen
    assert all(len(found) == 1 for name, found in seen.items() if name not in both)
