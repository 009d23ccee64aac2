# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""Reads fields of the application's objects without running their code.

Only dictionaries, and the fields that an object has itself, as a pydantic model or a message of AutoGen's. A property, a
`__getattr__` or an iterator is never asked: it may be used up by that, or be slow, or raise.
"""

from __future__ import annotations

_NOTHING: dict[str, object] = {}


def fields_of(thing: object) -> dict[str, object]:
    """Return the fields that `thing` holds by name, not to be changed. Empty if it is no such object."""
    if issubclass(type(thing), dict):
        return thing  # type: ignore[return-value]  # it is one, whatever its `__class__` says
    try:
        own: dict[str, object] = object.__getattribute__(thing, "__dict__")
    except Exception:
        return _NOTHING
    if type(own) is not dict:
        return _NOTHING
    # A model of azure-ai-inference keeps all that it has in one dictionary.
    data = own.get("_data")
    return data if type(data) is dict else own


def field(thing: object, name: str) -> object:
    """Return what `thing` holds as `name`, else None."""
    return dict.get(fields_of(thing), name)


def extra_of(thing: object) -> dict[str, object]:
    """Return what a pydantic model was given beside its own fields, not to be changed. Empty if `thing` is none."""
    try:
        extra: object = object.__getattribute__(thing, "__pydantic_extra__")
    except Exception:
        return _NOTHING
    return extra if type(extra) is dict else _NOTHING  # type: ignore[return-value]  # pydantic says so


def ask(thing: object, name: str) -> object:
    """Return an attribute, perhaps a property, that the application's call also reads. None if it is missing or raises.

    A property of the application's then runs once more, so this is only for what `field` cannot know.
    """
    try:
        return getattr(thing, name, None)
    except Exception:
        return None


def items_of(things: object) -> tuple[object, ...]:
    """Return the items of a list or a tuple. Empty for anything else."""
    kind = type(things)
    if kind is tuple:
        return things  # type: ignore[return-value]  # `kind` says so
    if kind is list:
        return tuple(things)  # type: ignore[arg-type]  # `kind` says so
    if issubclass(kind, list):
        return tuple(list.__iter__(things))  # type: ignore[arg-type]  # `kind` says so
    return tuple(tuple.__iter__(things)) if issubclass(kind, tuple) else ()  # type: ignore[arg-type]  # `kind` says so


def last_of(things: object) -> object:
    """Return the last item of a list or a tuple, else None."""
    items = items_of(things)
    return items[-1] if items else None
