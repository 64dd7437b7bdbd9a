"""The event loop of async functions that are called from sync code."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import threading
from collections.abc import Awaitable, Callable
from typing import Any

_lock = threading.Lock()
_loops: dict[int, asyncio.AbstractEventLoop] = {}


def event_loop() -> asyncio.AbstractEventLoop:
    """Gives this process's own loop, which runs in a daemon thread from the first call on."""
    with _lock:
        loop = _loops.get(os.getpid())
        if loop is None:
            _loops.clear()
            loop = _loops[os.getpid()] = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="rushlight-asyncio", daemon=True).start()
        return loop


class Call:
    """An awaitable that runs on a loop, which any thread may start and cancel."""

    def __init__(
        self,
        awaitable: Awaitable[Any],
        loop: asyncio.AbstractEventLoop | None,
        context: contextvars.Context,
        ended: Callable[[Any, BaseException | None], None],
    ) -> None:
        """Starts it on `loop`, or on this process's own, with these context variables; `ended` gets what it gives or raises."""
        self._loop = loop or event_loop()
        self._task: asyncio.Task[None] | None = None
        try:
            self._loop.call_soon_threadsafe(self._start, awaitable, ended, context=context)
        except RuntimeError:  # The loop is closed.
            if callable(close := getattr(awaitable, "close", None)):
                close()
            raise

    def _start(self, awaitable: Awaitable[Any], ended: Callable[[Any, BaseException | None], None]) -> None:
        self._task = self._loop.create_task(_tell(awaitable, ended))

    def cancel(self) -> None:
        """Cancels it, unless it has ended."""
        with contextlib.suppress(RuntimeError):  # On a closed loop nothing runs any more.
            self._loop.call_soon_threadsafe(self._cancel)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()


async def _tell(awaitable: Awaitable[Any], ended: Callable[[Any, BaseException | None], None]) -> None:
    try:
        value = await awaitable
    except BaseException as exception:
        ended(None, exception)
        if not isinstance(exception, Exception):
            raise
    else:
        ended(value, None)
