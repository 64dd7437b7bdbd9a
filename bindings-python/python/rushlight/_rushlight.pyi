# Made by bindings-python/stubs.py from the Rust sources. Do not edit.
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Final, Literal, NoReturn, final
from typing_extensions import Unpack, disjoint_base
from ._agents import HandOff, Route
from ._errors import Error
from ._filter import Filter
from ._options import AllowedCommand, AssistantParts, BatchRequest, CurrentTimeOptions, ExtractOptions, FetchPageOptions, KnowledgeBaseOptions, LocalLlmOptions, McpEndpoint, McpToolsOptions, ReadFileOptions, RemoteEmbedderOptions, RemoteLlmOptions, RetrieverOptions, RunCommandOptions, RunOptions, SearchCodeOptions, SearchKnowledgeOptions, ToolPolicy, WebOptions
from ._protocols import Approver, Cache, Embedder, Llm, Reranker, Retriever
from ._tool import Tool

__all__ = ["__version__", "Agent", "Answer", "Assistant", "AsyncEventStream", "BuiltinTool", "CachedEmbedder", "Citation", "CompactReport", "DeviceInfo", "Distribution", "Document", "Done", "EventStream", "FailedDocument", "FetchProgress", "HandedOff", "HashedEmbedder", "IngestProgress", "IngestReport", "KnowledgeBase", "KnowledgeBaseInfo", "KnowledgeRetriever", "KnownModel", "Limits", "LoadProgress", "LocalEmbedder", "LocalLlm", "LocalReranker", "McpHttpServer", "McpServer", "McpTools", "MemoryCache", "MemoryEstimate", "MemorySessions", "ModelInfo", "ModelRegistry", "Passage", "PendingRun", "QuantizeProgress", "QuantizeReport", "QuantizedTensor", "RegisteredModel", "RemoteEmbedder", "RemoteLlm", "Report", "Retrieved", "Routed", "Router", "Sampling", "Scores", "ScriptedLlm", "Slo", "SloReport", "Slos", "StoreCheck", "StoreInfo", "Text", "ToolCall", "ToolContext", "ToolMetrics", "ToolMetricsReport", "ToolOutput", "ToolReport", "Usage", "VectorIndex", "afetch", "aquantize", "calculate", "current_time", "devices", "fetch", "fetch_page", "models", "quantize", "read_file", "run_command", "search_code", "search_knowledge"]

__version__: Final[str]

@disjoint_base
class Agent:
    """
    Whoever answers questions: an `Assistant`, or a `Router` that chooses one of several.

    It may be used from any thread and any event loop, and by many at once.
    """
    def __reduce__(self, /) -> NoReturn: ...
    async def aextract(self, /, question: str, schema: Any, **options: Unpack[ExtractOptions]) -> Any:
        """
        As `extract`, from async code. Cancelling the task stops the run.
        """
    async def arun(self, /, question: str | PendingRun, **options: Unpack[RunOptions]) -> Answer:
        """
        The answer to a question, from async code. Cancelling the task stops the run.
        """
    async def arun_batch(self, /, requests: Sequence[str | BatchRequest], *, concurrency: int | None = None) -> list[Answer | Error]:
        """
        As `run_batch`, from async code. Cancelling the task stops all.
        """
    def as_tool(self, /, name: str, description: str, *, max_depth: int | None = None, **policy: Unpack[ToolPolicy]) -> BuiltinTool:
        """
        This agent as a tool that assistants may ask: its argument is a question, its value the answer's text.

        ```python
        reviewer = Assistant(llm, instructions="You review code.")
        assistant = Assistant(llm, tools=[reviewer.as_tool("reviewer", "Finds mistakes in code")])
        ```

        It is asked in the name of the run that calls it: with its scopes, filter, priority and what is left of its deadline, but
        in no session. Its tokens count as the run's own. Where it fails or is too late, the model reads that.

        Args:
            name: the name that the model uses
            description: what the model is told about it
            max_depth: how many agents may ask each other until this one is not asked any more; default 4
            policy: what keeps its calls in check; see `ToolPolicy`. Without a `timeout` it is 10 minutes.
        """
    def astream(self, /, question: str | PendingRun, **options: Unpack[RunOptions]) -> AsyncEventStream:
        """
        The events of a run, from async code.

        The run stops when the task is cancelled, when you leave the `async with` block, call `aclose`, or
        let the stream go.
        """
    def extract(self, /, question: str, schema: Any, **options: Unpack[ExtractOptions]) -> Any:
        """
        The answer to a question as a value that fits a schema.

        A `LocalLlm` can write nothing else; the answer of every model is validated. Ctrl-C stops the run.

        ```python
        @dataclass
        class Review:
            stars: int

        review = assistant.extract("How was it?", Review)
        ```

        Args:
            question: the question; must not be blank
            schema: a dataclass, a TypedDict, a pydantic model or another type that a tool's argument may have, of which a
                value is returned; or a JSON Schema
            options: `session`, `history`, `priority`, `filter`, `scopes`, `dry_run`, `tool_choice`, `parallel_calls`,
                `call_threshold`, `citing` and `deadline`; see `ExtractOptions`

        Raises:
            ModelError: the answer does not fit; the text names the place and the rule that it breaks.
            TypeError: the type has no JSON Schema.
        """
    def run(self, /, question: str | PendingRun, **options: Unpack[RunOptions]) -> Answer:
        """
        The answer to a question, after the whole run. Ctrl-C stops it.

        Args:
            question: the question; must not be blank; or a run that waited for an approval, with `decisions` as its only option
            options: `session`, `history`, `priority`, `filter`, `schema`, `scopes`, `dry_run`, `tool_choice`, `parallel_calls`,
                `call_threshold`, `citing` and `deadline`; see `RunOptions`
        """
    def run_batch(self, /, requests: Sequence[str | BatchRequest], *, concurrency: int | None = None) -> list[Answer | Error]:
        """
        The answers to many questions, in their order. A question that fails does not stop the others: in the place of its
        answer is its error, which is not raised. Ctrl-C stops all.

        ```python
        for answer in assistant.run_batch(["Why?", dict(question="And now?", session="ann")]):
            print(answer.text if isinstance(answer, Answer) else answer.code)
        ```

        Args:
            requests: questions, or dicts with a `question` and the options of `run`
            concurrency: how many are worked on at the same time; default 10
        """
    def stream(self, /, question: str | PendingRun, **options: Unpack[RunOptions]) -> EventStream:
        """
        The events of a run, step by step.

        The run goes on while you iterate, and stops when you leave the `with` block, call `close`, or let
        the stream go.

        ```python
        with assistant.stream("Why?") as events:
            for event in events:
                if event.type == "text":
                    print(event.text, end="")
        ```
        """

@final
class Answer:
    """
    The outcome of a run.
    """
    __match_args__: Final = ("text", "citations", "finish_reason")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    def __str__(self, /) -> str: ...
    @property
    def answered_by(self, /) -> str | None:
        """
        Whose answer this is: the agent to which the conversation was handed over last, or that a `Router` chose.
        """
    @property
    def cached(self, /) -> bool:
        """
        Whether the answer came from the cache.
        """
    @property
    def citations(self, /) -> list[Citation]:
        """
        The passages that the text rests on, in the order of their numbers.
        """
    @property
    def finish_reason(self, /) -> str:
        """
        Why the last generation ended: `stop`, `length` or `tool_calls`.
        """
    @property
    def pending(self, /) -> PendingRun | None:
        """
        The run, where calls of its last turn wait for an approval: the text is not the whole answer then.
        """
    @property
    def report(self, /) -> Report:
        """
        What happened, with times.
        """
    @property
    def text(self, /) -> str:
        """
        The text of the last turn: what the person reads.
        """
    def to_json(self, /) -> dict[str, Any]:
        """
        The JSON form, the same in all languages; without the report.
        """
    @property
    def usage(self, /) -> Usage:
        """
        Tokens of all turns, and of what tools asked models.
        """

@final
class Assistant(Agent):
    """
    The agent that rushlight ships: answers from documents, with tools, a memory and a cache.

    It may be used from any thread and any event loop, and by many at once.
    """
    def __new__(cls, /, llm: LocalLlm | RemoteLlm | ScriptedLlm | Llm, *, instructions: str | None = None, tools: Sequence[Tool[..., Any] | Callable[..., Any] | BuiltinTool | McpTools] = ..., retriever: Retriever | None = None, cache: MemoryCache | Cache | None = None, sessions: MemorySessions | None = None, sampling: Sampling | Mapping[str, Any] | None = None, limits: Limits | Mapping[str, Any] | None = None, tool_timeout: float | None = None, approver: Approver | None = None, tool_metrics: ToolMetrics | None = None, hand_offs: Sequence[HandOff] = ..., cache_tool_answers: bool = False, record: str | PathLike[str] | None = None) -> Assistant:
        """
        An assistant around a model; everything else is optional.

        Args:
            llm: the model: a `LocalLlm`, a `RemoteLlm`, a `ScriptedLlm`, or any object with a method `generate(prompt)` that gives
                pieces of text and tool calls
            instructions: who the assistant is and what it does
            tools: functions that the model may call, decorated with `tool` or not, what the functions of
                `rushlight.tools` make, and the tools of servers, as `McpTools.connect` gives them
            retriever: answers rest on the passages that it finds: a `KnowledgeBase`, what its method `retriever`
                gives, or any object with a method `retrieve(question, k)` that gives passages
            cache: answers are kept here and given again: a `MemoryCache`, or any object with the methods
                `get(key)`, `put(key, value)` and `remove(key)` for bytes
            sessions: remembers conversations
            sampling: how the model chooses tokens: a `Sampling` or a dict of its fields
            limits: what one run may spend: `Limits` or a dict of its fields
            tool_timeout: seconds that each tool may run that has no timeout of its own; default 5
            approver: decides about calls of tools with `approve`: a function, sync or async, that gets the `ToolCall` and
                gives True, or False or a reason why not; without one they do not run
            tool_metrics: where tool calls are counted
            hand_offs: agents to which the model may hand the conversation over, by a tool `transfer_to_NAME`: they go on with
                what was said before, and give the answer
            cache_tool_answers: keeps answers that needed tools, too
            record: a file, replaced if it is there, that keeps everything that runs are told by model, tools, retriever, cache
                and sessions, as it is: `Assistant.replay` gives the same events again
        """
    @staticmethod
    async def afrom_spec(spec: str | PathLike[str] | Mapping[str, Any], *, profile: str | None = None, llm: LocalLlm | RemoteLlm | ScriptedLlm | Llm | None = None, **parts: Unpack[AssistantParts]) -> Assistant:
        """
        As `from_spec`, from async code.
        """
    async def awarm_up(self, /) -> None:
        """
        As `warm_up`, from async code.
        """
    def beginning(self, /) -> dict[str, Any]:
        """
        What the prompts of all runs begin with, instructions and tools: for `LocalLlm.save_prefix`.
        """
    def forget_results(self, /, tool: str) -> None:
        """
        Forgets what the `cache` of a tool keeps, also of calls that still run.

        Raises:
            UnknownError: no tool has this name.
        """
    @staticmethod
    def from_spec(spec: str | PathLike[str] | Mapping[str, Any], *, profile: str | None = None, llm: LocalLlm | RemoteLlm | ScriptedLlm | Llm | None = None, **parts: Unpack[AssistantParts]) -> Assistant:
        """
        The assistant of a spec: a file in TOML or JSON, which is the same in Rust and Node, or a dict of what such a file
        says. Durations are numbers of seconds or text such as `30s`.

        An `agent.toml`, and its assistant:

            model = "Qwen2.5-Coder-0.5B-Instruct"
            instructions = "You answer in one sentence."
            sampling.temperature = 0.2
            limits = { max_output_tokens = 160, deadline = "30s" }
            tools.calculate = { rate = "100/min" }

            assistant = Assistant.from_spec("agent.toml", tools=[rushlight.tools.calculate()])

        Its keys are `model`, `model_options` (those of `LocalLlm`), `remote_model` (`url`, `name`, `api_key_env`, the environment
        variable that holds the key, and the `options` of `RemoteLlm`; used where there is no `model`), `instructions`, `sampling`, `limits`, `tools` (for each by
        name what of its policy is other than the tool's own), `retriever` (how a `KnowledgeBase` is searched), `cache` and
        `sessions` (bounds of a `MemoryCache` and of `MemorySessions`; without them there is none), `cache_tool_answers`, and
        `profiles`: other `instructions`, `sampling` and `limits` by name. Paths of models begin at the file's folder, and the
        environment variable `RUSHLIGHT_MODEL` comes in the place of a file's `model`.

        Args:
            spec: the file, whose name ends in `.toml` or `.json`, or a dict
            profile: the profile whose parameters are used; by default none
            llm: the model, in the place of the spec's; assistants of several profiles may share one
            parts: `tools`, the functions of exactly those that the spec names; `retriever`, `tool_timeout`, `approver`,
                `tool_metrics`, `hand_offs` and `record`, as those of the class; `cache` and `sessions`, in the place of the spec's

        Raises:
            IoError: the file cannot be read.
            InvalidError: a key is not known, or a value is of the wrong type or out of its range: the text has its path, and
                the file; the tools are not those that the spec names; or there is nothing that `retriever` could search.
            UnknownError: there is no profile or no model of this name.
            ModelError: the model cannot be loaded.
        """
    @staticmethod
    def replay(path: str | PathLike[str]) -> Assistant:
        """
        The assistant of a journal that `record` made: the same runs give the same events, without model, tools or network.

        Raises:
            CorruptError: the journal is cut or damaged; the text names the line.
            DivergedError: from a run that asks for something else than the recorded one did.
        """
    def warm_up(self, /) -> None:
        """
        Lets the model compute instructions and tools now, so that the first run need not.
        """

