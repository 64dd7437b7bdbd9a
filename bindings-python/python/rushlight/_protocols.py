"""What objects of the caller's own must have to take part."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from ._rushlight import Passage, ToolCall, ToolContext

Vectors: TypeAlias = Sequence[Sequence[float]]
Pieces: TypeAlias = Iterable[str | Mapping[str, Any]] | AsyncIterable[str | Mapping[str, Any]]


class Embedder(Protocol):
    """Gives texts their vectors: an object of your own with this method, sync or async, and these attributes.

    It may have the attribute `max_tokens`, how many tokens of a text count (all by default), and a sync method
    `count_tokens(text)` (by default, three bytes are a token): passages are cut by them. If it tells questions from
    passages, it has a method `embed_queries(texts)`, too.
    """

    @property
    def name(self) -> str:
        """Tells embedders apart: a store is opened only with the name that it was made with."""
        ...

    @property
    def dimensions(self) -> int:
        """Length of every vector."""
        ...

    def embed(self, texts: list[str], /) -> Vectors | Awaitable[Vectors]:
        """One vector for each text, in order."""
        ...


class Llm(Protocol):
    """A language model of your own: an object with this method.

    ```python
    class Parrot:
        async def generate(self, prompt):
            for word in prompt["messages"][-1]["content"].split():
                yield word + " "

    assistant = Assistant(Parrot())
    ```

    Of these attributes it may have any: `name`, a str that caches tell models by (without one, each object is a
    model of its own); `context_window`, the tokens that prompt and answer may have together (default 32 768); and
    a sync method `count_tokens(text)` (by default, three bytes are a token).
    """

    def generate(self, prompt: dict[str, Any], /) -> Pieces | Awaitable[Pieces]:
        """Answers a prompt, given in its JSON form, piece by piece: as a generator, sync or async, for example.

        A piece is text, or a dict: `{"type": "tool_call", "name": …, "arguments": …}` asks for a tool, and
        `{"type": "done", "finish_reason": …, "usage": {"input_tokens": …, "output_tokens": …}}`, which may be left
        out, is the last. When nobody reads any more, the iterator is closed.
        """
        ...


class Retriever(Protocol):
    """A source of passages: a `KnowledgeBase` or `KnowledgeRetriever`, or an object of your own with this method, sync or async.

    Its attribute `version`, an int, should change whenever the same question may give other passages.
    Without one, no answer that rests on its passages is taken from a cache.
    """

    def retrieve(self, question: str, k: int, /) -> Sequence[Passage] | Awaitable[Sequence[Passage]]:
        """At most `k` passages for a question, best first.

        A run with a filter gives it as a third argument; a method that takes none fails it.
        """
        ...


class Reranker(Protocol):
    """Puts passages in a new order: an object of your own with this method, sync or async.

    It may have the attribute `name`, a str that caches of answers tell rerankers by: another one where the same
    passages may get another order. Without one, each object is a reranker of its own.
    """

    def score(self, question: str, passages: list[Passage], /) -> Sequence[float] | Awaitable[Sequence[float]]:
        """One finite number for each passage, in order; higher is better."""
        ...


Decision: TypeAlias = bool | str | Awaitable[bool | str | None] | None
"""True lets a call run; False, or a str that says why, refuses it, and the model reads that. None says that nobody has decided yet:
the run ends with an `Answer.pending`, and can go on later."""

Approver: TypeAlias = Callable[["ToolCall"], Decision] | Callable[["ToolCall", "ToolContext"], Decision]
"""Decides about calls of tools with `approve`: a function of your own, sync or async.

It may take as long as the run may. Where it raises or returns something else, the call does not run. A parameter that is a
`ToolContext` tells for which run it is asked.
"""


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
