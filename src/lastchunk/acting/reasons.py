# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The reasons for which a guard raises, and the names by which an application chooses them."""

from __future__ import annotations

from collections.abc import Iterable

from lastchunk.semconv import Reason

OWN = frozenset({Reason.CANCELLED, Reason.ABANDONED, Reason.PROCESS_EXIT})
"""What the consumer did itself, and knows."""

CUT_BY_THE_SERVICE = frozenset(Reason) - OWN - {Reason.COMPLETED, Reason.REJECTED}
"""With these an answer is not complete, and it was not the consumer who stopped."""


def reasons(given: Iterable[Reason | str], argument: str, known: frozenset[Reason]) -> frozenset[Reason]:
    """Return the reasons that `argument` names. Raise ValueError for one that is not `known`."""
    names = (given,) if isinstance(given, str) else tuple(given)
    unknown = [str(name) for name in names if name not in known]
    if unknown:
        listed = ", ".join(sorted(known))
        raise ValueError(f"{argument}={', '.join(unknown)}: that is no reason that counts here. Known are: {listed}.")
    return frozenset(Reason(name) for name in names)


def seconds(given: float | None, argument: str) -> float | None:
    """Return `given` if it is a time above 0, or None. Else raise ValueError."""
    if given is not None and not 0 < given < float("inf"):
        raise ValueError(f"{argument}={given}: a number of seconds above 0, or None for no limit.")
    return given