@final
class AsyncEventStream:
    """
    The events of a run: an async iterator and an async context manager.
    """
    async def __aenter__(self, /) -> AsyncEventStream: ...
    async def __aexit__(self, /, *_exception: object) -> None: ...
    def __aiter__(self, /) -> AsyncEventStream: ...
    def __anext__(self, /) -> Awaitable[Retrieved | Text | ToolCall | ToolOutput | HandedOff | Routed | Done]: ...
    def __reduce__(self, /) -> NoReturn: ...
    async def _next(self, /) -> Retrieved | Text | ToolCall | ToolOutput | HandedOff | Routed | Done:
        """
        The next event.
        """
    async def aclose(self, /) -> None:
        """
        Stops the run, if it has not ended.
        """
    @property
    def answer(self, /) -> Answer | None:
        """
        The answer, once the last event was read.
        """

@final
class BuiltinTool:
    """
    A tool that ships with rushlight, or an assistant as one, for `Assistant(tools=[…])`. Made by the functions of
    `rushlight.tools`, and by `Assistant.as_tool`.
    """
    def __reduce__(self, /) -> NoReturn: ...
    def __repr__(self, /) -> str: ...
    @property
    def description(self, /) -> str:
        """
        What the model is told about it.
        """
    @property
    def name(self, /) -> str:
        """
        The name that the model uses.
        """
    @property
    def parameters(self, /) -> Any:
        """
        The arguments as a JSON Schema (2020-12) of type `object`.
        """
    @property
    def timeout(self, /) -> float | None:
        """
        Seconds that one call may run; None leaves it to the assistant.
        """

@final
class CachedEmbedder:
    """
    An embedder that computes the vector of a passage once and keeps it in a cache, by its own name and the text. Questions
    are not kept.
    """
    def __new__(cls, /, embedder: LocalEmbedder | HashedEmbedder | Embedder, cache: MemoryCache | Cache) -> CachedEmbedder:
        """
        What an embedder computes, unless a cache has it.

        Args:
            embedder: one of this package, or any object with the method of an embedder
            cache: a `MemoryCache`, or any object with the methods of a cache; embedders of different names, and answers,
                may share it
        """
    def __reduce__(self, /) -> NoReturn: ...
    def __repr__(self, /) -> str: ...
    async def aembed(self, /, texts: Sequence[str]) -> list[list[float]]:
        """
        Does the same as `embed` from async code.
        """
    async def aembed_queries(self, /, texts: Sequence[str]) -> list[list[float]]:
        """
        Does the same as `embed_queries` from async code.
        """
    @property
    def dimensions(self, /) -> int:
        """
        Length of every vector.
        """
    def embed(self, /, texts: Sequence[str]) -> list[list[float]]:
        """
        The vectors of passages, each of length 1.
        """
    def embed_queries(self, /, texts: Sequence[str]) -> list[list[float]]:
        """
        The vectors of questions, which some models tell from passages.
        """
    @property
    def max_tokens(self, /) -> int:
        """
        How many tokens of a text count; the rest is ignored.
        """
    @property
    def name(self, /) -> str:
        """
        The embedder's name: vectors of different names cannot be compared.
        """

@final
class Citation:
    """
    A passage that an answer rests on.
    """
    __match_args__: Final = ("number", "passage", "source", "title", "origin")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def number(self, /) -> int:
        """
        The passage's number in the prompt, from 1.
        """
    @property
    def origin(self, /) -> str:
        """
        `written` if the model wrote the number, `attributed` if the passage shares the answer's words.
        """
    @property
    def passage(self, /) -> str:
        """
        The passage's id.
        """
    @property
    def source(self, /) -> str:
        """
        The document's source.
        """
    @property
    def title(self, /) -> str:
        """
        The document's title.
        """

@final
class CompactReport:
    """
    What compacting a store gained.
    """
    __match_args__: Final = ("bytes_before", "bytes_after")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def bytes_after(self, /) -> int:
        """
        Their length after.
        """
    @property
    def bytes_before(self, /) -> int:
        """
        The length of all files in bytes before.
        """

@final
class DeviceInfo:
    """
    A device on which models can compute.
    """
    __match_args__: Final = ("device", "name", "memory_bytes", "free_bytes")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def device(self, /) -> str:
        """
        What `LocalLlm` takes, for example `cuda:0`.
        """
    @property
    def free_bytes(self, /) -> int | None:
        """
        Of these, the bytes that nobody uses now; none if it does not say.
        """
    @property
    def memory_bytes(self, /) -> int | None:
        """
        The bytes of its memory; none if it does not say.
        """
    @property
    def name(self, /) -> str:
        """
        What its maker calls it.
        """

@final
class Distribution:
    """
    How numbers are spread.

    Percentiles have an error of at most 1 %, and are none where there are no numbers.
    """
    __match_args__: Final = ("samples", "mean", "p50", "p95", "p99")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def mean(self, /) -> float | None:
        """
        Their sum divided by how many there are.
        """
    @property
    def p50(self, /) -> float | None:
        """
        Half of them are at most this.
        """
    @property
    def p95(self, /) -> float | None:
        """
        95 of a hundred are at most this.
        """
    @property
    def p99(self, /) -> float | None:
        """
        99 of a hundred are at most this.
        """
    @property
    def samples(self, /) -> int:
        """
        How many numbers there are.
        """

@final
class Document:
    """
    A text to store, with where it came from.
    """
    __match_args__: Final = ("source", "text", "title", "metadata")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __new__(cls, /, source: str, text: str, *, title: str = ..., metadata: dict[str, str] = ...) -> Document:
        """
        A document from its parts.

        Args:
            source: unique in a store: a path, a URL or a name of your own; storing it again replaces the document
            text: plain text or Markdown
            title: its title; empty if there is none
            metadata: fields of your own, kept with every passage
        """
    def __repr__(self, /) -> str: ...
    @property
    def metadata(self, /) -> dict[str, str]:
        """
        The caller's own fields.
        """
    @property
    def source(self, /) -> str:
        """
        Where it came from.
        """
    @property
    def text(self, /) -> str:
        """
        The text.
        """
    @property
    def title(self, /) -> str:
        """
        The title; empty if there is none.
        """

@final
class Done:
    """
    The end of the run.
    """
    __match_args__: Final = ("answer",)
    type: Final[Literal["done"]]
    """
    `"done"`
    """
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def answer(self, /) -> Answer:
        """
        The whole answer.
        """
    def to_json(self, /) -> dict[str, Any]:
        """
        The JSON form, the same in all languages.
        """

@final
class EventStream:
    """
    The events of a run: an iterator and a context manager.
    """
    def __enter__(self, /) -> EventStream: ...
    def __exit__(self, /, *_exception: object) -> None: ...
    def __iter__(self, /) -> EventStream: ...
    def __next__(self, /) -> Retrieved | Text | ToolCall | ToolOutput | HandedOff | Routed | Done: ...
    def __reduce__(self, /) -> NoReturn: ...
    @property
    def answer(self, /) -> Answer | None:
        """
        The answer, once the last event was read.
        """
    def close(self, /) -> None:
        """
        Stops the run, if it has not ended.
        """

@final
class FailedDocument:
    """
    A document that could not be ingested.
    """
    __match_args__: Final = ("source", "reason")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def reason(self, /) -> str:
        """
        Why, with causes.
        """
    @property
    def source(self, /) -> str:
        """
        The document's source or path.
        """

@final
class FetchProgress:
    """
    How far the fetch of one file is.
    """
    __match_args__: Final = ("model", "file", "source", "done", "total")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def done(self, /) -> int:
        """
        Bytes on disk so far, those of an earlier attempt included.
        """
    @property
    def file(self, /) -> str:
        """
        The file's name.
        """
    @property
    def model(self, /) -> str:
        """
        The model's name.
        """
    @property
    def source(self, /) -> str:
        """
        Where it comes from.
        """
    @property
    def total(self, /) -> int:
        """
        Bytes of the whole file.
        """

@final
class HandedOff:
    """
    Another assistant goes on with the conversation; what follows is its own.
    """
    __match_args__: Final = ("to",)
    type: Final[Literal["handed_off"]]
    """
    `"handed_off"`
    """
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def to(self, /) -> str:
        """
        Its name.
        """
    def to_json(self, /) -> dict[str, Any]:
        """
        The JSON form, the same in all languages.
        """

@final
class HashedEmbedder:
    """
    An embedder without a model, by hashing words: for tests, and where no model may be loaded.
    """
    def __new__(cls, /, dimensions: int) -> HashedEmbedder:
        """
        An embedder of vectors of this length.
        """
    def __reduce__(self, /) -> NoReturn: ...
    def __repr__(self, /) -> str: ...
    async def aembed(self, /, texts: Sequence[str]) -> list[list[float]]:
        """
        Does the same as `embed` from async code.
        """
    async def aembed_queries(self, /, texts: Sequence[str]) -> list[list[float]]:
        """
        Does the same as `embed_queries` from async code.
        """
    @property
    def dimensions(self, /) -> int:
        """
        Length of every vector.
        """
    def embed(self, /, texts: Sequence[str]) -> list[list[float]]:
        """
        The vectors of passages, each of length 1.
        """
    def embed_queries(self, /, texts: Sequence[str]) -> list[list[float]]:
        """
        The vectors of questions, which some models tell from passages.
        """
    @property
    def max_tokens(self, /) -> int:
        """
        How many tokens of a text count; the rest is ignored.
        """
    @property
    def name(self, /) -> str:
        """
        The embedder's name: vectors of different names cannot be compared.
        """

@final
class IngestProgress:
    """
    How far an ingest, an export or an import is.
    """
    __match_args__: Final = ("source", "done", "total", "chunks")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def chunks(self, /) -> int:
        """
        Passages written so far.
        """
    @property
    def done(self, /) -> int:
        """
        Documents dealt with, this one included.
        """
    @property
    def source(self, /) -> str:
        """
        The document that was just dealt with.
        """
    @property
    def total(self, /) -> int:
        """
        All documents.
        """

