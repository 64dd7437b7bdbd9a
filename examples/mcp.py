"""Takes the tools of another program, by the Model Context Protocol: of this one, which is started once more as a server."""

import sys

from rushlight import Assistant, Done, McpServer, McpTools, ScriptedLlm, ToolCall, ToolOutput, tool


@tool
def track(number: int) -> str:
    """Where a parcel is.

    Args:
        number: The number on the label.
    """
    return f"parcel {number} is in Lyon"


if sys.argv[1:] == ["serve"]:
    McpServer("parcels", tools=[track]).serve_stdio()
    sys.exit()

# A script in place of a model: a small one does not always call the tool.
llm = ScriptedLlm([{"tool_calls": [{"name": "track", "arguments": {"number": 4711}}]}, "It is in Lyon."])

with McpTools.connect({"command": sys.executable, "args": [__file__, "serve"]}) as tools:
    print("tools:", *tools.names)
    with Assistant(llm, tools=[tools]).stream("Where is parcel 4711?") as events:
        for event in events:
            match event:
                case ToolCall(name, arguments):
                    print("->", name, arguments)
                case ToolOutput(name, content):
                    print("<-", content)
                case Done(answer):
                    print(answer.text)
