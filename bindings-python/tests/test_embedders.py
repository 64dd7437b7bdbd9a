"""Embedders of this package, and what is put around them."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rushlight import (
    CachedEmbedder,
    Document,
    ForeignError,
    HashedEmbedder,
    InvalidError,
    KnowledgeBase,
    LocalEmbedder,
    MemoryCache,
    RemoteEmbedder,
)

ENCODER = Path(__file__).resolve().parents[2] / "core/models/tests/fixtures/encoders/bert"


class Recorder:
    """An embedder that remembers what it was asked."""

    name = "recorder"
    dimensions = 8

    def __init__(self) -> None:
        self.passages: list[str] = []
        self.questions: list[str] = []

    def embed(self, texts: list[str]) -> list[list[float]]:
        self.passages += texts
        return HashedEmbedder(8).embed(texts)

    async def embed_queries(self, texts: list[str]) -> list[list[float]]:
        self.questions += texts
        return HashedEmbedder(8).embed(texts)


def test_prompts_stand_before_questions_and_passages() -> None:
    plain = LocalEmbedder(ENCODER, query_prompt="", passage_prompt="")
    embedder = asyncio.run(LocalEmbedder.aopen(ENCODER))

    assert embedder.embed(["the cat"]) == plain.embed(["passage: the cat"])
    assert embedder.embed_queries(["the cat"]) == plain.embed(["query: the cat"])
    assert asyncio.run(embedder.aembed_queries(["the cat"])) == plain.embed(["query: the cat"])
    assert (embedder.name, plain.name) == ("bert", 'bert ""')


def test_what_is_asked_is_a_question_and_what_is_stored_a_passage() -> None:
    embedder = Recorder()
    store = KnowledgeBase(None, embedder, mode="dense")

    store.ingest([Document("moon.md", "The moon is rock.")])
    store.retrieve("Is it cheese?")

    assert (embedder.passages, embedder.questions) == (["The moon is rock."], ["Is it cheese?"])


class Drawer:
    """A cache that keeps everything."""

    def __init__(self) -> None:
        self.values: dict[bytes, bytes] = {}

    def get(self, key: bytes) -> bytes | None:
        return self.values.get(key)

    async def put(self, key: bytes, value: bytes) -> None:
        self.values[key] = value

    def remove(self, key: bytes) -> None:
        self.values.pop(key, None)


@pytest.mark.parametrize("cache", [MemoryCache(), Drawer()], ids=["memory", "own"])
def test_a_passage_is_computed_once_and_a_question_each_time(cache: MemoryCache | Drawer) -> None:
    recorder = Recorder()
    embedder = CachedEmbedder(recorder, cache)

    first = embedder.embed(["a", "b", "a"])
    second = asyncio.run(embedder.aembed(["c", "a"]))
    embedder.embed_queries(["a"])
    embedder.embed_queries(["a"])

    assert (recorder.passages, recorder.questions) == (["a", "b", "c"], ["a", "a"])
    assert first[0] == first[2] == second[1]
    assert (embedder.name, embedder.dimensions, repr(embedder)) == ("recorder", 8, 'CachedEmbedder("recorder")')
    assert KnowledgeBase(None, embedder).info.embedder == "recorder"


class Server:
    """A server of embeddings on this machine."""

    def __init__(self, port: int, asked: list[dict[str, Any]]) -> None:
        self.url = f"http://127.0.0.1:{port}/v1"
        self.asked = asked


@pytest.fixture
def server() -> Iterator[Server]:
    asked: list[dict[str, Any]] = []

    class Embeddings(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append({"path": self.path, "key": self.headers["Authorization"], **body})
            vectors = HashedEmbedder(16).embed(body["input"])
            reply: dict[str, Any] = {"data": [{"index": i, "embedding": v} for i, v in enumerate(vectors)]}
            if body["model"] == "unknown":
                reply = {"error": {"message": "no such model"}}
            content = json.dumps(reply).encode()
            self.send_response(404 if "error" in reply else 200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Embeddings) as listening:
        threading.Thread(target=listening.serve_forever).start()
        yield Server(listening.server_port, asked)
        listening.shutdown()


def test_a_server_embeds(server: Server) -> None:
    embedder = RemoteEmbedder(server.url, "hashed", api_key="secret", query_prompt="query: ", batch=2, timeout=20)

    vectors = embedder.embed(["a", "b", "c"])
    embedder.embed_queries(["a"])

    assert (embedder.name, embedder.dimensions, embedder.max_tokens) == ("hashed", 16, 512)
    assert [len(vector) for vector in vectors] == [16, 16, 16]
    assert [request["input"] for request in server.asked[1:]] == [["a", "b"], ["c"], ["query: a"]]
    assert {request["key"] for request in server.asked} == {"Bearer secret"}
    assert {request["path"] for request in server.asked} == {"/v1/embeddings"}


def test_what_a_server_refuses_reaches_the_caller(server: Server) -> None:
    with pytest.raises(ForeignError, match="^embedder `unknown` failed: status 404: no such model$"):
        RemoteEmbedder(server.url, "unknown")
    with pytest.raises(InvalidError, match="batch.*at least 1, got 0"):
        asyncio.run(RemoteEmbedder.aopen(server.url, "hashed", batch=0))
    with pytest.raises(InvalidError, match="timeout"):
        RemoteEmbedder(server.url, "hashed", timeout=-1)
    with pytest.raises(InvalidError, match="got `example.org`"):
        RemoteEmbedder("example.org", "hashed")