@final
class IngestReport:
    """
    What an ingest did.
    """
    __match_args__: Final = ("added", "updated", "unchanged", "deleted", "failed", "chunks")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def added(self, /) -> int:
        """
        Documents that were not stored before.
        """
    @property
    def chunks(self, /) -> int:
        """
        Passages that were written.
        """
    @property
    def deleted(self, /) -> int:
        """
        Documents that were removed because their file is gone.
        """
    @property
    def failed(self, /) -> list[FailedDocument]:
        """
        Documents that could not be stored; what was stored of them before is kept.
        """
    @property
    def unchanged(self, /) -> int:
        """
        Documents that are stored already as they are.
        """
    @property
    def updated(self, /) -> int:
        """
        Documents that were replaced because they changed.
        """

@final
class KnowledgeBase:
    """
    The caller's documents, searchable by meaning and by words.

    `len()` gives the number of passages.
    """
    def __bool__(self, /) -> bool:
        """
        True, also when nothing is stored.
        """
    def __len__(self, /) -> int: ...
    def __new__(cls, /, directory: str | PathLike[str] | None, embedder: LocalEmbedder | HashedEmbedder | Embedder, **options: Unpack[KnowledgeBaseOptions]) -> KnowledgeBase:
        """
        Opens the store in a directory, or makes one.

        Args:
            directory: where the store is; None keeps it in memory
            embedder: gives texts their vectors; always the same for one store: one of this package, or any object with
                a method `embed(texts)` and the attributes `name` and `dimensions`
            mode: how `retrieve` finds passages: `hybrid` (the default), `dense` or `lexical`
            chunk_tokens: tokens of a passage; default 512, at most what the embedder reads
            chunk_overlap: tokens that a passage repeats from the one before; default 64
            ann_threshold: up to this many passages, vectors are searched exactly; above it, in a graph; default
                10 000
            hnsw: the graph's parameters, a dict of `m` (default 16), `ef_construction` (200), `ef` (96) and
                `rebuild_after` (1000)
            fusion_depth: results of each list that enter the fusion; default 100
            max_file_bytes: larger files are not read but reported; default 32 MiB
            durability: what survives a loss of power: `normal` (the default) or `full`; a killed process loses
                nothing either way

        Raises:
            BusyError: another process has the store open.
            CorruptError: the store is damaged.
            InvalidError: the store is of another embedder or of a newer version, or an option is not known.
        """
    def __reduce__(self, /) -> NoReturn: ...
    def __repr__(self, /) -> str: ...
    @staticmethod
    async def acheck(directory: str | PathLike[str]) -> StoreCheck:
        """
        Does the same as `check` from async code.
        """
    async def acompact(self, /) -> CompactReport:
        """
        Does the same as `compact` from async code.
        """
    async def adelete(self, /, sources: Sequence[str]) -> int:
        """
        Does the same as `delete` from async code.
        """
    async def aexport_to(self, /, path: str | PathLike[str], *, progress: Callable[[IngestProgress], object] | None = None) -> None:
        """
        Does the same as `export_to` from async code.
        """
    async def aimport_from(self, /, path: str | PathLike[str], *, progress: Callable[[IngestProgress], object] | None = None) -> IngestReport:
        """
        Does the same as `import_from` from async code.
        """
    async def aingest(self, /, documents: Sequence[Document], *, progress: Callable[[IngestProgress], object] | None = None) -> IngestReport:
        """
        Does the same as `ingest` from async code.
        """
    async def aingest_dir(self, /, directory: str | PathLike[str], *, glob: str | None = None, progress: Callable[[IngestProgress], object] | None = None) -> IngestReport:
        """
        Does the same as `ingest_dir` from async code.
        """
    async def aingest_files(self, /, files: Sequence[str | PathLike[str]], *, progress: Callable[[IngestProgress], object] | None = None) -> IngestReport:
        """
        Does the same as `ingest_files` from async code.
        """
    async def aingest_url(self, /, url: str, *, progress: Callable[[IngestProgress], object] | None = None, **options: Unpack[WebOptions]) -> IngestReport:
        """
        Does the same as `ingest_url` from async code.
        """
    @staticmethod
    async def ainspect(directory: str | PathLike[str]) -> StoreInfo:
        """
        Does the same as `inspect` from async code.
        """
    @staticmethod
    async def aopen(directory: str | PathLike[str] | None, embedder: LocalEmbedder | HashedEmbedder | Embedder, **options: Unpack[KnowledgeBaseOptions]) -> KnowledgeBase:
        """
        Opens a store from async code; see the class.
        """
    @staticmethod
    async def aopen_read_only(directory: str | PathLike[str], embedder: LocalEmbedder | HashedEmbedder | Embedder, **options: Unpack[KnowledgeBaseOptions]) -> KnowledgeBase:
        """
        Does the same as `open_read_only` from async code.
        """
    async def arebuild(self, /) -> None:
        """
        Does the same as `rebuild` from async code.
        """
    async def aretrieve(self, /, question: str, k: int | None = None, *, mode: Literal['hybrid', 'dense', 'lexical'] | None = None, filter: Filter | None = None) -> list[Passage]:
        """
        Does the same as `retrieve` from async code.
        """
    @staticmethod
    def check(directory: str | PathLike[str]) -> StoreCheck:
        """
        Looks at everything that the store in a directory holds, for damage. Takes any store, also one that is in use or
        too damaged to be opened; needs no embedder and changes nothing.
        """
    def compact(self, /) -> CompactReport:
        """
        Makes the store's files as small as they can be: without the room that removed documents took. Waits for an
        ingest that is at work; searches wait meanwhile. Needs as much free space again.
        """
    def delete(self, /, sources: Sequence[str]) -> int:
        """
        Removes documents by source, and gives how many there were.
        """
    @property
    def documents(self, /) -> int:
        """
        The number of documents.
        """
    def export_to(self, /, path: str | PathLike[str], *, progress: Callable[[IngestProgress], object] | None = None) -> None:
        """
        Writes everything that is stored, vectors included, to a file of JSON Lines: a header with the embedder's name and
        dimensions, then a document a line with its passages, whose vectors are little-endian 32-bit floats in Base64.
        `import_from` fills a store from it without embedding, and scripts fill other databases.

        Args:
            progress: a function, sync or async, that is told after every document; if it raises, the export stops
        """
    def import_from(self, /, path: str | PathLike[str], *, progress: Callable[[IngestProgress], object] | None = None) -> IngestReport:
        """
        Stores every document of a file that `export_to` wrote, each in place of the one with the same source; embeds
        nothing.

        Args:
            progress: a function, sync or async, that is told after every document; if it raises, the import stops
        """
    @property
    def info(self, /) -> KnowledgeBaseInfo:
        """
        What is stored and how it is searched.
        """
    def ingest(self, /, documents: Sequence[Document], *, progress: Callable[[IngestProgress], object] | None = None) -> IngestReport:
        """
        Stores documents, each new or in place of the one with the same source.

        Args:
            progress: a function, sync or async, that is told after every document; if it raises, the ingest stops
        """
    def ingest_dir(self, /, directory: str | PathLike[str], *, glob: str | None = None, progress: Callable[[IngestProgress], object] | None = None) -> IngestReport:
        """
        Brings the store up to date with the files under a directory: text, Markdown, HTML, PDF files with text,
        source code and JSON Lines (a document a line, with the field `text`).

        Unchanged files are not read again; passages of files that are gone are removed. A file that cannot
        be read is reported and the rest is stored.

        Args:
            glob: which files, by their paths below the directory, as `**/*.{md,txt}`; all of known formats by default
            progress: a function, sync or async, that is told after every document; if it raises, the ingest stops
        """
    def ingest_files(self, /, files: Sequence[str | PathLike[str]], *, progress: Callable[[IngestProgress], object] | None = None) -> IngestReport:
        """
        Stores files of any kind that `ingest_dir` knows, each new or in place of its older version.

        Args:
            progress: a function, sync or async, that is told after every document; if it raises, the ingest stops
        """
    def ingest_url(self, /, url: str, *, progress: Callable[[IngestProgress], object] | None = None, **options: Unpack[WebOptions]) -> IngestReport:
        """
        Brings the store up to date with a web page, or with the pages of its site that can be reached from it.

        Pages that did not change are not embedded again. What `robots.txt` forbids is not read. Only public
        addresses are connected to, also by redirects, unless the host is one of `allowed_hosts`.

        Args:
            progress: a function, sync or async, that is told after every page; if it raises, the ingest stops
            depth: how many links away from the page to go; default 0, only that page
            max_pages: at most this many pages are asked for; default 100
            max_bytes: larger pages are not read but reported; default 8 MiB
            max_redirects: for one page; default 5
            timeout: seconds for one page; default 3
            user_agent: who asks; default `rushlight/` and the version
            allowed_hosts: hosts whose addresses need not be public, as `localhost`
        """
    @staticmethod
    def inspect(directory: str | PathLike[str]) -> StoreInfo:
        """
        What the store in a directory holds, without opening it: which embedder it needs, for example.
        """
    @staticmethod
    def open_read_only(directory: str | PathLike[str], embedder: LocalEmbedder | HashedEmbedder | Embedder, **options: Unpack[KnowledgeBaseOptions]) -> KnowledgeBase:
        """
        Opens an existing store for searching only; never busy.

        Another process may write to it meanwhile; each search sees its latest commit.
        """
    def rebuild(self, /) -> None:
        """
        Waits until the graph, if there are enough passages for one, covers every passage. Searches go on
        meanwhile and need not wait for it.
        """
    def retrieve(self, /, question: str, k: int | None = None, *, mode: Literal['hybrid', 'dense', 'lexical'] | None = None, filter: Filter | None = None) -> list[Passage]:
        """
        The passages that may answer a question, best first; none when nothing is stored or it is empty.

        Args:
            k: at most this many; default 5
            mode: `hybrid`, `dense` or `lexical`; what the store was opened with by default
            filter: which passages may be found, such as `{"field": lang, "equals": "de"}`; conditions are put together
                with `all`, `any` and `not`, and the field `source` is the document's source
        """
    def retriever(self, /, *, reranker: LocalReranker | Reranker | None = None, **options: Unpack[RetrieverOptions]) -> KnowledgeRetriever:
        """
        A retriever that searches, and then may put what it found in a better order and leave out what repeats.

        Args:
            reranker: puts passages in a new order: a `LocalReranker`, or any object with a method
                `score(question, passages)` that gives a number for each
            k: at most this many passages, also where more are asked for
            mode: `hybrid`, `dense` or `lexical`; what the store was opened with by default
            filter: which passages may be found, beside what a retrieval or run itself says
            rerank: whether there is a new order, without a reranker by the words that passages share with the question
                and not with each other; default False
            mmr: from 0 to 1, how much relevance counts against what passages before said already (maximal marginal
                relevance), near-duplicates left out; default not asked
            candidates: passages that are found for these stages; default 50

        Raises:
            InvalidError: an option is out of its range or not known.
        """

@final
class KnowledgeBaseInfo:
    """
    What a knowledge base holds.
    """
    __match_args__: Final = ("path", "documents", "chunks", "embedder", "dimensions", "vectors", "bytes")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def bytes(self, /) -> int:
        """
        The length of all its files in bytes; 0 for one without.
        """
    @property
    def chunks(self, /) -> int:
        """
        The number of passages.
        """
    @property
    def dimensions(self, /) -> int:
        """
        Length of its vectors.
        """
    @property
    def documents(self, /) -> int:
        """
        The number of documents.
        """
    @property
    def embedder(self, /) -> str:
        """
        The embedder's name.
        """
    @property
    def path(self, /) -> Path:
        """
        The store's file; `:memory:` for one without.
        """
    @property
    def vectors(self, /) -> VectorIndex:
        """
        How vectors are searched now.
        """

@final
class KnowledgeRetriever:
    """
    The passages of a `KnowledgeBase`, found in several stages: search, then reranking, then diversity. Made by
    `KnowledgeBase.retriever`.
    """
    def __reduce__(self, /) -> NoReturn: ...
    async def aretrieve(self, /, question: str, k: int | None = None, *, filter: Filter | None = None) -> list[Passage]:
        """
        Does the same as `retrieve` from async code.
        """
    def retrieve(self, /, question: str, k: int | None = None, *, filter: Filter | None = None) -> list[Passage]:
        """
        The passages that may answer a question, best first; none when nothing is stored or it is empty.

        Args:
            k: at most this many; default what the options say, else 5
            filter: which passages may be found, of those that the options let through
        """

