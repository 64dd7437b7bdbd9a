"""The knowledge base, and parts of the caller's own in its place."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

import rushlight
from rushlight import (
    Assistant,
    Document,
    HashedEmbedder,
    IngestProgress,
    KnowledgeBase,
    MemoryCache,
    MemorySessions,
    Passage,
    Retrieved,
    ScriptedLlm,
)


def handbook(folder: Path) -> Path:
    folder.mkdir()
    (folder / "leave.md").write_text("# Leave\n\nEvery employee has 28 days of leave a year.\n", encoding="utf-8")
    (folder / "travel.md").write_text("# Travel\n\nTrains are booked in second class.\n", encoding="utf-8")
    return folder


def test_a_store_on_disk_keeps_what_was_ingested(tmp_path: Path) -> None:
    folder = handbook(tmp_path / "handbook")
    seen: list[IngestProgress] = []

    store = KnowledgeBase(tmp_path / "store", HashedEmbedder(64))
    first = store.ingest_dir(folder, progress=seen.append)
    again = store.ingest_dir(folder)
    del store
    reopened = KnowledgeBase(tmp_path / "store", HashedEmbedder(64))

    assert (first.added, first.unchanged, first.failed) == (2, 0, [])
    assert (again.added, again.unchanged) == (0, 2)
    assert [(each.done, each.total) for each in seen] == [(1, 2), (2, 2)]
    assert reopened.documents == 2 and len(reopened) == first.chunks > 0
    assert "28 days" in reopened.retrieve("How many days of leave?", 1)[0].text


def test_a_changed_folder_is_brought_up_to_date(tmp_path: Path) -> None:
    folder = handbook(tmp_path / "handbook")
    store = KnowledgeBase(None, HashedEmbedder(64))
    store.ingest_dir(folder)

    (folder / "leave.md").write_text("Leave is now 30 days.\n", encoding="utf-8")
    (folder / "travel.md").unlink()
    report = store.ingest_dir(folder)

    assert (report.updated, report.deleted) == (1, 1)
    assert "30 days" in store.retrieve("leave")[0].text
    assert store.delete([passage.source for passage in store.retrieve("leave")]) == 1
    assert store.retrieve("leave") == [] and len(store) == 0 and store


def test_every_call_has_an_async_twin(tmp_path: Path) -> None:
    folder = handbook(tmp_path / "handbook")
    heard: list[str] = []

    async def hear(progress: IngestProgress) -> None:
        await asyncio.sleep(0)
        heard.append(Path(progress.source).name)

    async def main() -> list[str]:
        store = await KnowledgeBase.aopen(tmp_path / "store", HashedEmbedder(64), mode="lexical")
        await store.aingest_dir(folder, progress=hear)
        await store.aingest([Document("note", "Tea is at four.", title="Tea", metadata={"by": "Ann"})])
        await store.aingest_files([folder / "leave.md"])
        (tea,) = await store.aretrieve("tea", k=1)
        assert (tea.title, tea.metadata, tea.scores.dense) == ("Tea", {"by": "Ann"}, None)
        assert await store.adelete(["note", "nothing"]) == 1
        return [passage.source for passage in await store.aretrieve("tea")]

    assert "note" not in asyncio.run(main())
    assert sorted(heard) == ["leave.md", "travel.md"]


def test_passages_are_filtered_by_metadata_and_source() -> None:
    store = KnowledgeBase(None, HashedEmbedder(64))
    for name, lang in [("a", "de"), ("b", "en"), ("c", "en")]:
        store.ingest([Document(name, f"Tea {name} is at four.", metadata={"lang": lang})])

    def sources(filter: rushlight.Filter) -> list[str]:
        return sorted(passage.source for passage in store.retrieve("tea", filter=filter))

    assert sources({"field": "lang", "equals": "en"}) == ["b", "c"]
    assert sources({"all": [{"field": "lang", "any_of": ["en"]}, {"not": {"field": "source", "equals": "c"}}]}) == ["b"]
    assert sources({"field": "wings", "exists": True}) == []
    with pytest.raises(rushlight.InvalidError, match="filter: unknown field `equal`"):
        store.retrieve("tea", filter={"field": "lang", "equal": "en"})  # type: ignore[arg-type]


def test_an_unreadable_document_is_reported_and_the_rest_is_stored(tmp_path: Path) -> None:
    folder = handbook(tmp_path / "handbook")
    (folder / "broken.md").write_bytes(b"\xff\xfe\x00\xd8 no text")
    store = KnowledgeBase(None, HashedEmbedder(64))

    report = store.ingest_files([folder / "leave.md", folder / "missing.md"])

    assert report.added == 1
    (failed,) = report.failed
    assert "missing.md" in failed.source and failed.reason


def test_a_glob_chooses_files(tmp_path: Path) -> None:
    folder = handbook(tmp_path / "handbook")
    store = KnowledgeBase(None, HashedEmbedder(64))

    chosen = store.ingest_dir(folder, glob="l*.md")
    others = asyncio.run(store.aingest_dir(folder, glob="{t,x}*.md"))

    assert (chosen.added, others.added, store.documents) == (1, 1, 2)
    with pytest.raises(rushlight.InvalidError, match="`glob`"):
        store.ingest_dir(folder, glob="[")


class Site(BaseHTTPRequestHandler):
    """A page, a second one, and nothing else."""

    pages: ClassVar[dict[str, str]] = {"/": "<title>Sea</title><p>The sea is deep. <a href=/moon>x</a>", "/moon": "The moon pulls."}

    def do_GET(self) -> None:
        page = self.pages.get(self.path)
        self.send_response(404 if page is None else 200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write((page or "").encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_a_site_is_ingested_unless_its_address_is_private() -> None:
    store = KnowledgeBase(None, HashedEmbedder(64))
    seen: list[str] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"

        refused = store.ingest_url(url)
        read = store.ingest_url(
            url, depth=1, timeout=10, allowed_hosts=["127.0.0.1"], progress=lambda step: seen.append(step.source)
        )
        again = asyncio.run(store.aingest_url(url, allowed_hosts=["127.0.0.1"]))
        server.shutdown()

    assert refused.added == 0 and "an allowed host" in refused.failed[0].reason
    assert (read.added, again.unchanged, seen) == (2, 1, [url, url + "moon"])
    assert store.retrieve("How deep is the sea?", 1)[0].title == "Sea"
    with pytest.raises(rushlight.InvalidError, match="`url`"):
        store.ingest_url("ftp://example.org/")
    with pytest.raises(rushlight.InvalidError, match="`deep`.*`depth`"):
        store.ingest_url(url, deep=1)  # type: ignore[call-arg]


def test_a_store_that_is_open_elsewhere_is_busy(tmp_path: Path) -> None:
    store = KnowledgeBase(tmp_path / "store", HashedEmbedder(64))

    with pytest.raises(rushlight.BusyError) as caught:
        KnowledgeBase(tmp_path / "store", HashedEmbedder(64))

    assert caught.value.retryable and store.documents == 0


def test_a_store_can_be_read_while_another_handle_writes(tmp_path: Path) -> None:
    writer = KnowledgeBase(tmp_path / "store", HashedEmbedder(64), durability="full")
    reader = KnowledgeBase.open_read_only(tmp_path / "store", HashedEmbedder(64), mode="lexical")
    writer.ingest([Document("note", "Tea is at four.")])

    async def read() -> list[Passage]:
        store = await KnowledgeBase.aopen_read_only(tmp_path / "store", HashedEmbedder(64))
        return await store.aretrieve("tea")

    assert [passage.source for passage in reader.retrieve("tea")] == ["note"]
    assert [passage.source for passage in asyncio.run(read())] == ["note"]
    assert reader.info.path == writer.info.path
    with pytest.raises(rushlight.Error):
        reader.ingest([Document("note", "No.")])


def test_above_the_threshold_vectors_are_searched_in_a_graph() -> None:
    store = KnowledgeBase(None, HashedEmbedder(16), ann_threshold=10, hnsw={"m": 8, "rebuild_after": 5})
    assert (store.info.vectors.kind, store.info.vectors.covered) == ("exact", None)

    store.ingest([Document(str(number), f"Note {number}.") for number in range(40)])
    store.rebuild()
    asyncio.run(store.arebuild())

    assert (store.info.vectors.kind, store.info.vectors.covered) == ("hnsw", 40)
    assert (store.info.documents, store.info.chunks, store.info.dimensions) == (40, 40, 16)
    assert store.info.embedder == "hashed-16"


def test_a_file_above_the_limit_is_reported(tmp_path: Path) -> None:
    store = KnowledgeBase(None, HashedEmbedder(8), max_file_bytes=20, fusion_depth=10)

    report = store.ingest_dir(handbook(tmp_path / "handbook"))

    assert report.added == 0 and len(report.failed) == 2


def test_options_that_do_not_exist_are_refused() -> None:
    with pytest.raises(rushlight.InvalidError, match="hybrid"):
        KnowledgeBase(None, HashedEmbedder(8), mode="fuzzy")  # type: ignore[arg-type]
    with pytest.raises(rushlight.InvalidError, match="`chunk_token`.*`chunk_tokens`, `chunk_overlap`"):
        KnowledgeBase(None, HashedEmbedder(8), chunk_token=5)  # type: ignore[call-arg]
    with pytest.raises(rushlight.InvalidError, match="`M`.*`ef_construction`"):
        KnowledgeBase(None, HashedEmbedder(8), hnsw={"M": 5})  # type: ignore[typeddict-unknown-key]
    with pytest.raises(rushlight.InvalidError, match="`thread`.*`threads`"):
        rushlight.LocalLlm("SmolLM2-135M-Instruct", thread=2)  # type: ignore[call-arg]
    with pytest.raises(rushlight.InvalidError, match="`auto`.*`tpu`"):
        rushlight.LocalLlm("SmolLM2-135M-Instruct", device="tpu")


def test_a_store_of_another_embedder_is_refused(tmp_path: Path) -> None:
    KnowledgeBase(tmp_path / "store", HashedEmbedder(64))

    with pytest.raises(rushlight.InvalidError, match="hashed-64.*hashed-32"):
        KnowledgeBase(tmp_path / "store", HashedEmbedder(32))


class Shelf:
    """A retriever of one's own."""

    def __init__(self) -> None:
        self.version = 1
        self.asked: list[tuple[str, int]] = []

    async def retrieve(self, question: str, k: int) -> Sequence[Passage]:
        self.asked.append((question, k))
        return [Passage("shelf", "The answer is 42.", title="Shelf", score=1.5)]


