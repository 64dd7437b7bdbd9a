"""What a model of the caller's own says, step by step."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio


def pieces(said: Any) -> Pieces | AsyncPieces:
    """Gives one step after the other of what `generate` returned: an iterable, an async one, or a single piece."""
    if isinstance(said, (str, Mapping)):
        return Pieces(iter((said,)))
    if hasattr(said, "__aiter__"):
        return AsyncPieces(aiter(said))
    if hasattr(said, "__iter__"):
        return Pieces(iter(said))
    kind = type(said).__name__
    raise TypeError(f"expected `generate` to give an iterable or async iterable of pieces, got `{kind}`")


class Pieces:
    """An iterator that is closed from another thread, once the step under way has ended."""

    def __init__(self, iterator: Iterator[Any]) -> None:
        self._iterator = iterator
        self._step = threading.Lock()
        self._is_closed = False

    def next(self) -> Any:
        """Gives the next piece, or raises `StopIteration`."""
        try:
            with self._step:
                return next(self._iterator)
        finally:
            if self._is_closed:
                self.close()

    def close(self) -> None:
        """Ends the iterator, now or after the step under way."""
        self._is_closed = True
        if self._step.acquire(blocking=False):
            try:
                if callable(close := getattr(self._iterator, "close", None)):
                    close()
            finally:
                self._step.release()


class AsyncPieces:
    """An async iterator that is closed once the step under way has ended."""

    def __init__(self, iterator: AsyncIterator[Any]) -> None:
        self._iterator = iterator
        self._step: asyncio.Task[Any] | None = None

    async def next(self) -> Any:
        """Gives the next piece, or raises `StopAsyncIteration`."""
        from asyncio import current_task

        self._step = current_task()
        return await anext(self._iterator)

    async def close(self) -> None:
        """Ends the iterator, after the step under way, which is cancelled."""
        from asyncio import wait

        if self._step is not None:
            await wait([self._step])
        if callable(close := getattr(self._iterator, "aclose", None)):
            await close()
