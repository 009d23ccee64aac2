# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The shapes that streams rely on of objects that are not ours, as types; looking at a shape runs none of the object's code."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from typing import Any, TypeGuard

Function = Callable[..., Any]
"""A function of a library or of the application: what it takes and gives is between it and its caller."""

Args = tuple[object, ...]
"""The arguments of a call that are given by position."""

Kwargs = dict[str, object]
"""The arguments of a call that are given by name."""

AsyncItems = AsyncGenerator[Any, Any]
"""An async generator of a library or of the application; what it gives and what can be sent to it is its own affair."""

Items = Generator[Any, Any, Any]
"""The same, not async."""

Asked = Generator[Any, Any, Any]
"""One step of a stream, asked for and not yet answered; a loop drives it as it drives an awaitable."""


def is_mapping(value: object) -> TypeGuard[Mapping[str, object]]:
    """Whether it is a JSON object: a mapping with names."""
    return isinstance(value, Mapping)


def is_list(value: object) -> TypeGuard[list[object] | tuple[object, ...]]:
    """Whether it is a JSON array."""
    return isinstance(value, list | tuple)


def own_attributes(value: object) -> dict[str, object]:
    """Return the attributes that an object holds itself. Properties are not asked: they may warn, or be slow."""
    attributes: object = getattr(value, "__dict__", None)
    return attributes if _is_dict(attributes) else {}


def members(error: BaseException) -> tuple[BaseException, ...]:
    """Return the exceptions of a group. Empty for any other exception."""
    return BaseExceptionGroup.exceptions.__get__(error) if _is_group(error) else ()


def _is_dict(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _is_group(error: BaseException) -> TypeGuard[BaseExceptionGroup[BaseException]]:
    return issubclass(type(error), BaseExceptionGroup)
