"""Retrievers of several stages."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import rushlight
from rushlight import (
    Assistant,
    Document,
    Filter,
    HashedEmbedder,
    KnowledgeBase,
    LocalReranker,
    MemoryCache,
    Passage,
    Retrieved,
    ScriptedLlm,
)

ENCODERS = Path(__file__).resolve().parents[2] / "core/models/tests/fixtures/encoders"
QUESTION = "When does the tide come?"


@pytest.fixture(scope="module")
def store() -> KnowledgeBase:
    store = KnowledgeBase(None, HashedEmbedder(64))
    store.ingest(
        [
            Document("tide", "The tide comes at four.", metadata={"lang": "en"}),
            Document("again", "The tide: comes at four!", metadata={"lang": "en"}),
            Document(
                "harbour",
                "Ships leave the harbour with the tide, when the pilot says so.",
                metadata={"lang": "en"},
            ),
            Document("flut", "Tide means Flut.", metadata={"lang": "de"}),
        ]
    )
    return store


def sources(passages: Sequence[Passage]) -> list[str]:
    return [passage.source for passage in passages]


class Longest:
    """The longest passages first."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def score(self, question: str, passages: list[Passage]) -> list[float]:
        self.asked.append((question, len(passages)))
        return [len(passage.text) for passage in passages]


class Shortest:
    async def score(self, question: str, passages: list[Passage]) -> tuple[float, ...]:
        await asyncio.sleep(0)
        return tuple(-len(passage.text) for passage in passages)


class Judge:
    """Gives what it was told to."""

    def __init__(self, scores: Any, name: str = "judge") -> None:
        self.scores, self.name = scores, name

    def score(self, question: str, passages: list[Passage]) -> Any:
        return self.scores


def test_each_stage_leaves_its_score(store: KnowledgeBase) -> None:
    plain = store.retrieve(QUESTION)[0].scores
    reranked = store.retriever(rerank=True).retrieve(QUESTION)[0]
    diverse = store.retriever(rerank=True, mmr=0.5, k=4).retrieve(QUESTION)

    assert (plain.reranked, plain.mmr) == (None, None) and plain.fused is not None
    assert (reranked.scores.reranked, reranked.scores.mmr) == (reranked.score, None)
    assert "reranked=" in repr(reranked.scores) and "reranked" in reranked.to_json()["scores"]
    assert all(passage.scores.mmr == passage.score for passage in diverse)
    assert len(diverse) == 3, "near-duplicates are left out"


def test_options_and_calls_both_say_which_passages_and_how_many(store: KnowledgeBase) -> None:
    english: Filter = {"field": "lang", "equals": "en"}
    retriever = store.retriever(k=2, filter=english, mode="lexical")

    assert len(retriever.retrieve("tide")) == len(retriever.retrieve("tide", 4)) == 2
    assert len(retriever.retrieve("tide", 1)) == 1
    assert sources(retriever.retrieve("tide", filter={"field": "source", "starts_with": "har"})) == ["harbour"]
    assert retriever.retrieve("tide", filter={"field": "lang", "equals": "de"}) == []
    assert len(store.retriever(k=None).retrieve("tide")) == 4  # type: ignore[arg-type]


def test_an_object_of_ones_own_may_rerank_sync_or_async(store: KnowledgeBase) -> None:
    longest = Longest()
    retrievers = [store.retriever(reranker=each, k=1) for each in (longest, Shortest())]

    async def main() -> list[list[str]]:
        return [sources(await retriever.aretrieve(QUESTION)) for retriever in retrievers]

    assert [sources(retriever.retrieve(QUESTION)) for retriever in retrievers] == [["harbour"], ["flut"]]
    assert asyncio.run(main()) == [["harbour"], ["flut"]]
    assert longest.asked == [(QUESTION, 4)] * 2


def test_an_assistant_answers_from_a_retriever_with_an_object_of_ones_own(store: KnowledgeBase) -> None:
    longest = Longest()
    retriever = store.retriever(reranker=longest, candidates=2, k=1)
    assistant = Assistant(ScriptedLlm([{"text": ["Ask the pilot [1]."]}]), retriever=retriever)

    with assistant.stream(QUESTION) as events:
        (passages,) = [event.passages for event in events if isinstance(event, Retrieved)]

    assert longest.asked == [(QUESTION, 2)]
    assert events.answer is not None
    assert [citation.source for citation in events.answer.citations] == sources(passages)


