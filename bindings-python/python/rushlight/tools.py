"""Tools that ship: what most agents need.

Each function makes one tool, under the name that the model calls it by, for `Assistant(tools=[…])` beside functions of
your own:

```python
from rushlight import Assistant, LocalLlm, tools

assistant = Assistant(
    LocalLlm("Qwen2.5-Coder-0.5B-Instruct"),
    tools=[tools.search_code("src"), tools.read_file("src"), tools.calculate()],
)
```

What bounds a tool is said when it is made; a model's arguments can only narrow it.
"""

from ._options import (
    AllowedCommand,
    CurrentTimeOptions,
    FetchPageOptions,
    ReadFileOptions,
    RunCommandOptions,
    SearchCodeOptions,
    SearchKnowledgeOptions,
)
from ._rushlight import (
    BuiltinTool,
    calculate,
    current_time,
    fetch_page,
    read_file,
    run_command,
    search_code,
    search_knowledge,
)

__all__ = [
    "AllowedCommand",
    "BuiltinTool",
    "CurrentTimeOptions",
    "FetchPageOptions",
    "ReadFileOptions",
    "RunCommandOptions",
    "SearchCodeOptions",
    "SearchKnowledgeOptions",
    "calculate",
    "current_time",
    "fetch_page",
    "read_file",
    "run_command",
    "search_code",
    "search_knowledge",
]
