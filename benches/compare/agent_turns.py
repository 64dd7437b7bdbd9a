"""What agents are asked in Python: a question that takes a call of a tool, and the answer."""

import asyncio
import inspect
import time

QUESTION = "What is 19 plus 23?"
ANSWER = "19 plus 23 is 42."


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


async def aadd(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def turns(questions, ask):
    """The reply for so many questions, which `ask`, a function or a coroutine function, answers one after the other."""
    if inspect.iscoroutinefunction(ask):
        seconds = asyncio.run(aseconds(questions, ask))
    else:
        started = time.perf_counter()
        for _ in range(questions):
            assert ask() == ANSWER
        seconds = time.perf_counter() - started
    return {"seconds": seconds, "turns": 2 * questions}


async def aseconds(questions, ask):
    """The seconds that all questions take."""
    started = time.perf_counter()
    for _ in range(questions):
        assert await ask() == ANSWER
    return time.perf_counter() - started
