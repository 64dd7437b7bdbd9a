"""Pydantic AI's agent over a model that is a function."""

import asyncio
import time

from protocol import serve
from pydantic_ai import Agent, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import FunctionModel

QUESTION = "What is 19 plus 23?"
ANSWER = "19 plus 23 is 42."


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


async def aadd(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def say(messages, _info):
    """A call, and after its value the answer."""
    if any(isinstance(part, ToolReturnPart) for part in messages[-1].parts):
        return ModelResponse(parts=[TextPart(ANSWER)])
    return ModelResponse(parts=[ToolCallPart("add", {"a": 19, "b": 23})])


class PydanticAi:
    """One agent for each request."""

    def ask(self, questions, asynchronous):
        """Asks from sync or from async code."""
        agent = Agent(FunctionModel(say), instructions="You are a helpful assistant.")
        agent.tool_plain(name="add")(aadd if asynchronous else add)
        seconds = asyncio.run(arun(agent, questions)) if asynchronous else run(agent, questions)
        return {"seconds": seconds, "turns": 2 * questions}


def run(agent, questions):
    """The seconds that all questions take."""
    started = time.perf_counter()
    for _ in range(questions):
        assert agent.run_sync(QUESTION).output == ANSWER
    return time.perf_counter() - started


async def arun(agent, questions):
    """The seconds that all questions take."""
    started = time.perf_counter()
    for _ in range(questions):
        assert (await agent.run(QUESTION)).output == ANSWER
    return time.perf_counter() - started


if __name__ == "__main__":
    serve(PydanticAi())