def test_what_a_reranker_raises_is_the_cause(store: KnowledgeBase) -> None:
    class Asleep:
        def score(self, question: str, passages: list[Passage]) -> list[float]:
            raise ConnectionError("the judge is asleep")

    with pytest.raises(rushlight.ForeignError, match="^the reranker failed: the judge is asleep$") as caught:
        store.retriever(reranker=Asleep()).retrieve(QUESTION)
    assert isinstance(caught.value.__cause__, ConnectionError)


@pytest.mark.parametrize(
    ("scores", "error", "message"),
    [
        (5, rushlight.ForeignError, "^the reranker failed: .*int"),
        (["high"] * 4, rushlight.ForeignError, "^the reranker failed: .*str"),
        ([1.0], rushlight.InvalidError, "^invalid scores of `judge`: expected 4, got 1$"),
        ([float("nan")] * 4, rushlight.InvalidError, "^invalid scores of `judge`: expected finite numbers, got NaN$"),
    ],
)
def test_wrong_scores_fail_the_retrieval(
    store: KnowledgeBase, scores: Any, error: type[rushlight.Error], message: str
) -> None:
    with pytest.raises(error, match=message):
        store.retriever(reranker=Judge(scores)).retrieve(QUESTION)


def test_answers_of_other_options_are_not_taken_from_a_cache(store: KnowledgeBase) -> None:
    cache = MemoryCache()

    def cached(**options: Any) -> bool:
        retriever = store.retriever(**options)
        return Assistant(ScriptedLlm([{"text": ["ok"]}]), retriever=retriever, cache=cache).run(QUESTION).cached

    variants: list[dict[str, Any]] = [
        {},
        {"mmr": 0.5},
        {"reranker": Judge([0.0] * 4, "one")},
        {"reranker": Judge([0.0] * 4, "other")},
    ]
    assert [cached(**options) for options in variants * 2] == [False] * 4 + [True] * 4


def test_wrong_options_are_refused_at_once(store: KnowledgeBase) -> None:
    with pytest.raises(rushlight.InvalidError, match="`mmr`: expected a number from 0 to 1, got 1.5"):
        store.retriever(mmr=1.5)
    with pytest.raises(rushlight.InvalidError, match="unknown field `rerankers`"):
        store.retriever(rerankers=True)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="expected a reranker with a method `score`, got `int`"):
        store.retriever(reranker=5)  # type: ignore[arg-type]


def test_a_retriever_cannot_be_copied_and_keeps_the_store() -> None:
    store = KnowledgeBase(None, HashedEmbedder(64))
    store.ingest([Document("tide", "The tide comes at four.")])
    retriever = store.retriever(mmr=1.0)
    del store

    assert sources(retriever.retrieve("tide")) == ["tide"]
    with pytest.raises(TypeError, match="KnowledgeRetriever"):
        copy.copy(retriever)


def test_a_cross_encoder_gives_the_scores_that_sentence_transformers_gives() -> None:
    recorded = json.loads((ENCODERS / "scores.json").read_text(encoding="utf-8"))
    passages = [Passage("a", text) for text in recorded["passages"]]
    reranker = LocalReranker(ENCODERS / "cross")

    async def main(question: str) -> list[float]:
        return await (await LocalReranker.aopen(str(ENCODERS / "cross"))).ascore(question, passages)

    for question, expected in zip(recorded["questions"], recorded["default"]):
        assert reranker.score(question, passages) == pytest.approx(expected, abs=1e-3)
    assert asyncio.run(main(recorded["questions"][1])) == reranker.score(recorded["questions"][1], passages)
    assert reranker.score("the cat", []) == []
    assert (reranker.name, repr(reranker)) == ("cross", 'LocalReranker("cross")')


def test_a_cross_encoder_reranks(store: KnowledgeBase) -> None:
    reranker = LocalReranker(ENCODERS / "cross")

    found = store.retriever(reranker=reranker).retrieve(QUESTION)

    assert [passage.scores.reranked for passage in found] == pytest.approx(
        sorted(reranker.score(QUESTION, found), reverse=True), abs=1e-6
    )


def test_what_is_no_cross_encoder_is_refused() -> None:
    with pytest.raises(rushlight.ModelError, match="`classifier.weight`: is missing from the file"):
        LocalReranker(ENCODERS / "bert")
    with pytest.raises(rushlight.UnknownError, match="no-such-model"):
        LocalReranker("cross-encoder/no-such-model")
    with pytest.raises(TypeError, match="LocalReranker"):
        copy.copy(LocalReranker(ENCODERS / "cross"))
