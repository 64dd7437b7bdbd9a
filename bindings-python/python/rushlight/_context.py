"""How functions of the caller's own learn for which run they are called."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from typing import Any

from ._rushlight import ToolContext


def hints_of(function: Callable[..., Any]) -> dict[str, Any]:
    """The type hints of a function, or of an object that can be called."""
    hinted = function if inspect.isroutine(function) else getattr(type(function), "__call__", function)
    return typing.get_type_hints(hinted, include_extras=True)


def context_parameter(hints: dict[str, Any]) -> str | None:
    """The name of the parameter that is a `ToolContext`.

    Raises:
        TypeError: more than one is.
    """
    names = [name for name, hint in hints.items() if hint is ToolContext and name != "return"]
    if len(names) > 1:
        raise TypeError(f"expected one `ToolContext` at most, got {' and '.join(f'`{name}`' for name in names)}")
    return names[0] if names else None


def told_of_the_run(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with the context in front of its arguments, which reaches it if a parameter of it is a `ToolContext`."""
    try:
        name = context_parameter(hints_of(function))
    except (NameError, AttributeError):  # Hints that cannot be read, as those of a name for type checkers alone.
        name = None
    if name is None:
        return lambda _context, *arguments: function(*arguments)
    return lambda context, *arguments: function(*arguments, **{name: context})
