"""rushlight's assistant over its scripted model, from Python."""

from agent_turns import ANSWER, QUESTION, aadd, add, turns
from protocol import serve
from rushlight import Assistant, ScriptedLlm, tool


class Rushlight:
    """One assistant for each request."""

    def ask(self, questions, asynchronous):
        """Asks from sync or from async code."""
        script = [{"tool_calls": [{"name": "add", "arguments": {"a": 19, "b": 23}}]}, ANSWER] * questions
        adding = tool(name="add")(aadd if asynchronous else add)
        assistant = Assistant(ScriptedLlm(script), tools=[adding])

        async def arun():
            return (await assistant.arun(QUESTION)).text

        return turns(questions, arun if asynchronous else lambda: assistant.run(QUESTION).text)


if __name__ == "__main__":
    serve(Rushlight())
