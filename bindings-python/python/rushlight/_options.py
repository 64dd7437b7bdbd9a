"""The keyword arguments that are passed on to the core: it knows their defaults, and refuses others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Literal, TypedDict

from ._filter import Filter


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
