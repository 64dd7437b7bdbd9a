"""LangGraph's agent, as LangChain makes it, over a model that says what it is told."""

import asyncio
import itertools
import time

from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from protocol import serve

ANSWER = "19 plus 23 is 42."
QUESTION = {"messages": [{"role": "user", "content": "What is 19 plus 23?"}]}


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@tool("add")
async def aadd(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


class Scripted(GenericFakeChatModel):
    """It takes no notice of the tools that it is given."""

    def bind_tools(self, tools, **_options):
        """The same model."""
        return self


class LangGraph:
    """One agent for each request."""

    def ask(self, questions, asynchronous):
        """Asks from sync or from async code."""
        call = {"name": "add", "args": {"a": 19, "b": 23}, "id": "call_1"}
        # New messages each time: the graph gives them ids.
        script = itertools.chain.from_iterable(
            (AIMessage(content="", tool_calls=[call]), AIMessage(content=ANSWER)) for _ in range(questions)
        )
        agent = create_agent(
            Scripted(messages=script),
            tools=[aadd if asynchronous else add],
            system_prompt="You are a helpful assistant.",
        )
        seconds = asyncio.run(arun(agent, questions)) if asynchronous else run(agent, questions)
        return {"seconds": seconds, "turns": 2 * questions}


def run(agent, questions):
    """The seconds that all questions take."""
    started = time.perf_counter()
    for _ in range(questions):
        assert agent.invoke(QUESTION)["messages"][-1].content == ANSWER
    return time.perf_counter() - started


async def arun(agent, questions):
    """The seconds that all questions take."""
    started = time.perf_counter()
    for _ in range(questions):
        assert (await agent.ainvoke(QUESTION))["messages"][-1].content == ANSWER
    return time.perf_counter() - started


if __name__ == "__main__":
    serve(LangGraph())
