"""An agent runtime that you link instead of deploy.

A local language model, your own documents, tools and caches in one process:

```python
from rushlight import Assistant, LocalLlm

assistant = Assistant(LocalLlm("SmolLM2-135M-Instruct"))
print(assistant.run("What is the capital of France?").text)
```

The main type is `Assistant`. Think of it as a function from a question to an `Answer`, whose steps can be
watched (`stream`, `astream`) and stopped at any time.
"""

from typing import TypeAlias

from ._errors import (
    BusyError,
    CancelledError,
    ContextTooLongError,
    CorruptError,
    Error,
    ForeignError,
    InvalidError,
    IoError,
    ModelError,
    OverloadedError,
    StoppedError,
    TimeoutError,
    UnknownError,
)
from ._options import HnswOptions, KnowledgeBaseOptions, LocalLlmOptions
from ._protocols import Cache, Embedder, Llm, Retriever
from ._rushlight import (
    Answer,
    Assistant,
    AsyncEventStream,
    Citation,
    DeviceInfo,
    Document,
    Done,
    EventStream,
    FailedDocument,
    FetchProgress,
    HashedEmbedder,
    IngestProgress,
    IngestReport,
    KnowledgeBase,
    KnowledgeBaseInfo,
    KnownModel,
    Limits,
    LoadProgress,
    LocalEmbedder,
    LocalLlm,
    MemoryCache,
    MemoryEstimate,
    MemorySessions,
    ModelInfo,
    ModelRegistry,
    Passage,
    RegisteredModel,
    Report,
    Retrieved,
    Sampling,
    Scores,
    ScriptedLlm,
    Text,
    ToolCall,
    ToolOutput,
    Usage,
    VectorIndex,
    __version__,
    afetch,
    devices,
    fetch,
    models,
)
from ._tool import Tool, tool

Event: TypeAlias = Retrieved | Text | ToolCall | ToolOutput | Done
"""One step of a run."""

__all__ = [
    "Answer",
    "Assistant",
    "AsyncEventStream",
    "BusyError",
    "Cache",
    "CancelledError",
    "Citation",
    "ContextTooLongError",
    "CorruptError",
    "DeviceInfo",
    "Document",
    "Done",
    "Embedder",
    "Error",
    "Event",
    "EventStream",
    "FailedDocument",
    "FetchProgress",
    "ForeignError",
    "HashedEmbedder",
    "HnswOptions",
    "IngestProgress",
    "IngestReport",
    "InvalidError",
    "IoError",
    "KnowledgeBase",
    "KnowledgeBaseInfo",
    "KnowledgeBaseOptions",
    "KnownModel",
    "Limits",
    "Llm",
    "LoadProgress",
    "LocalEmbedder",
    "LocalLlm",
    "LocalLlmOptions",
    "MemoryCache",
    "MemoryEstimate",
    "MemorySessions",
    "ModelError",
    "ModelInfo",
    "ModelRegistry",
    "OverloadedError",
    "Passage",
    "RegisteredModel",
    "Report",
    "Retrieved",
    "Retriever",
    "Sampling",
    "Scores",
    "ScriptedLlm",
    "StoppedError",
    "Text",
    "TimeoutError",
    "Tool",
    "ToolCall",
    "ToolOutput",
    "UnknownError",
    "Usage",
    "VectorIndex",
    "__version__",
    "afetch",
    "devices",
    "fetch",
    "models",
    "tool",
]
