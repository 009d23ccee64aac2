# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Families of layers: the SDKs of the environment of development, and those that want an environment of their own."""

from __future__ import annotations

from importlib import import_module

from fuzz.wire.asking import Layers

FAMILIES = {
    "": ("fuzz.wire.layers", "fuzz.wire.other_layers"),
    "google": ("fuzz.wire.google_layers",),
    "mistral": ("fuzz.wire.mistral_layers",),
    "ag2": ("fuzz.wire.ag2_layers",),
    "classic": ("fuzz.wire.classic_layers",),
}
"""By name: the modules whose `LAYERS` they are. Of two, the second is that of one case of five."""


def layers_of(family: str, seed: int) -> tuple[Layers, bool]:
    """Those that the case of a seed may use; and whether they are newer than the seeds that tests name."""
    modules = FAMILIES[family]
    other = (
        len(modules) == 1 or seed % 5 == 3
    )  # So that the other seeds, which tests name, stay the cases that they were.
    return import_module(modules[-1 if other else 0]).LAYERS, other
