"""rushlight's assistant over its scripted model, from Python."""

import asyncio
import time

from protocol import serve
from rushlight import Assistant, ScriptedLlm, tool

QUESTION = "What is 19 plus 23?"
ANSWER = "19 plus 23 is 42."


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@tool(name="add")
async def aadd(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


class Rushlight:
    """One assistant for each request."""

    def ask(self, questions, asynchronous):
        """Asks from sync or from async code."""
        script = [{"tool_calls": [{"name": "add", "arguments": {"a": 19, "b": 23}}]}, ANSWER] * questions
        assistant = Assistant(ScriptedLlm(script), tools=[aadd if asynchronous else add])
        seconds = asyncio.run(arun(assistant, questions)) if asynchronous else run(assistant, questions)
        return {"seconds": seconds, "turns": 2 * questions}


def run(assistant, questions):
    """The seconds that all questions take."""
    started = time.perf_counter()
    for _ in range(questions):
        assert assistant.run(QUESTION).text == ANSWER
    return time.perf_counter() - started


async def arun(assistant, questions):
    """The seconds that all questions take."""
    started = time.perf_counter()
    for _ in range(questions):
        assert (await assistant.arun(QUESTION)).text == ANSWER
    return time.perf_counter() - started


if __name__ == "__main__":
    serve(Rushlight())
