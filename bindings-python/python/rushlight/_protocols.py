"""What objects of the caller's own must have to take part."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ._rushlight import Passage


class Retriever(Protocol):
    """A source of passages: a `KnowledgeBase`, or an object of your own with this method, sync or async.

    Its attribute `version`, an int, should change whenever the same question may give other passages.
    Without one, no answer that rests on its passages is taken from a cache.
    """

    def retrieve(self, question: str, k: int, /) -> Sequence[Passage] | Awaitable[Sequence[Passage]]:
        """At most `k` passages for a question, best first."""
        ...


class Cache(Protocol):
    """A cache of your own: an object with these methods, sync or async."""

    def get(self, key: bytes, /) -> bytes | None | Awaitable[bytes | None]:
        """The newest value that was put under a key of 32 bytes, unless it expired."""
        ...

    def put(self, key: bytes, value: bytes, /) -> object:
        """Stores or replaces a value."""
        ...

    def remove(self, key: bytes, /) -> object:
        """Drops a value; nothing happens if there is none."""
        ...
