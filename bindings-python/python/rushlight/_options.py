"""The keyword arguments that are passed on to the core: it knows their defaults, and refuses others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

from ._filter import Filter

if TYPE_CHECKING:
    from ._agents import HandOff
    from ._protocols import Approver, Cache, Retriever
    from ._rushlight import McpTools, MemoryCache, MemorySessions, ToolMetrics
    from ._tool import Tool
    from .tools import BuiltinTool


class NamedTool(TypedDict):
    """The tool that a model must ask for."""

    named: str


class ExtractOptions(TypedDict, total=False):
    """Of one run of an `Assistant`."""

    session: str | None
    """The conversation that the question belongs to; none for a question on its own."""
    history: Sequence[Mapping[str, Any]]
    """What was said before, after what the session remembers: messages as `{"role": "user", "content": …}`."""
    priority: Literal["low", "normal", "high"] | None
    """Which runs go first at the model when not all can; `normal` by default."""
    filter: Filter | None
    """Which passages may be found; all of them by default."""
    scopes: Collection[str]
    """What the run is granted, for tools that need scopes; a `*` at the end of one stands for any rest."""
    dry_run: bool
    """Tools only say what they would do."""
    tool_choice: Literal["auto", "none", "required"] | NamedTool
    """Whether the model may, must not or must ask for tools, or for which one it must; it may by default. Where it
    must, it does so in its first turn."""
    parallel_calls: bool
    """Whether the model may ask for several tools in one turn; it may by default."""
    call_threshold: float | None
    """How likely a local model must be to begin a turn with a call for it to call, from 0 to 1: below that it answers in
    words. `Report.call_probability` tells how likely it was. As it samples by default."""
    citing: Literal["free", "retrieved", "required"]
    """Which passages a local model may cite by their numbers, as in `[2]`: `retrieved` ones only, so that it writes no other
    square bracket; or these, and an answer that has cited nothing ends with one (`required`). Not beside a schema; `free` by
    default."""
    deadline: float | None
    """Seconds that the run may take, where the assistant's limits admit more."""


class RunOptions(ExtractOptions, total=False):
    """Of one run of an `Assistant` whose answer is text. A `PendingRun` has those that it began with."""

    decisions: Mapping[str, bool | str]
    """What was decided about the calls of a `PendingRun`, by their ids: True, or False or a reason why not."""

    schema: Mapping[str, Any] | None
    """A JSON Schema that the answer has to fit, as JSON; none for an answer in words."""


class _Question(TypedDict):
    question: str


class BatchRequest(_Question, RunOptions, total=False):
    """One request of a batch: a question, and the options of its run."""


class ResultCache(TypedDict, total=False):
    """For how long, and how many, values of a tool are given again to calls with the same arguments."""

    ttl: float | str
    entries: int


class CircuitBreaker(TypedDict, total=False):
    """After how many failures in a row a tool is left alone, and for how long."""

    failures: int
    open_for: float | str


class ToolPolicy(TypedDict, total=False):
    """What keeps the calls of one tool in check. A duration is a number of seconds, or text such as `250ms` or `10m`."""

    timeout: float | str | None
    """How long one call may take, with what it waits for; what the assistant's `tool_timeout` says by default."""
    rate: str | None
    """How often it may be called, for example `100/min` or `5/s`."""
    rate_key: Literal["tool", "session"]
    """Whose calls share the rate: all of the tool (the default), or those of one session."""
    rate_excess: Literal["wait", "refuse"]
    """What becomes of a call that comes faster: it waits where the timeout admits (the default), or is refused."""
    concurrency: int | None
    """How many calls run at once; others wait in line."""
    scopes: Sequence[str]
    """What a run must have been granted, all of them."""
    hidden: bool
    """Whether a run that lacks scopes is not told of the tool; true by default."""
    idempotent: bool
    """Whether running it twice with the same arguments does no more than running it once."""
    retries: int
    """How often a call that failed is made again, if the tool is idempotent or has a cache. An exception whose attribute
    `retry_after` is a number of seconds says when."""
    cache: float | str | ResultCache | None
    """How long a value is given again to calls with the same arguments, whoever makes them."""
    breaker: CircuitBreaker | None
    """When the tool is left alone because it fails again and again."""
    approve: bool
    """Whether the assistant's `approver` is asked before each call."""
    dry_run: bool
    """Whether each call only says what would run."""


class AssistantParts(TypedDict, total=False):
    """Of what `Assistant.from_spec` makes an assistant, beside the spec."""

    tools: Sequence[Tool[..., Any] | Callable[..., Any] | BuiltinTool | McpTools]
    retriever: Retriever | None
    cache: MemoryCache | Cache | None
    sessions: MemorySessions | None
    tool_timeout: float | None
    approver: Approver | None
    tool_metrics: ToolMetrics | None
    hand_offs: Sequence[HandOff]
    record: str | PathLike[str] | None