def test_an_object_of_ones_own_may_retrieve() -> None:
    shelf = Shelf()
    assistant = Assistant(ScriptedLlm(["It is 42 [1]."]), retriever=shelf)

    with assistant.stream("What is the answer?") as events:
        (retrieved,) = [event for event in events if isinstance(event, Retrieved)]

    assert shelf.asked == [("What is the answer?", 4)]
    assert [passage.text for passage in retrieved.passages] == ["The answer is 42."]
    assert events.answer is not None
    assert [(each.number, each.source, each.origin) for each in events.answer.citations] == [(1, "shelf", "written")]


def test_a_retriever_that_raises_ends_the_run_with_its_exception() -> None:
    class Broken:
        def retrieve(self, question: str, k: int) -> Sequence[Passage]:
            raise ConnectionError("the shelf is gone")

    with pytest.raises(rushlight.ForeignError, match="the shelf is gone") as caught:
        Assistant(ScriptedLlm(["x"]), retriever=Broken()).run("?")

    assert isinstance(caught.value.__cause__, ConnectionError)


class Drawer:
    """A cache of one's own."""

    def __init__(self) -> None:
        self.entries: dict[bytes, bytes] = {}

    async def get(self, key: bytes) -> bytes | None:
        return self.entries.get(key)

    def put(self, key: bytes, value: bytes) -> None:
        self.entries[key] = value

    def remove(self, key: bytes) -> None:
        self.entries.pop(key, None)


