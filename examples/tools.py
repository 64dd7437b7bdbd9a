"""Lets the model call a function: its name, docstring and type hints are all that the model needs to know."""

import sys

from rushlight import Assistant, Done, Limits, LocalLlm, ToolCall, ToolOutput, tool


@tool
def track(number: int) -> str:
    """Where a parcel is.

    Args:
        number: The number on the label.
    """
    return f"parcel {number} is in Lyon"


model = sys.argv[1] if len(sys.argv) > 1 else "SmolLM2-135M-Instruct"
assistant = Assistant(LocalLlm(model), tools=[track], limits=Limits(max_output_tokens=64))

with assistant.stream("Where is parcel 4711?") as events:
    for event in events:
        match event:
            case ToolCall(name, arguments):
                print("->", name, arguments)
            case ToolOutput(name, content):
                print("<-", content)
            case Done(answer):
                print(answer.text)
