"""LangGraph's agent, as LangChain makes it, over a model that says what it is told."""

import itertools

from agent_turns import ANSWER, QUESTION, aadd, add, turns
from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from protocol import serve


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
        conversation = {"messages": [{"role": "user", "content": QUESTION}]}
        # New messages each time: the graph gives them ids.
        script = itertools.chain.from_iterable(
            (AIMessage(content="", tool_calls=[call]), AIMessage(content=ANSWER)) for _ in range(questions)
        )
        agent = create_agent(
            Scripted(messages=script),
            tools=[tool("add")(aadd if asynchronous else add)],
            system_prompt="You are a helpful assistant.",
        )

        async def arun():
            return (await agent.ainvoke(conversation))["messages"][-1].content

        return turns(
            questions, arun if asynchronous else lambda: agent.invoke(conversation)["messages"][-1].content
        )


if __name__ == "__main__":
    serve(LangGraph())
