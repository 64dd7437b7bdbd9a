"""The event loop of async functions that are called from sync code."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading
from collections.abc import Awaitable
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


def submit(
    awaitable: Awaitable[Any], loop: asyncio.AbstractEventLoop | None
) -> concurrent.futures.Future[Any]:
    """Starts to await on `loop`, or on this process's own, with the current context variables."""
    coroutine = _result_of(awaitable)
    try:
        return asyncio.run_coroutine_threadsafe(coroutine, loop or event_loop())
    except RuntimeError:  # The loop is closed.
        coroutine.close()
        if callable(close := getattr(awaitable, "close", None)):
            close()
        raise


async def _result_of(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
