"""Conditions on the fields of passages, as plain dicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, TypedDict, Union


class Equals(TypedDict):
    """The field has this value."""

    field: str
    equals: str


class AnyOf(TypedDict):
    """The field has one of these values."""

    field: str
    any_of: Sequence[str]


class StartsWith(TypedDict):
    """The field's value begins so."""

    field: str
    starts_with: str


class Exists(TypedDict):
    """The field is there, or with `False` is not."""

    field: str
    exists: bool


class All(TypedDict):
    """All of them hold."""

    all: Sequence[Filter]


class Any(TypedDict):
    """At least one of them holds."""

    any: Sequence[Filter]


Not = TypedDict("Not", {"not": "Filter"})
"""It does not hold."""

Filter: TypeAlias = Union[Equals, AnyOf, StartsWith, Exists, All, Any, Not]
"""Which passages may be found, by the metadata of their documents; the field `source` is the document's source."""
