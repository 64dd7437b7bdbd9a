"""The real small models, offline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from rushlight import (
    Assistant,
    Document,
    KnowledgeBase,
    Limits,
    LocalEmbedder,
    LocalLlm,
    Sampling,
    fetch,
    models,
)

LLM = "SmolLM2-135M-Instruct"
EMBEDDER = "all-MiniLM-L6-v2"


def test_known_models_have_a_licence_and_a_size() -> None:
    known = {model.name: model for model in models()}

    assert known[EMBEDDER].kind == "embedder" and known[LLM].kind == "language_model"
    assert all(model.licence and model.size > 1_000_000 for model in known.values())


def test_what_is_fetched_is_not_fetched_again(
    fetched: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = fetched(LLM)
    monkeypatch.setenv("RUSHLIGHT_OFFLINE", "1")

    assert fetch(LLM) == path


def test_a_real_model_answers_from_documents(fetched: Callable[[str], Path]) -> None:
    fetched(LLM), fetched(EMBEDDER)
    store = KnowledgeBase(None, LocalEmbedder(EMBEDDER))
    store.ingest(
        [
            Document("leave.md", "Every employee has 28 days of leave a year."),
            Document("travel.md", "Trains are booked in second class, through the office."),
        ]
    )
    llm = LocalLlm(LLM)
    assistant = Assistant(
        llm, retriever=store, sampling=Sampling.greedy(), limits=Limits(max_output_tokens=24)
    )

    answer = assistant.run("How many days off does an employee get?")

    assert answer.text.strip()
    assert {citation.source for citation in answer.citations} <= {"leave.md", "travel.md"}
    assert 0 < answer.usage.output_tokens <= 24
    assert llm.stats()["generated_tokens"] >= answer.usage.output_tokens
    assert store.retrieve("days off", 1)[0].source == "leave.md"
    assert store.retrieve("booking a ride", 1, mode="dense")[0].source == "travel.md"


def test_the_event_loop_stays_live_while_a_real_model_computes(fetched: Callable[[str], Path]) -> None:
    fetched(LLM)

    async def main() -> tuple[float, str]:
        assistant = Assistant(await LocalLlm.aopen(LLM), limits=Limits(max_output_tokens=16))
        loop = asyncio.get_running_loop()
        longest = 0.0

        async def tick() -> None:
            nonlocal longest
            while True:
                before = loop.time()
                await asyncio.sleep(0.001)
                longest = max(longest, loop.time() - before)

        ticker = asyncio.create_task(tick())
        answer = await assistant.arun("What is the capital of France?")
        ticker.cancel()
        return longest, answer.text

    longest, text = asyncio.run(main())

    assert text.strip()
    assert longest < 0.25, "the loop stood still"


def test_leaving_a_stream_stops_a_real_model(fetched: Callable[[str], Path]) -> None:
    fetched(LLM)
    llm = LocalLlm(LLM)

    with Assistant(llm).stream("Count from 1 to 1000.") as events:
        for count, _ in enumerate(events):
            if count == 3:
                break
    after = Assistant(llm, limits=Limits(max_output_tokens=4)).run("Say hello.")

    assert after.text
    assert llm.stats()["cancelled"] == 1
    assert llm.stats()["generated_tokens"] < 40


def test_vectors_have_length_one(fetched: Callable[[str], Path]) -> None:
    fetched(EMBEDDER)
    embedder = LocalEmbedder(EMBEDDER)

    first, second = embedder.embed(["a cat", ""])

    assert len(first) == embedder.dimensions == 384
    assert sum(value * value for value in first) == pytest.approx(1, abs=1e-3)
    assert asyncio.run(embedder.aembed(["a cat"]))[0] == pytest.approx(first, abs=1e-5)
    assert len(second) == 384