@pytest.mark.parametrize("cache", [MemoryCache(max_entries=10, ttl=60), Drawer()], ids=["memory", "own"])
def test_the_second_time_the_answer_comes_from_the_cache(cache: MemoryCache | Drawer) -> None:
    assistant = Assistant(ScriptedLlm(["once"]), cache=cache)

    first, second = assistant.run("?"), assistant.run("?")

    assert (first.cached, second.cached) == (False, True)
    assert first.text == second.text == "once"


def test_a_cache_that_fails_is_passed_over() -> None:
    class Stuck(Drawer):
        async def get(self, key: bytes) -> bytes | None:
            raise OSError("the drawer is stuck")

        def put(self, key: bytes, value: bytes) -> None:
            raise OSError("the drawer is stuck")

    assistant = Assistant(ScriptedLlm(["one", "two"]), cache=Stuck())

    assert [assistant.run("?").text for _ in range(2)] == ["one", "two"]


def test_a_retriever_without_a_version_is_never_answered_from_the_cache() -> None:
    class Plain:
        def retrieve(self, question: str, k: int) -> Sequence[Passage]:
            return []

    assistant = Assistant(ScriptedLlm(["one", "two"]), retriever=Plain(), cache=MemoryCache())
    versioned = Assistant(ScriptedLlm(["one"]), retriever=Shelf(), cache=MemoryCache())

    assert [assistant.run("?").text for _ in range(2)] == ["one", "two"]
    assert [versioned.run("?").text for _ in range(2)] == ["one", "one"]


