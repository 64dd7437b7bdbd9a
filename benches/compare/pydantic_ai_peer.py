"""Pydantic AI's agent over a model that is a function."""

from agent_turns import ANSWER, QUESTION, aadd, add, turns
from protocol import serve
from pydantic_ai import Agent, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import FunctionModel


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

        async def arun():
            return (await agent.run(QUESTION)).output

        return turns(questions, arun if asynchronous else lambda: agent.run_sync(QUESTION).output)


if __name__ == "__main__":
    serve(PydanticAi())
