"""How a store is looked after."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import rushlight
from rushlight import Document, HashedEmbedder, IngestProgress, KnowledgeBase


def filled(directory: Path) -> KnowledgeBase:
    store = KnowledgeBase(directory, HashedEmbedder(16))
    store.ingest([Document(f"note {number}", f"Note {number}. " * 50) for number in range(20)])
    return store


def test_a_store_says_what_it_holds_without_being_opened(tmp_path: Path) -> None:
    store = filled(tmp_path)

    info = KnowledgeBase.inspect(tmp_path)

    assert info == asyncio.run(KnowledgeBase.ainspect(tmp_path))
    assert (info.embedder, info.dimensions, info.format, info.documents) == ("hashed-16", 16, 1, 20)
    assert info.chunks == len(store) and info.bytes == store.info.bytes > 0
    with pytest.raises(rushlight.IoError):
        KnowledgeBase.inspect(tmp_path / "nothing")


def test_a_check_names_what_is_damaged(tmp_path: Path) -> None:
    store = filled(tmp_path)
    sound = KnowledgeBase.check(tmp_path)
    assert (sound.documents, sound.chunks, sound.problems) == (20, len(store), [])
    assert asyncio.run(KnowledgeBase.acheck(tmp_path)) == sound
    del store

    (tmp_path / "store.sqlite").write_text("no database at all", encoding="utf-8")

    assert KnowledgeBase.check(tmp_path).problems == ["file is not a database"]


def test_compacting_makes_a_store_smaller(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.delete([f"note {number}" for number in range(15)])

    report = store.compact()

    assert report.bytes_after < report.bytes_before and report.bytes_after == store.info.bytes
    assert asyncio.run(store.acompact()).bytes_after == report.bytes_after
    assert store.documents == 5 and store.retrieve("Note 17.")


def test_a_store_comes_back_from_its_export_without_embedding(tmp_path: Path) -> None:
    store, file = filled(tmp_path / "store"), tmp_path / "store.jsonl"
    written: list[IngestProgress] = []
    stored: list[IngestProgress] = []
    store.export_to(file, progress=written.append)

    class Refusing:
        """The same embedder, which must not be asked for passages."""

        name = "hashed-16"
        dimensions = 16

        def embed(self, texts: list[str]) -> list[list[float]]:
            raise AssertionError("nothing is embedded")

    copy = KnowledgeBase(None, Refusing(), mode="lexical")
    report = copy.import_from(file, progress=stored.append)

    async def again() -> int:
        await store.aexport_to(file)
        return (await copy.aimport_from(file)).unchanged

    assert (report.added, asyncio.run(again())) == (20, 20)
    assert [(each.done, each.total) for each in written] == [(done, 20) for done in range(1, 21)]
    assert stored == written and written[-1].chunks == len(store)
    assert copy.retrieve("Note 17.") == store.retrieve("Note 17.", mode="lexical")
    with pytest.raises(rushlight.InvalidError, match="expected vectors of `hashed-8`"):
        KnowledgeBase(None, HashedEmbedder(8)).import_from(file)