def test_a_retriever_without_a_version_is_never_answered_from_a_cache_that_outlives_it() -> None:
    class Plain:
        def retrieve(self, question: str, k: int) -> Sequence[Passage]:
            return []

    cache = MemoryCache()
    agents = [Assistant(ScriptedLlm([text]), retriever=Plain(), cache=cache) for text in ("one", "two")]

    assert [agent.run("?").text for agent in agents] == ["one", "two"]


def test_a_version_that_takes_long_holds_up_no_other_run() -> None:
    class Slow:
        def __init__(self) -> None:
            self.reading, self.go_on = threading.Event(), threading.Event()

        @property
        def version(self) -> int:
            self.reading.set()
            assert self.go_on.wait(10)
            return 1

        def retrieve(self, question: str, k: int) -> Sequence[Passage]:
            return []

    shelves = [Slow() for _ in range(2 * (os.cpu_count() or 1))]
    with ThreadPoolExecutor(len(shelves)) as pool:
        runs = [pool.submit(Assistant(ScriptedLlm(["x"]), retriever=shelf, cache=MemoryCache()).run, "?") for shelf in shelves]
        assert all(shelf.reading.wait(10) for shelf in shelves)

        other = Assistant(ScriptedLlm(["quick"])).run("?")

        for shelf in shelves:
            shelf.go_on.set()
        assert other.text == "quick" and [run.result().text for run in runs] == ["x"] * len(shelves)


def test_a_session_remembers_until_it_is_forgotten() -> None:
    sessions = MemorySessions(max_sessions=5)
    llm = ScriptedLlm(["Hello Ann.", "You are Ann."])
    assistant = Assistant(llm, sessions=sessions)

    assistant.run("I am Ann.", session="s")
    assistant.run("Who am I?", session="s")

    last = llm.prompts()[-1]["messages"]
    assert [message["content"] for message in last[1:]] == ["I am Ann.", "Hello Ann.", "Who am I?"]
    assert len(sessions.load("s")) == 4
    sessions.forget("s")
    assert sessions.load("s") == []