@final
class KnownModel:
    """
    A model that has a name.
    """
    __match_args__: Final = ("name", "kind", "licence", "size", "path")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def kind(self, /) -> str:
        """
        `language_model` or `embedder`.
        """
    @property
    def licence(self, /) -> str:
        """
        The licence of the weights as an SPDX expression.
        """
    @property
    def name(self, /) -> str:
        """
        The name.
        """
    @property
    def path(self, /) -> Path | None:
        """
        Where it lies on this machine; none if it is not fetched.
        """
    @property
    def size(self, /) -> int:
        """
        The size of all files in bytes.
        """

@final
class Limits:
    """
    What one run may spend.

    When a limit is reached the model gives its last answer without tools; at the deadline the run ends with
    `TimeoutError`.
    """
    __match_args__: Final = ("max_turns", "max_tool_calls", "max_output_tokens", "max_context_tokens", "max_passages", "deadline")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __new__(cls, /, *, max_turns: int | None = None, max_tool_calls: int | None = None, max_output_tokens: int | None = None, max_context_tokens: int | None = None, max_passages: int | None = None, deadline: float | None = None, max_tokens: int | None = None, max_cost: float | None = None, prices: Mapping[str, float] | None = None) -> Limits:
        """
        Limits with these values, and the defaults for the others.

        Args:
            max_turns: generations; default 8
            max_tool_calls: tool calls that are run; default 16
            max_output_tokens: tokens of one generation; default 4096
            max_context_tokens: tokens of retrieved passages in the prompt; default 1200
            max_passages: passages that are retrieved; default 4
            deadline: seconds of the whole run; default 600
            max_tokens: tokens of all generations together, their prompts included; any number by default
            max_cost: what these tokens may cost by the prices; any amount by default
            prices: what a million tokens cost: `input`, `output` and, if it is another, `cached_input`; unknown by default
        """
    def __repr__(self, /) -> str: ...
    @property
    def deadline(self, /) -> float:
        """
        Seconds of the whole run.
        """
    @property
    def max_context_tokens(self, /) -> int:
        """
        Tokens of retrieved passages in the prompt, counted by the model.
        """
    @property
    def max_cost(self, /) -> float | None:
        """
        What these tokens may cost by the prices; none for any amount.
        """
    @property
    def max_output_tokens(self, /) -> int:
        """
        Tokens of one generation.
        """
    @property
    def max_passages(self, /) -> int:
        """
        Passages that are retrieved.
        """
    @property
    def max_tokens(self, /) -> int | None:
        """
        Tokens of all generations together, their prompts included; none for any number.
        """
    @property
    def max_tool_calls(self, /) -> int:
        """
        Tool calls that are run.
        """
    @property
    def max_turns(self, /) -> int:
        """
        Generations.
        """
    @property
    def prices(self, /) -> Any | None:
        """
        What a million tokens cost; none if that is unknown.
        """

@final
class LoadProgress:
    """
    How far the loading of a model is.
    """
    __match_args__: Final = ("model", "stage", "done", "total")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def done(self, /) -> int:
        """
        Bytes of weights that this stage is done with.
        """
    @property
    def model(self, /) -> str:
        """
        The model's name.
        """
    @property
    def stage(self, /) -> str:
        """
        `packing`: weights are put into the order in which they are read, the first time; `reading`: they are taken
        out of the file.
        """
    @property
    def total(self, /) -> int:
        """
        Bytes of weights that it has to do with.
        """

@final
class LocalEmbedder:
    """
    A sentence encoder on this machine.
    """
    def __new__(cls, /, name_or_path: str | PathLike[str], *, query_prompt: str | None = None, passage_prompt: str | None = None) -> LocalEmbedder:
        """
        Opens an encoder by a name that `models` lists or by the path of its directory; fetches nothing.

        Args:
            name_or_path: the encoder
            query_prompt: put before every question; default what the model's directory says, else nothing
            passage_prompt: put before every passage; default what the model's directory says, else nothing
        """
    def __reduce__(self, /) -> NoReturn: ...
    def __repr__(self, /) -> str: ...
    async def aembed(self, /, texts: Sequence[str]) -> list[list[float]]:
        """
        Does the same as `embed` from async code.
        """
    async def aembed_queries(self, /, texts: Sequence[str]) -> list[list[float]]:
        """
        Does the same as `embed_queries` from async code.
        """
    @staticmethod
    async def aopen(name_or_path: str | PathLike[str], *, query_prompt: str | None = None, passage_prompt: str | None = None) -> LocalEmbedder:
        """
        Opens an encoder from async code; see the class.
        """
    @property
    def dimensions(self, /) -> int:
        """
        Length of every vector.
        """
    def embed(self, /, texts: Sequence[str]) -> list[list[float]]:
        """
        The vectors of passages, each of length 1.
        """
    def embed_queries(self, /, texts: Sequence[str]) -> list[list[float]]:
        """
        The vectors of questions, which some models tell from passages.
        """
    @property
    def max_tokens(self, /) -> int:
        """
        How many tokens of a text count; the rest is ignored.
        """
    @property
    def name(self, /) -> str:
        """
        The embedder's name: vectors of different names cannot be compared.
        """

@final
class LocalLlm:
    """
    A language model on this machine.

    One thread owns the model and computes several runs together; further ones wait in a bounded queue. What prompts
    begin with is computed once. Nothing is downloaded: see `fetch`.
    """
    def __new__(cls, /, name_or_path: str | PathLike[str], *, progress: Callable[[LoadProgress], object] | None = None, **options: Unpack[LocalLlmOptions]) -> LocalLlm:
        """
        Opens a model.

        Args:
            name_or_path: a name that `models` lists, or the path of a GGUF file or of a folder with safetensors
            device: where the model computes: `cpu`, `cuda` or `cuda:1`, `metal`, or `auto` (the default): a GPU if one
                is built in, there, and has room; see `devices`
            context: tokens that prompt and answer may have together; what the file says by default
            threads: threads that compute for this model; by default one for each core
            queue: runs that may wait; default 100
            batch: runs that are computed together; default 8
            kv_type: how keys and values are kept: `f16` (the default), `f32` or `q8`
            kv_budget: bytes that the keys and values of all tokens may take, those too that are kept for later prompts;
                by default a quarter of the memory that is free beside the weights, on a GPU of its own
            kv_reuse: what of earlier prompts is used again: `off`, `prefix` (the default: what prompts begin with), or
                `{"chunks": k}`: retrieved passages too, wherever they stand, of which only the first k tokens are
                computed again; answers come sooner and may be worse; a GPU refuses it
            memory_budget: bytes that the model may take of memory, by `estimate_memory`; one that would take more is not
                loaded; by default there is no limit
            unload_after: seconds without a question after which the model's memory is given back; the next question loads
                it again; by default it stays
            tensor_parallel: devices among which each layer is split; there is only one, more are refused
            speculation: whether tokens are guessed from earlier ones of the prompt and the answer, and of the model's earlier
                answers to whomever, and verified together; that changes no text, only when it comes: whoever measures it
                may learn that somebody was answered alike; `kv_reuse="off"` leaves earlier answers out; default true
            draft_model: a small model that guesses where earlier tokens say nothing, by name or path; it has the vocabulary
                of the model and counts against the same budgets
            constrain_calls: whether a call of a tool that the model begins to write is held to the tools' names and parameters,
                so that it cannot be wrong; what it says before and behind is free; default true
            progress: a function, sync or async, that is told how far it is

        Raises:
            UnknownError: no model has this name.
            ModelError: the file is damaged, or the model is not fetched.
            InvalidError: an option is out of its range, or the memory budget is too small.
        """
    def __reduce__(self, /) -> NoReturn: ...
    def __repr__(self, /) -> str: ...
    @staticmethod
    async def aestimate_memory(name_or_path: str | PathLike[str], **options: Unpack[LocalLlmOptions]) -> MemoryEstimate:
        """
        Does the same as `estimate_memory` from async code.
        """
    @staticmethod
    async def ainspect(name_or_path: str | PathLike[str]) -> ModelInfo:
        """
        Does the same as `inspect` from async code.
        """
    async def aload(self, /) -> None:
        """
        Does the same as `load` from async code.
        """
    async def aload_prefix(self, /, path: str | PathLike[str]) -> int:
        """
        As `load_prefix`, from async code.
        """
    @staticmethod
    async def aopen(name_or_path: str | PathLike[str], *, progress: Callable[[LoadProgress], object] | None = None, **options: Unpack[LocalLlmOptions]) -> LocalLlm:
        """
        Opens a model from async code; see the class.
        """
    async def asave_prefix(self, /, prompt: str | Mapping[str, Any], path: str | PathLike[str]) -> int:
        """
        As `save_prefix`, from async code.
        """
    async def aunload(self, /) -> None:
        """
        Does the same as `unload` from async code.
        """
    async def awarm_up(self, /, prompt: str | Mapping[str, Any]) -> None:
        """
        As `warm_up`, from async code.
        """
    @property
    def context_window(self, /) -> int:
        """
        How many tokens prompt and answer may have together.
        """
    def count_tokens(self, /, text: str) -> int:
        """
        The number of tokens of a text, without special tokens.
        """
    @property
    def device(self, /) -> str:
        """
        Where the model computes: what `auto` has found when it was loaded the last time, if that was asked for.
        """
    @staticmethod
    def estimate_memory(name_or_path: str | PathLike[str], **options: Unpack[LocalLlmOptions]) -> MemoryEstimate:
        """
        What a model would take of memory with these options; nothing is loaded.
        """
    @property
    def info(self, /) -> ModelInfo:
        """
        What the model's file says about it.
        """
    @staticmethod
    def inspect(name_or_path: str | PathLike[str]) -> ModelInfo:
        """
        What a model's file says about it; nothing is loaded.
        """
    def load(self, /) -> None:
        """
        Loads the model if it is not loaded, so that the next question need not wait for it.
        """
    def load_prefix(self, /, path: str | PathLike[str]) -> int:
        """
        Takes over what `save_prefix` wrote, so that prompts that begin so need not compute it.

        Returns:
            The number of its tokens.

        Raises:
            InvalidError: it was saved with another model or `kv_type`, or this model computes on a GPU.
            CorruptError: the file is cut short or changed.
        """
    @property
    def name(self, /) -> str:
        """
        The model's name.
        """
    def pin_for(self, /, seconds: float) -> None:
        """
        Keeps the model, once it is loaded, in memory for this many seconds from now: neither rest nor a
        `ModelRegistry` unloads it. A later call replaces an earlier one; 0 ends it.
        """
    def save_prefix(self, /, prompt: str | Mapping[str, Any], path: str | PathLike[str]) -> int:
        """
        Computes what prompts with these messages and tools begin with, and writes it to a file for `load_prefix`.

        The text can be read from the file. A model on a GPU refuses it.

        Args:
            prompt: instructions, or a dict with `messages` and `tools`, such as `Assistant.beginning` gives
            path: the file; what is there is replaced

        Returns:
            The number of its tokens.
        """
    def stats(self, /) -> dict[str, int]:
        """
        What the model has done since it was opened: requests, passes and tokens by name.
        """
    def status(self, /) -> dict[str, Any]:
        """
        Whether the model is in memory and what computes it, by name: `is_loaded`, `loads`, `load_ms`, `threads`,
        `kernels` (`instructions` and the layout of the `weights`), the name of its `draft_model`,
        `kv_budget` and `kv_used`.
        """
    def unload(self, /) -> None:
        """
        Gives back the model's memory and threads, as soon as the runs under way have ended. The next question loads it
        again; what earlier ones computed is forgotten.
        """
    def warm_up(self, /, prompt: str | Mapping[str, Any]) -> None:
        """
        Computes what prompts with these messages and tools begin with, so that the first of them need not.

        Args:
            prompt: instructions, or a dict with `messages` and `tools`, such as `Assistant.beginning` gives
        """