class LocalLlmOptions(TypedDict, total=False):
    """How a `LocalLlm` is loaded."""

    device: str
    context: int
    threads: int
    queue: int
    batch: int
    kv_type: Literal["f32", "f16", "q8"]
    kv_budget: int
    kv_reuse: Literal["off", "prefix"] | Mapping[Literal["chunks"], int]
    memory_budget: int
    unload_after: float
    tensor_parallel: int
    speculation: bool
    draft_model: str | PathLike[str]
    constrain_calls: bool


class RemoteLlmOptions(TypedDict, total=False):
    """Settings of a `RemoteLlm`."""

    api_key: str
    headers: Mapping[str, str]
    extra: Mapping[str, Any]
    dialect: Literal["common", "open_ai", "extended"]
    context_window: int
    timeout: float
    idle_timeout: float
    retries: int


class RemoteEmbedderOptions(TypedDict, total=False):
    """Settings of a `RemoteEmbedder`."""

    api_key: str
    dimensions: int
    max_tokens: int
    batch: int
    query_prompt: str
    passage_prompt: str
    timeout: float


class HnswOptions(TypedDict, total=False):
    """Parameters of the graph that finds vectors in a large `KnowledgeBase`."""

    m: int
    ef_construction: int
    ef: int
    rebuild_after: int


class KnowledgeBaseOptions(TypedDict, total=False):
    """Settings of a `KnowledgeBase`."""

    mode: Literal["hybrid", "dense", "lexical"]
    chunk_tokens: int
    chunk_overlap: int
    ann_threshold: int
    hnsw: HnswOptions
    fusion_depth: int
    max_file_bytes: int
    durability: Literal["normal", "full"]


class RetrieverOptions(TypedDict, total=False):
    """How a `KnowledgeRetriever` finds passages."""

    k: int
    mode: Literal["hybrid", "dense", "lexical"]
    filter: Filter
    rerank: bool
    mmr: float
    candidates: int


class WebOptions(TypedDict, total=False):
    """What of a web site `KnowledgeBase.ingest_url` takes."""

    depth: int
    max_pages: int
    max_bytes: int
    max_redirects: int
    timeout: float
    user_agent: str
    allowed_hosts: Sequence[str]


class CurrentTimeOptions(TypedDict, total=False):
    """What `tools.current_time` says when the model does not ask for more."""

    zone: str


class ReadFileOptions(TypedDict, total=False):
    """What `tools.read_file` may read."""

    max_file_bytes: int
    max_output_bytes: int
    hidden: bool
    list_files: int


class SearchCodeOptions(TypedDict, total=False):
    """What `tools.search_code` may search and give."""

    max_hits: int
    context_lines: int
    max_output_bytes: int
    max_file_bytes: int
    hidden: bool


class _Program(TypedDict):
    program: str


class AllowedCommand(_Program, total=False):
    """A program that `tools.run_command` may run, and with which arguments."""

    arguments: Sequence[str]
    more: str


class RunCommandOptions(TypedDict, total=False):
    """How the processes of `tools.run_command` run."""

    environment: Sequence[str]
    timeout: float
    max_output_bytes: int
    dry_run: bool


class SearchKnowledgeOptions(TypedDict, total=False):
    """What `tools.search_knowledge` is called, and what it may find."""

    name: str
    description: str
    k: int
    max_k: int
    filter: Filter
    max_output_bytes: int


class FetchPageOptions(TypedDict, total=False):
    """Which pages `tools.fetch_page` may fetch, and how."""

    hosts: Sequence[str]
    allowed_hosts: Sequence[str]
    max_bytes: int
    max_output_bytes: int
    max_redirects: int
    timeout: float
    user_agent: str


class _McpProgram(TypedDict):
    command: str


class McpProgram(_McpProgram, total=False):
    """A program that speaks the Model Context Protocol over its standard streams, and is started."""

    args: Sequence[str]
    env: Mapping[str, str]
    """Variables that it gets beside those that every program needs, such as `PATH`."""
    cwd: str
    """The folder that it runs in; ours by default."""


class _McpUrl(TypedDict):
    url: str


class McpUrl(_McpUrl, total=False):
    """A server of the Model Context Protocol that runs, and is spoken to over HTTP."""

    headers: Mapping[str, str]
    """Of every request, for example `Authorization`."""


McpEndpoint: TypeAlias = McpProgram | McpUrl
"""Where a server of the Model Context Protocol is."""


class McpToolsOptions(TypedDict, total=False):
    """Which tools `McpTools.connect` takes, and what keeps them in check."""

    prefix: str
    allow: Sequence[str]
    policy: ToolPolicy
    connect_timeout: float
