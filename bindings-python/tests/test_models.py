"""The real small models, offline."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rushlight import (
    Assistant,
    CorruptError,
    Document,
    InvalidError,
    KnowledgeBase,
    Limits,
    LocalEmbedder,
    LoadProgress,
    LocalLlm,
    LocalLlmOptions,
    ModelRegistry,
    OverloadedError,
    Sampling,
    UnknownError,
    devices,
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


def test_a_file_that_the_hub_does_not_give_comes_from_a_mirror(
    fetched: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = fetched(EMBEDDER), tmp_path / "models" / EMBEDDER
    there.mkdir(parents=True)
    for file in here.iterdir():
        if file.name != "config.json" and not file.name.startswith("."):
            (there / file.name).symlink_to(file)
    asked: list[str] = []

    class Mirror(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            content = (here / Path(self.path).name).read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    monkeypatch.delenv("RUSHLIGHT_OFFLINE", raising=False)
    monkeypatch.setenv("RUSHLIGHT_HOME", str(tmp_path))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")  # Nothing listens there.
    with ThreadingHTTPServer(("127.0.0.1", 0), Mirror) as server:
        threading.Thread(target=server.serve_forever).start()
        path = fetch(EMBEDDER, mirrors=[f"http://127.0.0.1:{server.server_port}/copy/"])
        server.shutdown()

    assert path == there
    assert (there / "config.json").read_bytes() == (here / "config.json").read_bytes()
    assert asked == [f"/copy/sentence-transformers/{EMBEDDER}/resolve/main/config.json"]


def test_a_mirror_that_is_no_url_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUSHLIGHT_HOME", str(tmp_path))

    with pytest.raises(InvalidError, match="mirror.*`example.org`"):
        fetch(EMBEDDER, mirrors=["example.org"])


def test_options_reach_the_model(fetched: Callable[[str], Path]) -> None:
    fetched(LLM)
    options: LocalLlmOptions = {"batch": 2, "kv_type": "q8", "kv_budget": 64 << 20, "speculation": False}

    llm = LocalLlm(LLM, **options)
    answer = Assistant(llm, limits=Limits(max_output_tokens=8)).run("Say hello.")

    assert answer.usage.output_tokens <= 8
    assert llm.stats()["drafted_tokens"] == 0
    with pytest.raises(InvalidError, match="f8.*f16"):
        LocalLlm(LLM, kv_type="f8")  # type: ignore[arg-type]
    with pytest.raises(InvalidError, match="batch.*at least 1, got 0"):
        LocalLlm(LLM, batch=0)


def test_a_draft_model_guesses_for_the_model(fetched: Callable[[str], Path]) -> None:
    path = fetched(LLM)
    alone = LocalLlm.estimate_memory(LLM)

    llm = LocalLlm(LLM, draft_model=path)
    answer = Assistant(llm, limits=Limits(max_output_tokens=8)).run("Say hello.")

    assert answer.usage.output_tokens <= 8
    assert llm.status()["draft_model"] == llm.info.name
    assert llm.stats()["draft_passes"] > 0
    assert LocalLlm.estimate_memory(LLM, draft_model=LLM).weights == 2 * alone.weights
    with pytest.raises(UnknownError, match="no-such-model"):
        LocalLlm(LLM, draft_model="no-such-model")
    with pytest.raises(InvalidError, match="draft_model.*`speculation` is false"):
        LocalLlm(LLM, draft_model=path, speculation=False)


def test_devices_are_listed_and_what_is_not_there_is_refused(fetched: Callable[[str], Path]) -> None:
    fetched(LLM)

    found = devices()
    llm = LocalLlm(LLM, device=found[-1].device)

    assert found[-1].device == llm.device == "cpu"
    assert found[-1].name and (found[-1].free_bytes or 0) <= (found[-1].memory_bytes or 0)
    with pytest.raises(InvalidError, match="`cuda:99`"):
        LocalLlm(LLM, device="cuda:99")
    with pytest.raises(InvalidError, match="one device, got `cuda:0,cuda:1`"):
        LocalLlm(LLM, device=["cuda:0", "cuda:1"])  # type: ignore[arg-type]


def test_a_file_says_what_it_is_and_takes_before_it_is_loaded(fetched: Callable[[str], Path]) -> None:
    path = fetched(LLM)

    info, estimate = LocalLlm.inspect(path), LocalLlm.estimate_memory(LLM, context=1024, kv_budget=1 << 20)

    assert (info.architecture, info.quantisation, info.layers) == ("llama", "Q4_1", 30)
    assert info.size_bytes == path.stat().st_size and info.heads % info.kv_heads == 0
    parts = estimate.weights + estimate.tokenizer + estimate.keys_and_values + estimate.buffers
    assert estimate.total == parts and estimate.keys_and_values <= 1 << 20
    with pytest.raises(InvalidError, match="memory_budget.*expected at least"):
        LocalLlm(path, memory_budget=1 << 20)
    with pytest.raises(InvalidError, match="tensor_parallel.*at most 1"):
        LocalLlm(path, tensor_parallel=3)


def test_loading_tells_how_far_it_is(fetched: Callable[[str], Path]) -> None:
    fetched(LLM)
    steps: list[LoadProgress] = []

    llm = LocalLlm(LLM, threads=1, progress=steps.append)

    assert steps[-1].stage == "reading" and 0 < steps[-1].done == steps[-1].total
    status = llm.status()
    assert status["is_loaded"] and (status["loads"], status["threads"]) == (1, 1)
    assert status["kernels"]["instructions"] in {"scalar", "avx2", "avx512", "amx"}


def test_an_unloaded_model_is_loaded_again_by_the_next_question(fetched: Callable[[str], Path]) -> None:
    fetched(LLM)
    llm = LocalLlm(LLM, unload_after=3600)
    assistant = Assistant(llm, limits=Limits(max_output_tokens=4))

    llm.unload()
    assert not llm.status()["is_loaded"]
    assistant.run("Say hello.")
    assert llm.status()["loads"] == 2

    async def main() -> None:
        await llm.aunload()
        await llm.aload()

    asyncio.run(main())
    assert llm.status()["loads"] == 3
    with pytest.raises(InvalidError, match="unload_after.*-1"):
        LocalLlm(LLM, unload_after=-1)


def test_models_share_a_budget_of_memory(fetched: Callable[[str], Path]) -> None:
    fetched(LLM)
    options: LocalLlmOptions = {"context": 256, "kv_budget": 8 << 20}
    one = LocalLlm.estimate_memory(LLM, **options).total
    registry = ModelRegistry(memory_budget=2 * one)
    low = registry.add("low", LLM, priority="low", **options)
    registry.add("normal", LLM, **options)
    high = asyncio.run(registry.aadd("high", LLM, priority="high", **options))

    def names() -> list[str]:
        return [model.name for model in registry.models() if model.is_loaded]

    high.load()
    registry.get("low").load()
    registry.get("normal").load()
    assert names() == ["normal", "high"]

    high.pin_for(3600)
    registry.get("normal").pin_for(3600)
    with pytest.raises(OverloadedError):
        low.load()
    high.pin_for(0)
    low.load()
    assert names() == ["low", "normal"]
    with pytest.raises(UnknownError, match="`medium`.*low, normal, high"):
        registry.get("medium")
    with pytest.raises(InvalidError, match="priority.*urgent"):
        registry.add("other", LLM, priority="urgent")  # type: ignore[arg-type]


def test_a_real_model_answers_from_documents(fetched: Callable[[str], Path]) -> None:
    fetched(LLM), fetched(EMBEDDER)
    store = KnowledgeBase(None, LocalEmbedder(EMBEDDER))
    store.ingest(
        [
            Document("leave.md", "Every employee has 28 days of leave a year."),
            Document("travel.md", "Trains are booked in second class, through the office."),
        ]
    )
    llm = LocalLlm(LLM, device="cpu", threads=2)
    assistant = Assistant(
        llm, retriever=store, sampling=Sampling.greedy(), limits=Limits(max_output_tokens=24)
    )

    answer = assistant.run("How many days off does an employee get?")

    assert answer.text.strip()
    assert {citation.source for citation in answer.citations} <= {"leave.md", "travel.md"}
    assert 0 < answer.usage.output_tokens <= 24
    assert llm.stats()["generated_tokens"] >= answer.usage.output_tokens
    assert llm.info.architecture == "llama" and llm.info.context_length == llm.context_window
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


def test_letting_a_model_go_never_waits_for_it(fetched: Callable[[str], Path]) -> None:
    fetched(LLM)
    llm = LocalLlm(LLM)
    assistant = Assistant(llm)
    events = assistant.stream("word " * 2000)
    reader = threading.Thread(target=lambda: next(events, None))
    reader.start()
    while llm.stats()["requests"] == 0:
        time.sleep(0.001)
    time.sleep(0.05)  # It reads the prompt now, which takes much longer.
    events.close()
    reader.join()

    del llm
    started = time.monotonic()
    del assistant

    assert time.monotonic() - started < 0.02


def test_what_one_model_saves_another_need_not_compute(fetched: Callable[[str], Path], tmp_path: Path) -> None:
    fetched(LLM)
    path = tmp_path / "keeper.prefix"
    rules = "You keep a lighthouse. You answer in one sentence."
    first, second = LocalLlm(LLM), LocalLlm(LLM)
    assistant = Assistant(second, instructions=rules, limits=Limits(max_output_tokens=4))

    saved = first.save_prefix(assistant.beginning(), path)

    assert assistant.beginning()["messages"][0]["content"] == rules
    assert second.load_prefix(path) == saved == first.save_prefix(rules, path)
    assert assistant.run("Is there fog?").usage.cached_tokens == saved
    assert asyncio.run(second.aload_prefix(path)) == saved
    with pytest.raises(InvalidError, match="expected the kv_type q8, got f16"):
        LocalLlm(LLM, kv_type="q8").load_prefix(path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CorruptError, match="cut short"):
        second.load_prefix(path)
    with pytest.raises(InvalidError, match="unknown field"):
        first.warm_up({"message": []})


def test_reuse_is_chosen_when_a_model_is_opened(fetched: Callable[[str], Path]) -> None:
    fetched(LLM)

    with pytest.raises(InvalidError, match="got `off`"):
        LocalLlm(LLM, kv_reuse="off").warm_up("You keep a lighthouse.")
    assert LocalLlm(LLM, kv_reuse={"chunks": 4}).name.endswith("chunks 4")
    with pytest.raises(InvalidError, match="all.*prefix"):
        LocalLlm(LLM, kv_reuse="all")  # type: ignore[arg-type]


def test_an_assistant_warms_up_before_its_first_run(fetched: Callable[[str], Path]) -> None:
    fetched(LLM)
    llm = LocalLlm(LLM)
    assistant = Assistant(llm, instructions="You keep a lighthouse.", limits=Limits(max_output_tokens=4))

    assistant.warm_up()
    computed = llm.stats()["prompt_tokens"]
    asyncio.run(assistant.awarm_up())
    asyncio.run(llm.awarm_up("You keep a lighthouse."))

    assert assistant.run("Is there fog?").usage.cached_tokens == computed > 0


def test_vectors_have_length_one(fetched: Callable[[str], Path]) -> None:
    fetched(EMBEDDER)
    embedder = LocalEmbedder(EMBEDDER)

    first, second = embedder.embed(["a cat", ""])

    assert len(first) == embedder.dimensions == 384
    assert sum(value * value for value in first) == pytest.approx(1, abs=1e-3)
    assert asyncio.run(embedder.aembed(["a cat"]))[0] == pytest.approx(first, abs=1e-5)
    assert len(second) == 384