@final
class LocalReranker:
    """
    A cross-encoder on this machine: it reads the question together with each passage, its title and headings, which is
    slower than comparing vectors and more precise.

    BERT with a head of one label, such as `cross-encoder/ms-marco-MiniLM-L-6-v2` of the Hugging Face Hub.
    """
    def __new__(cls, /, name_or_path: str | PathLike[str]) -> LocalReranker:
        """
        Opens a cross-encoder by the path of its directory, with `config.json`, `model.safetensors` and
        `tokenizer.json`, or by a name that `models` lists; fetches nothing.

        Raises:
            ModelError: it has no head or one of several labels, is of another architecture, or its files are damaged.
        """
    def __reduce__(self, /) -> NoReturn: ...
    def __repr__(self, /) -> str: ...
    @staticmethod
    async def aopen(name_or_path: str | PathLike[str]) -> LocalReranker:
        """
        Opens a cross-encoder from async code; see the class.
        """
    async def ascore(self, /, question: str, passages: Sequence[Passage]) -> list[float]:
        """
        Does the same as `score` from async code.
        """
    @property
    def name(self, /) -> str:
        """
        The directory's name, by which caches of answers tell rerankers.
        """
    def score(self, /, question: str, passages: Sequence[Passage]) -> list[float]:
        """
        One number for each passage, in order; higher is better. They are between 0 and 1, unless the model's files say
        otherwise. Question and passage have as many tokens together as the model reads, mostly 512; the longer one
        counts by its beginning.
        """

@final
class McpHttpServer:
    """
    A server that listens until it is closed or let go; made by `McpServer.serve_http`.
    """
    async def __aenter__(self, /) -> McpHttpServer: ...
    async def __aexit__(self, /, *_exception: object) -> None: ...
    def __enter__(self, /) -> McpHttpServer: ...
    def __exit__(self, /, *_exception: object) -> None: ...
    def __reduce__(self, /) -> NoReturn: ...
    async def aclose(self, /) -> None:
        """
        As `close`, from async code.
        """
    def close(self, /) -> None:
        """
        Stops listening. Calls that run are dropped.
        """
    @property
    def url(self, /) -> str:
        """
        What clients are told: `http://127.0.0.1:PORT/mcp`.
        """

@final
class McpServer:
    """
    Tools, and an agent as a tool that is asked, for clients of the Model Context Protocol.

    Functions run as they do in an `Assistant`, and their policies hold; async ones run on an event loop of rushlight's own.
    At most 64 calls run at once, further ones wait.

    ```python
    McpServer("dice", tools=[roll]).serve_stdio()
    ```
    """
    def __new__(cls, /, name: str, *, tools: Sequence[Tool[..., Any] | Callable[..., Any] | BuiltinTool | McpTools] = ..., agent: Agent | None = None, agent_name: str | None = None, agent_description: str | None = None, instructions: str | None = None, scopes: Collection[str] | None = None, tool_timeout: float | None = None, approver: Approver | None = None) -> McpServer:
        """
        A server that offers nothing but what it is given.

        Args:
            name: what clients are told that it is called
            tools: as those of an `Assistant`, in this order
            agent: an assistant or a router that clients may ask, as the last tool. Questions are on their own: no client hears what
                another one asked. Further ones may be among `tools`, by `as_tool`
            agent_name: the name of that tool; default `ask`
            agent_description: what the client's model is told about it; default that it answers questions
            instructions: words to the client's model on how to use all of it
            scopes: what whoever connects is granted, for tools that need scopes
            tool_timeout: seconds that each tool may run that has no timeout of its own; default 5
            approver: decides about calls of tools with `approve`, as that of an `Assistant`
        """
    def __reduce__(self, /) -> NoReturn: ...
    async def aserve_http(self, /, address: str = ..., *, token: str | None = None) -> McpHttpServer:
        """
        As `serve_http`, from async code.
        """
    async def aserve_stdio(self, /) -> None:
        """
        As `serve_stdio`, from async code. Cancelling the task ends the connection.
        """
    def serve_http(self, /, address: str = "127.0.0.1:0", *, token: str | None = None) -> McpHttpServer:
        """
        Starts to serve whoever connects over HTTP, without TLS, and goes on until what it returns is closed or let go.

        Requests of web pages are refused.

        Args:
            address: where to listen; default this machine alone, at a free port
            token: the bearer token that every request has to have; an address that other machines reach needs one

        Raises:
            InvalidError: two tools have one name, or other machines could connect without a token.
            IoError: the address cannot be had.
        """
    def serve_stdio(self, /) -> None:
        """
        Serves the program that started this one, over the standard streams, until it closes our input. Ctrl-C stops it.

        Nothing else may write to standard output meanwhile: `print(…, file=sys.stderr)`, not `print(…)`.

        Raises:
            InvalidError: two tools have one name.
            ForeignError: the client does not speak the protocol.
        """

@final
class McpTools:
    """
    The tools of a server of the Model Context Protocol, for `Assistant(tools=[…])`.

    What the server says is data. A tool whose description or schema cannot be used is `refused`, and the others stay.
    Arguments are validated here before they are sent. An assistant has the tools that were listed when it was made.

    ```python
    with McpTools.connect({"command": python3, "args": ["server.py"]}) as tools:
        print(Assistant(llm, tools=[tools]).run("What is 2 + 2?").text)
    ```
    """
    async def __aenter__(self, /) -> McpTools: ...
    async def __aexit__(self, /, *_exception: object) -> None: ...
    def __enter__(self, /) -> McpTools: ...
    def __exit__(self, /, *_exception: object) -> None: ...
    def __reduce__(self, /) -> NoReturn: ...
    def __repr__(self, /) -> str: ...
    async def aclose(self, /) -> None:
        """
        As `close`, from async code.
        """
    @staticmethod
    async def aconnect(server: McpEndpoint, **options: Unpack[McpToolsOptions]) -> McpTools:
        """
        As `connect`, from async code.
        """
    def close(self, /) -> None:
        """
        Ends the connection, and a program that was started for it. Calls that run fail, and later ones.
        """
    @staticmethod
    def connect(server: McpEndpoint, **options: Unpack[McpToolsOptions]) -> McpTools:
        """
        Connects to a server and lists its tools.

        Args:
            server: a program that is started without a shell, as `{"command": python3, "args": ["server.py"]}` with maybe
                `env` and `cwd`; or a server that runs, as `{"url": "http://127.0.0.1:8000/mcp"}` with maybe `headers`. A
                program gets none of our environment but what every program needs, such as `PATH`
            prefix: what the names of the tools begin with here; default nothing
            allow: the tools that are taken, by the server's names; default all
            policy: what keeps the calls of each tool in check; default a `timeout` of 30 seconds and a `concurrency` of 10
            connect_timeout: seconds that connecting and listing the tools may take; default 30

        Raises:
            IoError: the program cannot be started.
            TimeoutError: the server does not answer in time.
            UnknownError: an allowed tool is not there.
            ForeignError: the server refuses, ends or is not one of this protocol.
        """
    @property
    def names(self, /) -> list[str]:
        """
        The names of the tools as the model uses them, in the server's order.
        """
    @property
    def protocol_version(self, /) -> str:
        """
        The revision of the protocol that is spoken, for example `2026-07-28`.
        """
    @property
    def refused(self, /) -> dict[str, str]:
        """
        The tools that the server lists and that cannot be used, each with the reason.
        """

@final
class MemoryCache:
    """
    A cache in this process's memory; the least recently used answers go first.
    """
    def __len__(self, /) -> int:
        """
        The number of answers that are kept now.
        """
    def __new__(cls, /, *, max_entries: int | None = None, max_bytes: int | None = None, ttl: float | None = None) -> MemoryCache:
        """
        A cache with these bounds.

        Args:
            max_entries: answers that are kept; default 1000
            max_bytes: bytes of all answers together; default 64 MiB
            ttl: seconds that an answer lives; default 30 minutes
        """
    def __reduce__(self, /) -> NoReturn: ...
    def __repr__(self, /) -> str: ...

@final
class MemoryEstimate:
    """
    What a model takes of memory, in bytes.
    """
    __match_args__: Final = ("weights", "tokenizer", "keys_and_values", "buffers", "kv_bytes_per_token", "total")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def buffers(self, /) -> int:
        """
        What a pass works with, and what guesses of tokens are found in.
        """
    @property
    def keys_and_values(self, /) -> int:
        """
        The keys and values of all tokens, once there are as many as there may be.
        """
    @property
    def kv_bytes_per_token(self, /) -> int:
        """
        The keys and values of one token.
        """
    @property
    def tokenizer(self, /) -> int:
        """
        The tables of the tokenizer.
        """
    @property
    def total(self, /) -> int:
        """
        All of it.
        """
    @property
    def weights(self, /) -> int:
        """
        The weights, most of them in a memory map.
        """

@final
class MemorySessions:
    """
    Conversations in this process's memory.
    """
    def __new__(cls, /, *, max_sessions: int | None = None, idle: float | None = None) -> MemorySessions:
        """
        A store with these bounds.

        Args:
            max_sessions: sessions that are kept; the one unused for longest goes first; default 10 000
            idle: seconds after which an unused session is gone; default 1 hour
        """
    def __reduce__(self, /) -> NoReturn: ...
    async def aforget(self, /, session: str) -> None:
        """
        Removes a conversation, from async code.
        """
    def forget(self, /, session: str) -> None:
        """
        Removes a conversation.
        """
    def load(self, /, session: str) -> list[dict[str, Any]]:
        """
        The messages of a session in their JSON form, oldest first; none for an unknown session.
        """

@final
class ModelInfo:
    """
    What a model's file says about it.
    """
    __match_args__: Final = ("name", "architecture", "parameters", "quantisation", "context_length")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def architecture(self, /) -> str:
        """
        The architecture, for example `llama`.
        """
    @property
    def context_length(self, /) -> int:
        """
        How many tokens prompt and answer may have together.
        """
    @property
    def heads(self, /) -> int:
        """
        The number of attention heads in a block.
        """
    @property
    def hidden(self, /) -> int:
        """
        The width of the hidden state.
        """
    @property
    def kv_heads(self, /) -> int:
        """
        The number of heads that have keys and values of their own; the others share them.
        """
    @property
    def layers(self, /) -> int:
        """
        The number of transformer blocks.
        """
    @property
    def name(self, /) -> str:
        """
        The name in the file, or the file's own name without its extension.
        """
    @property
    def parameters(self, /) -> int:
        """
        The number of weights.
        """
    @property
    def quantisation(self, /) -> str:
        """
        How most weights are stored, for example `Q4_K_M`.
        """
    @property
    def size_bytes(self, /) -> int:
        """
        The length of the file in bytes.
        """
    @property
    def vocabulary(self, /) -> int:
        """
        The number of tokens that the model knows.
        """

@final
class ModelRegistry:
    """
    Models by name that share a budget of memory.

    A model is loaded when it is first asked something, and stays until it is idle for as long as its options say, or until
    another one needs its memory: then models of low priority go first. One that answers, or is pinned, never goes. What
    was unloaded is loaded again when it is asked the next time.
    """
    def __new__(cls, /, *, memory_budget: int | None = None) -> ModelRegistry:
        """
        A registry without models.

        Args:
            memory_budget: bytes that all loaded models may take together; by default three quarters of the memory that is
                free
        """
    def __reduce__(self, /) -> NoReturn: ...
    def __repr__(self, /) -> str: ...
    async def aadd(self, /, name: str, name_or_path: str | PathLike[str], *, priority: Literal['low', 'normal', 'high'] = ..., **options: Unpack[LocalLlmOptions]) -> LocalLlm:
        """
        Does the same as `add` from async code.
        """
    def add(self, /, name: str, name_or_path: str | PathLike[str], *, priority: Literal['low', 'normal', 'high'] = "normal", **options: Unpack[LocalLlmOptions]) -> LocalLlm:
        """
        Adds a model; reads its header and loads nothing.

        Args:
            name: what it is called here
            name_or_path: a name that `models` lists, or the path of a GGUF file
            priority: `low`, `normal` or `high`: of what may go, low is unloaded first
            options: those of `LocalLlm`
        """
    def get(self, /, name: str) -> LocalLlm:
        """
        The model of this name, loaded or not.

        Raises:
            UnknownError: none was added under this name.
        """
    @property
    def memory_budget(self, /) -> int:
        """
        The bytes that all loaded models may take together.
        """
    def models(self, /) -> list[RegisteredModel]:
        """
        The models in the order in which they were added.
        """

