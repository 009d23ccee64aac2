# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Limits values that others provide before they are exported: bounded, printable, encodable. All foreign values pass here.

One value that cannot be encoded loses a whole batch, the application's own spans included; one that is too long is sent with
every export of metrics from then on. What a server says may be content, so of that only what looks like a name leaves.
"""

from __future__ import annotations

import re

from lastchunk.semconv import OTHER

LONGEST = 256
"""Characters of a text of the application's: the name of a model, an agent, a team, a class, a server; a description."""
_CUT = "…"
_WORD = re.compile(r"(?=.{1,64}\Z)[A-Za-z0-9_.-]+(?:: ?[A-Za-z0-9_.-]+)?")
_NAME = re.compile(r"[A-Za-z0-9_.:/@+=~-]{1,128}")
_CLASS_NAME, _QUALNAME, _MODULE = (vars(type)[name].__get__ for name in ("__name__", "__qualname__", "__module__"))
_MOST = 2**53
"""Below it every backend keeps a whole number exactly: many store doubles."""


def text(said: object) -> str:
    """What the application calls something: one line of at most `LONGEST` characters; empty if it is no text.

    White space becomes one space, and whatever else cannot be printed or encoded becomes U+FFFD.
    """
    if not isinstance(said, str):
        return ""
    if type(said) is not str:
        said = str.__str__(said)  # The text itself, whatever a subclass makes of it.
    if len(said) <= LONGEST and said.isprintable():
        return said
    shown = " ".join(said[: LONGEST + 1].split())
    shown = "".join(character if character.isprintable() else "�" for character in shown)
    return shown if len(said) <= LONGEST else shown[: LONGEST - 1] + _CUT


def word(said: object) -> str | None:
    """What a server calls a finish reason: a word of `[A-Za-z0-9_.-]`, or two as in `filter: WORD`; at most 64
    characters, else `_OTHER`. None if it says nothing.
    """
    return _fits(_WORD, said)


def name(said: object) -> str | None:
    """What a server calls a model or an answer, such as `meta-llama/Llama-3.1:8b`: at most 128 of `[A-Za-z0-9_.:/@+=~-]`.

    Else `_OTHER`; None if it says nothing.
    """
    return _fits(_NAME, said)


def count(said: object) -> int | None:
    """A number of tokens: a whole number from 0 to 2**53 - 1, and no bool; else None."""
    if not isinstance(said, int) or isinstance(said, bool):
        return None
    number = int.__int__(said)
    return number if 0 <= number < _MOST else None


def class_name(kind: type) -> str:
    """A class as `error.type` names it: with its module, unless that is `builtins`."""
    module, qualname = module_of(kind), text(_QUALNAME(kind))
    if module == "builtins":
        return qualname
    return text(f"{module}.{qualname}") if module else OTHER


def module_of(kind: type) -> str:
    """The name of the module of a class; empty if what stands there is no text."""
    try:
        return text(_MODULE(kind))
    except Exception:
        return ""


def own_name(kind: type) -> str:
    """The `__name__` of a class, whatever its metaclass says."""
    return _CLASS_NAME(kind)


def _fits(pattern: re.Pattern[str], said: object) -> str | None:
    if not isinstance(said, str):
        return None
    said = str.__str__(said)
    return (said if pattern.fullmatch(said) else OTHER) if said else None