@final
class Passage:
    """
    A piece of a stored document that may answer a question.
    """
    __match_args__: Final = ("id", "source", "title", "text", "score")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __new__(cls, /, source: str, text: str, *, id: str | None = None, title: str = "", headings: Sequence[str] = ..., metadata: dict[str, str] = ..., score: float = 0.0) -> Passage:
        """
        A passage of a retriever of your own.

        Args:
            source: the document that it is from
            text: the text
            id: unique among the passages; the source if there is none
            title: the document's title
            headings: the headings above it, outermost first
            metadata: fields of your own
            score: what decided the order; higher is better
        """
    def __repr__(self, /) -> str: ...
    @property
    def headings(self, /) -> list[str]:
        """
        The headings above the passage, outermost first.
        """
    @property
    def id(self, /) -> str:
        """
        Stable while the document does not change: `source#number`.
        """
    @property
    def metadata(self, /) -> dict[str, str]:
        """
        The document's fields.
        """
    @property
    def score(self, /) -> float:
        """
        The score that decided the order; higher is better.
        """
    @property
    def scores(self, /) -> Scores:
        """
        The score of every stage that saw the passage.
        """
    @property
    def source(self, /) -> str:
        """
        The document's source.
        """
    @property
    def start(self, /) -> int:
        """
        Byte offset of the text in the document.
        """
    @property
    def text(self, /) -> str:
        """
        The text, as it stands in the document.
        """
    @property
    def title(self, /) -> str:
        """
        The document's title.
        """
    def to_json(self, /) -> dict[str, Any]:
        """
        The JSON form, the same in all languages.
        """

@final
class PendingRun:
    """
    A run that waits for approvals: all that it takes to go on with it, in this process or another one.

    Keep its JSON form wherever you like, but not where somebody else could change it: a decision is about the calls as they
    stand here.

    ```python
    assistant = Assistant(llm, tools=[deploy], approver=lambda call: None)
    pending = assistant.run("Deploy the site").pending
    if pending is not None:
        text = json.dumps(pending.to_json())
        # A day later:
        pending = PendingRun.from_json(json.loads(text))
        answer = assistant.run(pending, decisions={call.id: True for call in pending.calls})
    ```
    """
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def calls(self, /) -> list[ToolCall]:
        """
        The calls that wait, in the order of the model.
        """
    @staticmethod
    def from_json(json: Mapping[str, Any]) -> PendingRun:
        """
        The run of a JSON form.
        """
    def to_json(self, /) -> dict[str, Any]:
        """
        The JSON form, the same in all languages.
        """

@final
class QuantizeProgress:
    """
    How far the quantising of a model is.
    """
    __match_args__: Final = ("model", "tensor", "done", "total")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def done(self, /) -> int:
        """
        Bytes of the source's weights that are done with.
        """
    @property
    def model(self, /) -> str:
        """
        The model's name.
        """
    @property
    def tensor(self, /) -> str:
        """
        The tensor that is written.
        """
    @property
    def total(self, /) -> int:
        """
        Bytes of the source's weights.
        """

@final
class QuantizeReport:
    """
    What quantising a model has made of its weights.
    """
    __match_args__: Final = ("source_bytes", "target_bytes", "tensors", "worst")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def source_bytes(self, /) -> int:
        """
        The length in bytes of the files that held the weights.
        """
    @property
    def target_bytes(self, /) -> int:
        """
        The length in bytes of the file that was written.
        """
    @property
    def tensors(self, /) -> list[QuantizedTensor]:
        """
        All tensors of that file, in its order.
        """
    @property
    def worst(self, /) -> QuantizedTensor | None:
        """
        The tensor with the greatest relative error; none if nothing was changed.
        """

@final
class QuantizedTensor:
    """
    One tensor before and after.
    """
    __match_args__: Final = ("name", "shape", "from_type", "to_type", "relative_error")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def from_type(self, /) -> str:
        """
        How its numbers were stored, for example `BF16`.
        """
    @property
    def name(self, /) -> str:
        """
        GGUF's name of it.
        """
    @property
    def relative_error(self, /) -> float:
        """
        The root of the mean square of the changes, as a part of that of the numbers; 0 if nothing was changed.
        """
    @property
    def shape(self, /) -> list[int]:
        """
        The dimensions, the slowest first.
        """
    @property
    def to_type(self, /) -> str:
        """
        How they are stored now: `F16` if its rows are no multiple of 32 long, `F32` if it is no matrix.
        """

@final
class RegisteredModel:
    """
    A model of a `ModelRegistry`.
    """
    __match_args__: Final = ("name", "is_loaded", "memory_bytes", "priority")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def is_loaded(self, /) -> bool:
        """
        Whether it is in memory.
        """
    @property
    def memory_bytes(self, /) -> int:
        """
        The bytes that it takes when it is, by the estimate.
        """
    @property
    def name(self, /) -> str:
        """
        The name under which it was added.
        """
    @property
    def priority(self, /) -> str:
        """
        `low`, `normal` or `high`: `low` is unloaded first.
        """

@final
class RemoteEmbedder:
    """
    A model behind a server that speaks OpenAI's protocol for embeddings (`POST /embeddings`).
    """
    def __new__(cls, /, url: str, model: str, **options: Unpack[RemoteEmbedderOptions]) -> RemoteEmbedder:
        """
        An embedder by a model of a server.

        Args:
            url: where the server is, for example `https://api.openai.com/v1`
            model: the model's name there
            api_key: goes with every request as a bearer token; default none
            dimensions: length of vectors that the server is asked for; default the model's own, which a first request
                finds out
            max_tokens: tokens of a text that count, of three bytes each; default 512
            batch: texts of a request; default 64
            query_prompt: put before every question; default nothing
            passage_prompt: put before every passage; default nothing
            timeout: seconds that a request may take; default 60

        Raises:
            InvalidError: the URL is not of HTTP, or an option is out of its range or not known.
            ForeignError: the first request failed.
            TimeoutError: the server did not answer in time.
        """
    def __reduce__(self, /) -> NoReturn: ...
    def __repr__(self, /) -> str: ...
    async def aembed(self, /, texts: Sequence[str]) -> list[list[float]]:
        """
        Does the same as `embed` from async code.
        """
    async def aembed_queries(self, /, texts: Sequence[str]) -> list[list[float]]:
        """
        Does the same as `embed_queries` from async code.
        """
    @staticmethod
    async def aopen(url: str, model: str, **options: Unpack[RemoteEmbedderOptions]) -> RemoteEmbedder:
        """
        Opens an embedder from async code; see the class.
        """
    @property
    def dimensions(self, /) -> int:
        """
        Length of every vector.
        """
    def embed(self, /, texts: Sequence[str]) -> list[list[float]]:
        """
        The vectors of passages, each of length 1.
        """
    def embed_queries(self, /, texts: Sequence[str]) -> list[list[float]]:
        """
        The vectors of questions, which some models tell from passages.
        """
    @property
    def max_tokens(self, /) -> int:
        """
        How many tokens of a text count; the rest is ignored.
        """
    @property
    def name(self, /) -> str:
        """
        The embedder's name: vectors of different names cannot be compared.
        """

@final
class RemoteLlm:
    """
    A model behind a server that speaks OpenAI's protocol for chat completions (`POST /chat/completions`), as vLLM,
    llama.cpp, mistral.rs, Ollama and most clouds do.

    What the server refuses is an `InvalidError`, an `UnknownError` (404), a `ContextTooLongError`, a `TimeoutError`, or else a
    `ModelError`, whose `retryable` says whether it may pass. Leaving a run closes the connection.
    """
    def __new__(cls, /, url: str, model: str, **options: Unpack[RemoteLlmOptions]) -> RemoteLlm:
        """
        A model of a server. Nobody is asked yet.

        Args:
            url: where the server is, for example `http://127.0.0.1:8000/v1`
            model: the model's name there
            api_key: goes with every request as a bearer token; default none
            headers: further headers of every request, by name; their values are never shown
            extra: further fields of every request, as `reasoning_effort`
            dialect: what the server understands beside what all do: `common` (the default) has no word for `top_k`, `min_p`
                and `repetition_penalty`, which must stay at their defaults; `open_ai` is for OpenAI's own service, and
                `extended`, which has all words, for vLLM, llama.cpp, mistral.rs and the like
            context_window: tokens that prompt and answer may have together, of four bytes each; default 32 768
            timeout: seconds that a generation may take; default 300
            idle_timeout: seconds that the server may be silent, before the first piece and between two; default 60
            retries: how often a request is sent again that found no server, or one that cannot answer now; default 2

        Raises:
            InvalidError: the URL is not of HTTP, or an option is out of its range or not known.
        """
    def __reduce__(self, /) -> NoReturn: ...
    def __repr__(self, /) -> str: ...
    @property
    def context_window(self, /) -> int:
        """
        How many tokens prompt and answer may have together.
        """
    def count_tokens(self, /, text: str) -> int:
        """
        About how many tokens a text has: one for four bytes, since nobody here knows the model's own.
        """
    @property
    def name(self, /) -> str:
        """
        The model's identity: its name and where it is.
        """

@final
class Report:
    """
    Counts and times of a run; times in seconds.

    `retrieval`, `generation`, `tools`, `reading` and `overhead` are the parts of `total`.
    """
    __match_args__: Final = ("first_token", "total", "turns", "tool_calls")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def call_probability(self, /) -> float | None:
        """
        How likely a local model was to begin its first turn with a call of a tool, from 0 to 1; none where it did not have
        the choice.
        """
    @property
    def cost(self, /) -> float | None:
        """
        What the tokens of the run cost, those of agents that it asked included; none where no prices are known.
        """
    @property
    def decoding(self, /) -> float:
        """
        Time spent writing text, over all turns, from the first text of each turn to its end.
        """
    @property
    def first_token(self, /) -> float | None:
        """
        From the start to the first text; none if there was no text.
        """
    @property
    def generation(self, /) -> float:
        """
        Time spent waiting for the model, over all turns: its queue, the prompt and the text.
        """
    @property
    def overhead(self, /) -> float:
        """
        What the run itself took, with session store and cache: the rest of the total.
        """
    @property
    def reading(self, /) -> float:
        """
        Time that the reader of the events took between them.
        """
    @property
    def retrieval(self, /) -> float:
        """
        Time spent retrieving passages.
        """
    @property
    def tokens_per_second(self, /) -> float | None:
        """
        Tokens that followed the first one in a second of decoding; none when no text was generated.
        """
    @property
    def tool_calls(self, /) -> int:
        """
        Tool calls that were answered.
        """
    @property
    def tools(self, /) -> float:
        """
        Time spent in tools.
        """
    @property
    def total(self, /) -> float:
        """
        From the start to the end.
        """
    @property
    def turns(self, /) -> int:
        """
        Generations.
        """

@final
class Retrieved:
    """
    The passages that the model will see, best first.

    Comes once, when there is a retriever and the answer is not cached. A passage's position plus one is the
    number by which the answer cites it.
    """
    __match_args__: Final = ("passages",)
    type: Final[Literal["retrieved"]]
    """
    `"retrieved"`
    """
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def passages(self, /) -> list[Passage]:
        """
        The passages.
        """
    def to_json(self, /) -> dict[str, Any]:
        """
        The JSON form, the same in all languages.
        """

@final
class Routed:
    """
    A `Router` has chosen who answers; what follows is the chosen agent's own.
    """
    __match_args__: Final = ("to", "by", "score")
    type: Final[Literal["routed"]]
    """
    `"routed"`
    """
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def by(self, /) -> str:
        """
        What chose it: `"rule"`, `"examples"`, `"model"` or `"fallback"`.
        """
    @property
    def score(self, /) -> float | None:
        """
        The cosine between the question and the nearest example, where examples chose.
        """
    @property
    def to(self, /) -> str:
        """
        The name of its route.
        """
    def to_json(self, /) -> dict[str, Any]:
        """
        The JSON form, the same in all languages.
        """

@final
class Router(Agent):
    """
    An agent that chooses, for each question, one of several agents that answers it.

    The first of these that says something chooses: the rules of each route, in the order of the routes and those of the
    fallback last; the examples of all routes; the model; the fallback. The stream begins with the event `Routed`, what follows is
    the chosen agent's own, and `Answer.answered_by` names it. It gets the question with all its options as they are.

    ```python
    billing = Route("billing", "Invoices and refunds", billing_assistant, words=["invoice", "refund"])
    router = Router(Route("general", "Everything else", assistant), [billing])
    print(router.run("Where is my refund?").answered_by)
    ```
    """
    def __new__(cls, /, fallback: Route, routes: Sequence[Route] = ..., *, embedder: LocalEmbedder | HashedEmbedder | RemoteEmbedder | CachedEmbedder | Embedder | None = None, threshold: float | None = None, llm: LocalLlm | RemoteLlm | ScriptedLlm | Llm | None = None) -> Router:
        """
        A router of these routes.

        Args:
            fallback: the agent that answers what no other one is chosen for
            routes: the others
            embedder: compares questions with the examples of the routes
            threshold: the cosine from which on a question is like an example, from -1 to 1; default 0.5
            llm: a model that names an agent where neither rules nor examples choose; a `LocalLlm` can write nothing else

        Raises:
            InvalidError: a name is none or of two routes, a word or example is blank, a pattern is none, there are examples
                without an embedder.
        """

@final
class Sampling:
    """
    How the next token is chosen from the model's probabilities.
    """
    __match_args__: Final = ("temperature", "top_k", "top_p", "min_p", "repetition_penalty", "seed")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __new__(cls, /, *, temperature: float | None = None, top_k: int | None = None, top_p: float | None = None, min_p: float | None = None, repetition_penalty: float | None = None, seed: int | None = None) -> Sampling:
        """
        Sampling with these values, and the defaults for the others.

        Args:
            temperature: 0 always takes the likeliest token, higher is more varied; from 0 to 2, default 0.3
            top_k: keeps only the k likeliest tokens; 0 keeps all; default 40
            top_p: keeps the likeliest tokens whose probabilities sum to this; above 0 up to 1, default 0.95
            min_p: drops tokens less likely than this share of the likeliest one; from 0 to 1, default 0.05
            repetition_penalty: makes recent tokens less likely; from 1 (off, the default) to 2
            seed: the same seed repeats an answer; drawn anew each time by default
        """
    def __repr__(self, /) -> str: ...
    @staticmethod
    def greedy() -> Sampling:
        """
        Always the likeliest token.
        """
    @property
    def min_p(self, /) -> float:
        """
        Drops tokens less likely than this share of the likeliest one.
        """
    @property
    def repetition_penalty(self, /) -> float:
        """
        Makes recent tokens less likely; 1 is off.
        """
    @property
    def seed(self, /) -> int | None:
        """
        Seed of the random choice; none if it is drawn anew each time.
        """
    @property
    def temperature(self, /) -> float:
        """
        0 always takes the likeliest token; higher is more varied.
        """
    @property
    def top_k(self, /) -> int:
        """
        Keeps only the k likeliest tokens; 0 keeps all.
        """
    @property
    def top_p(self, /) -> float:
        """
        Keeps the likeliest tokens whose probabilities sum to this.
        """

@final
class Scores:
    """
    Scores of a passage, stage by stage; a stage that did not see it gives none.
    """
    __match_args__: Final = ("dense", "lexical", "fused", "reranked", "mmr")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def dense(self, /) -> float | None:
        """
        Similarity of the vectors.
        """
    @property
    def fused(self, /) -> float | None:
        """
        Reciprocal-rank fusion.
        """
    @property
    def lexical(self, /) -> float | None:
        """
        BM25.
        """
    @property
    def mmr(self, /) -> float | None:
        """
        Maximal marginal relevance: relevance against what passages before say already.
        """
    @property
    def reranked(self, /) -> float | None:
        """
        The reranker's.
        """

@final
class ScriptedLlm:
    """
    A model that says what it was told to say: for tests and examples.

    Each generation takes the next turn of the script. Tokens are words between white space.
    """
    def __new__(cls, /, turns: Sequence[str | Mapping[str, Any]]) -> ScriptedLlm:
        """
        A model with this script.

        Args:
            turns: for each generation a text, or a dict with `text` (a list of pieces), `tool_calls` (dicts with
                `name` and `arguments`), `finish_reason`, `error` (ends the generation with this text) and
                `delay_ms` (to wait before each piece)
        """
    def __reduce__(self, /) -> NoReturn: ...
    def __repr__(self, /) -> str: ...
    def deltas(self, /) -> int:
        """
        How many pieces were taken so far: it stands still once nobody reads.
        """
    def prompts(self, /) -> list[dict[str, Any]]:
        """
        Every prompt that was accepted, oldest first, in its JSON form.
        """

@final
class Slo:
    """
    A service level objective: how many of a hundred runs keep a bound, and which.
    """
    __match_args__: Final = ("name", "metric", "percentile", "bound")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __new__(cls, /, name: str, metric: Literal['first_token', 'total_without_tools', 'total_with_tools', 'tokens_per_second', 'overhead'], percentile: float, bound: float) -> Slo:
        """
        An objective from its parts.

        Args:
            name: by which reports tell it from the others
            metric: `first_token`, `total_without_tools`, `total_with_tools` and `overhead` (for each generation) are
                in seconds; of `tokens_per_second`, more is better
            percentile: how many of a hundred runs must keep the bound: at least 1 and less than 100
            bound: the most seconds, or the fewest tokens in a second, that keep it; more than 0
        """
    def __repr__(self, /) -> str: ...
    @property
    def bound(self, /) -> float:
        """
        The most seconds, or the fewest tokens in a second, that keep it.
        """
    @property
    def metric(self, /) -> str:
        """
        What it is about.
        """
    @property
    def name(self, /) -> str:
        """
        By which reports tell it from the others.
        """
    @property
    def percentile(self, /) -> float:
        """
        How many of a hundred runs must keep the bound.
        """

@final
class SloReport:
    """
    Whether an objective was kept.

    Percentiles have an error of at most 1 %. Each is the best bound that this share of the runs keeps: of tokens per
    second, 95 % of the runs are at `p95` or above.
    """
    __match_args__: Final = ("slo", "attained", "samples", "observed", "burn_rate")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def attained(self, /) -> bool:
        """
        Whether enough runs kept the bound; true if nothing was recorded.
        """
    @property
    def burn_rate(self, /) -> float:
        """
        How fast the allowed violations are used up: their share of the runs, divided by the share that the percentile
        allows. At 1 exactly all of them are used.
        """
    @property
    def observed(self, /) -> float | None:
        """
        The objective's own percentile; none if nothing was recorded.
        """
    @property
    def p50(self, /) -> float | None:
        """
        What half of the runs keep.
        """
    @property
    def p95(self, /) -> float | None:
        """
        What 95 of a hundred runs keep.
        """
    @property
    def p99(self, /) -> float | None:
        """
        What 99 of a hundred runs keep.
        """
    @property
    def samples(self, /) -> int:
        """
        The runs that gave a number.
        """
    @property
    def slo(self, /) -> Slo:
        """
        The objective.
        """
    def to_json(self, /) -> dict[str, Any]:
        """
        The JSON form, the same in all languages.
        """
    @property
    def violations(self, /) -> int:
        """
        Of these, the runs that broke the bound.
        """

@final
class Slos:
    """
    Objectives, and how the recorded runs keep them.

    ```python
    slos = Slos([Slo("a quick start", "first_token", percentile=95, bound=0.5)])
    slos.record(assistant.run("Why?").report)
    for report in slos.reports():
        print(report.slo.name, report.attained, report.burn_rate)
    ```

    A run that fails has no report and is not counted. It may be used from any thread.
    """
    def __new__(cls, /, slos: Sequence[Slo | Mapping[str, Any]]) -> Slos:
        """
        Nothing recorded yet.

        Args:
            slos: the objectives, each an `Slo` or a dict of its fields; their names differ
        """
    def __reduce__(self, /) -> NoReturn: ...
    def record(self, /, report: Report) -> None:
        """
        Counts one run.
        """
    def reports(self, /) -> list[SloReport]:
        """
        How each objective was kept so far, in the order in which they were given.
        """
    def reset(self, /) -> None:
        """
        Forgets what was recorded.
        """

@final
class StoreCheck:
    """
    What a check of a store found.
    """
    __match_args__: Final = ("documents", "chunks", "problems")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def chunks(self, /) -> int:
        """
        Passages that were looked at.
        """
    @property
    def documents(self, /) -> int:
        """
        Documents that were looked at.
        """
    @property
    def problems(self, /) -> list[str]:
        """
        What is wrong, a sentence each, at most 100; empty for a sound store.
        """

@final
class StoreInfo:
    """
    What a store holds, by its own account.
    """
    __match_args__: Final = ("path", "format", "embedder", "dimensions", "documents", "chunks", "bytes")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def bytes(self, /) -> int:
        """
        The length of all its files in bytes.
        """
    @property
    def chunks(self, /) -> int:
        """
        The number of passages.
        """
    @property
    def dimensions(self, /) -> int:
        """
        Length of the embedder's vectors.
        """
    @property
    def documents(self, /) -> int:
        """
        The number of documents.
        """
    @property
    def embedder(self, /) -> str:
        """
        The name of the embedder that it was made with, and that opens it.
        """
    @property
    def format(self, /) -> int:
        """
        The version of its format.
        """
    @property
    def path(self, /) -> Path:
        """
        The store's file.
        """

@final
class Text:
    """
    More text of the answer.
    """
    __match_args__: Final = ("text",)
    type: Final[Literal["text"]]
    """
    `"text"`
    """
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def text(self, /) -> str:
        """
        Whole code points, never empty.
        """
    def to_json(self, /) -> dict[str, Any]:
        """
        The JSON form, the same in all languages.
        """

@final
class ToolCall:
    """
    The model asks for a tool, which now starts.
    """
    __match_args__: Final = ("name", "arguments", "id")
    type: Final[Literal["tool_call"]]
    """
    `"tool_call"`
    """
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def arguments(self, /) -> Any:
        """
        The arguments, as the model wrote them: not validated yet.
        """
    @property
    def id(self, /) -> str:
        """
        Unique within the run.
        """
    @property
    def name(self, /) -> str:
        """
        The tool's name, as the model wrote it.
        """
    def to_json(self, /) -> dict[str, Any]:
        """
        The JSON form, the same in all languages.
        """

@final
class ToolContext:
    """
    For which run a function is called: a parameter of this type, of a tool, an approver or a function of `choices`, gets it, and the
    model is not told of it.

    ```python
    @tool
    def orders(context: ToolContext) -> list[str]:
        return orders_of(context.session)
    ```
    """
    def __new__(cls, /, session: str | None = None, scopes: Sequence[str] | None = None) -> ToolContext:
        """
        A context as a run would give it, for tests of functions that take one.
        """
    def __repr__(self, /) -> str: ...
    def grants(self, /, scope: str) -> bool:
        """
        Whether a scope was granted: by its name, or by a beginning of it that ends with `*`.
        """
    @property
    def on_behalf_of(self, /) -> str | None:
        """
        The conversation for which it was begun, by a tool or a hand-off of another run.
        """
    @property
    def scopes(self, /) -> set[str]:
        """
        What the run was granted; see `grants`.
        """
    @property
    def session(self, /) -> str | None:
        """
        The conversation of the run, if it belongs to one.
        """
    @property
    def time_left(self, /) -> float | None:
        """
        Seconds until tools are stopped, so that the run has time for its last answer; None if nothing limits it.
        """

@final
class ToolMetrics:
    """
    Counts how the tool calls of assistants end.

    ```python
    metrics = ToolMetrics()
    assistant = Assistant(llm, tools=[search], tool_metrics=metrics)
    assistant.run("Why?")
    report = metrics.report()
    print(report.tools["search"].success_rate, report.calls_per_run.mean)
    ```

    Several assistants may share one. Runs count when they end, also those that fail or are left. Not counted are a call whose
    run is left meanwhile, a dry run, a call that waits for an approval, and a hand-off. It may be used from any thread.
    """
    def __new__(cls, /) -> ToolMetrics:
        """
        Nothing counted yet.
        """
    def __reduce__(self, /) -> NoReturn: ...
    def report(self, /) -> ToolMetricsReport:
        """
        What was counted so far.
        """
    def reset(self, /) -> None:
        """
        Forgets what was counted.
        """

@final
class ToolMetricsReport:
    """
    How the tool calls of assistants ended.
    """
    __match_args__: Final = ("tools", "total", "calls_per_run")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def calls_per_run(self, /) -> Distribution:
        """
        The calls of each run that has ended, those without calls too; calls that are not counted are none.
        """
    def to_json(self, /) -> dict[str, Any]:
        """
        The JSON form, the same in all languages.
        """
    @property
    def tools(self, /) -> dict[str, ToolReport]:
        """
        Each tool by its name. `*` is what the model called that no tool is named, and each tool after the first 1 000.
        """
    @property
    def total(self, /) -> ToolReport:
        """
        All calls together: its shares are those of the tools, weighted by their calls.
        """

@final
class ToolOutput:
    """
    A tool has ended.
    """
    __match_args__: Final = ("name", "content", "status")
    type: Final[Literal["tool_output"]]
    """
    `"tool_output"`
    """
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def cached(self, /) -> bool:
        """
        Whether the value is one that the tool's `cache` had; the tool did not run.
        """
    @property
    def call_id(self, /) -> str:
        """
        The call that this answers.
        """
    @property
    def content(self, /) -> str:
        """
        The value as text (JSON unless the tool returned a string), or an explanation of the failure.
        """
    @property
    def elapsed(self, /) -> float:
        """
        How long the tool ran, in seconds.
        """
    @property
    def is_success(self, /) -> bool:
        """
        Whether the tool returned a value.
        """
    @property
    def name(self, /) -> str:
        """
        The tool's name.
        """
    @property
    def status(self, /) -> str:
        """
        How it ended: `success`, `unknown_tool`, `invalid_arguments`, `error`, `timeout`, `refused` (by a limit of the run),
        `denied` (a scope or an approval is missing), `rate_limited`, `unavailable` or `dry_run`.
        """
    def to_json(self, /) -> dict[str, Any]:
        """
        The JSON form, the same in all languages.
        """
    @property
    def usage(self, /) -> Usage:
        """
        Tokens of the models that the tool asked, if it is an assistant.
        """

@final
class ToolReport:
    """
    How calls ended.

    Each is a success, an error, a timeout or a refusal, so that the four counts add up to `calls`, and the four shares to 1;
    shares are none if there were no calls.
    """
    __match_args__: Final = ("calls", "successes", "errors", "timeouts", "refusals", "cache_hits")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def cache_hit_rate(self, /) -> float | None:
        """
        The share of the cache hits.
        """
    @property
    def cache_hits(self, /) -> int:
        """
        Those whose value the tool's `cache` had; they are successes.
        """
    @property
    def calls(self, /) -> int:
        """
        All that are counted.
        """
    @property
    def error_rate(self, /) -> float | None:
        """
        The share of the errors.
        """
    @property
    def errors(self, /) -> int:
        """
        Those in which the tool failed.
        """
    @property
    def latency(self, /) -> Distribution:
        """
        Seconds of the calls for which the tool ran, with what they waited for: all but refusals and cache hits.
        """
    @property
    def refusal_rate(self, /) -> float | None:
        """
        The share of the refusals.
        """
    @property
    def refusals(self, /) -> int:
        """
        Those for which the tool did not run: for arguments, a scope, an approval, a rate, a breaker or a limit.
        """
    @property
    def success_rate(self, /) -> float | None:
        """
        The share of the successes, from 0 to 1.
        """
    @property
    def successes(self, /) -> int:
        """
        Those that gave a value, from a cache too.
        """
    @property
    def timeout_rate(self, /) -> float | None:
        """
        The share of the timeouts.
        """
    @property
    def timeouts(self, /) -> int:
        """
        Those that were stopped because they took too long.
        """

@final
class Usage:
    """
    Tokens that a run consumed and produced.
    """
    __match_args__: Final = ("input_tokens", "output_tokens", "cached_tokens")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def cached_tokens(self, /) -> int:
        """
        Tokens of the prompts that were taken from a cache instead of being computed.
        """
    @property
    def input_tokens(self, /) -> int:
        """
        Tokens of the prompts.
        """
    @property
    def output_tokens(self, /) -> int:
        """
        Tokens generated.
        """

@final
class VectorIndex:
    """
    How vectors are searched.
    """
    __match_args__: Final = ("kind", "covered")
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __repr__(self, /) -> str: ...
    @property
    def covered(self, /) -> int | None:
        """
        Passages that the graph covers; the others are searched one by one until it is rebuilt.
        """
    @property
    def kind(self, /) -> str:
        """
        `exact`: one by one, nothing is missed; `hnsw`: in a graph.
        """

async def afetch(name: str, *, mirrors: Sequence[str] = ..., progress: Callable[[FetchProgress], object] | None = None) -> Path:
    """
    Does the same as `fetch` from async code.
    """

async def aquantize(source: str | PathLike[str], target: str | PathLike[str], *, type: Literal['q8_0', 'q4_0', 'q4_1'] = ..., overwrite: bool = False, progress: Callable[[QuantizeProgress], object] | None = None) -> QuantizeReport:
    """
    Does the same as `quantize` from async code.
    """

def calculate() -> BuiltinTool:
    """
    The tool `calculate`: the value of an arithmetic expression with `+ - * / % ^`, parentheses and the functions
    `min`, `max`, `abs`, `round`, `sqrt` and `pow`.

    Whole numbers are exact up to 38 digits; others, and larger ones, have 15 digits. It can do nothing but arithmetic.
    """

def current_time(**options: Unpack[CurrentTimeOptions]) -> BuiltinTool:
    """
    The tool `current_time`: date, time and weekday in a time zone that has a name. It reads the clock of this machine.

    Args:
        zone: the time zone of calls that name none; default `UTC`
    """

def devices() -> list[DeviceInfo]:
    """
    The devices of this machine that are built in, in the order in which `auto` looks at them; the last is the CPU.
    """

def fetch(name: str, *, mirrors: Sequence[str] = ..., progress: Callable[[FetchProgress], object] | None = None) -> Path:
    """
    Makes sure that a model is on this machine, and gives its path.

    Missing files come from the Hugging Face Hub, or from a mirror, are checked against their SHA-256 and kept
    in the user's cache directory, or in `RUSHLIGHT_HOME`. A fetch that was broken off is continued.
    `RUSHLIGHT_OFFLINE=1` forbids it.

    Args:
        name: a name that `models` lists
        mirrors: base URLs of servers with the paths of the Hugging Face Hub, to be asked when it fails
        progress: a function, sync or async, that is told how far it is; if it raises, the fetch stops
    """

def fetch_page(**options: Unpack[FetchPageOptions]) -> BuiltinTool:
    """
    The tool `fetch_page`: the readable text of one web page, as JSON.

    It connects to public addresses alone, also after redirects, unless a host is allowed by name, and keeps to
    `robots.txt`. An address can carry what the model knows to whoever owns its host: `hosts` says which it may ask.

    Args:
        hosts: the only hosts whose pages are fetched, each by its whole name; default all
        allowed_hosts: hosts whose addresses need not be public, as `localhost`
        max_bytes: larger pages are refused; default 8 MiB
        max_output_bytes: text beyond this is left out; default 12 KiB
        max_redirects: redirects that are followed; default 5
        timeout: seconds for one page; default 3
        user_agent: who asks; default `rushlight/` and the version
    """

def models() -> list[KnownModel]:
    """
    Every model that has a name, smallest first, with its place on this machine if it is there.
    """

def quantize(source: str | PathLike[str], target: str | PathLike[str], *, type: Literal['q8_0', 'q4_0', 'q4_1'] = "q8_0", overwrite: bool = False, progress: Callable[[QuantizeProgress], object] | None = None) -> QuantizeReport:
    """
    Writes a language model as one GGUF file whose matrices are rounded to fewer bits, and says what that changes.

    `LocalLlm` opens what is written: tokenizer, chat template and settings are in it. It is put in its place when it is
    whole; if the work ends before, nothing of it is left.

    Args:
        source: a name that `models` lists, or the path of a folder with safetensors or of a GGUF file; its weights are
            F32, F16 or BF16
        target: the file to write
        type: what matrices are rounded to: `q8_0` (the default, 34 bytes for 32 weights), `q4_0` (18) or `q4_1` (20)
        overwrite: whether a file that is at the place of the new one is replaced; by default it is refused
        progress: a function, sync or async, that is told how far it is; if it raises, the work stops

    Raises:
        UnknownError: no model has this name.
        InvalidError: the target is there already, or the type is unknown.
        ModelError: the weights are quantised already, or the model is damaged or of a kind that is not built in.
    """

def read_file(root: str | PathLike[str], **options: Unpack[ReadFileOptions]) -> BuiltinTool:
    """
    The tool `read_file`: the text of a file below a folder, or a range of its lines.

    It can read nothing outside of the folder, neither by `..`, an absolute path nor a link, and nothing but regular
    files with text in UTF-8.

    Args:
        root: the folder
        max_file_bytes: larger files are refused; default 1 MiB
        max_output_bytes: at most this much text is given at once; default 12 KiB
        hidden: whether files and folders whose names begin with a dot may be read; default False
        list_files: up to so many files are listed for each run, and no other path can be asked for: small models do not invent one
            then; where there are more, none is listed, nor are files that ignore files name; default 0: any path
    """

def run_command(dir: str | PathLike[str], commands: Sequence[AllowedCommand], **options: Unpack[RunCommandOptions]) -> BuiltinTool:
    """
    The tool `run_command`: runs an allowed program with allowed arguments in a folder, without a shell, and gives its
    exit code and what it wrote.

    An allowed command is a dict: `program`, a name on `PATH` or an absolute path; `arguments`, a regular expression for
    each argument as a whole; and `more`, one for all further arguments, of which there are none without it. An argument
    that begins with `-` matches only a pattern that begins with `-`. When its time is over, or nobody waits for it any more,
    a process ends with all that it started.

    Args:
        dir: the folder in which programs run
        commands: what may be run
        environment: variables of this process that programs get, for example `PATH`; default none
        timeout: seconds that one may run; default 10
        max_output_bytes: how much is given of each of its two outputs; default 6 KiB
        dry_run: whether nothing is started and the output says what would be; default False
    """

def search_code(root: str | PathLike[str], **options: Unpack[SearchCodeOptions]) -> BuiltinTool:
    """
    The tool `search_code`: lines of the text files below a folder that hold a text or match a regular expression.

    Files that `.gitignore` names are left out; the same files give the same output. It can show nothing outside of the
    folder.

    Args:
        root: the folder
        max_hits: at most this many lines are found; default 50
        context_lines: lines that are shown before and after each; default 1
        max_output_bytes: at most about this much text is given; default 12 KiB
        max_file_bytes: larger files are not searched; default 1 MiB
        hidden: whether files and folders whose names begin with a dot are searched; default False
    """

def search_knowledge(retriever: Retriever, **options: Unpack[SearchKnowledgeOptions]) -> BuiltinTool:
    """
    The tool `search_knowledge`: the passages that a retriever finds for a question, each with its source, as JSON.

    Args:
        retriever: where passages come from: a `KnowledgeBase`, what its method `retriever` gives, or any object with a
            method `retrieve(question, k)`
        name: the name that the model uses; default `search_knowledge`
        description: what the model is told about it
        k: passages of a call that does not say how many; default 5
        max_k: at most this many passages, also where more are asked for; default 10
        filter: which passages may be found; default all
        max_output_bytes: passages that do not fit into this much output are left out; default 12 KiB
    """
