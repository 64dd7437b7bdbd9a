"""Models and embedders of the caller's own."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import ANY, Mock

import pytest

import rushlight
from rushlight import Assistant, Document, KnowledgeBase, Limits, MemoryCache, ToolOutput

VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("VARIABLE", default="unset")
Piece = str | dict[str, Any]


class Model:
    """A model that answers what `say` gives."""

    def __init__(self, say: Callable[[dict[str, Any]], Any], **attributes: Any) -> None:
        self.say = say
        self.__dict__.update(attributes)

    def generate(self, prompt: dict[str, Any]) -> Any:
        return self.say(prompt)


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def sync_pieces(prompt: dict[str, Any]) -> Iterator[Piece]:
    yield "Hello, "
    yield {"type": "text", "text": "Ann."}


async def async_pieces(prompt: dict[str, Any]) -> AsyncIterator[Piece]:
    for piece in sync_pieces(prompt):
        await asyncio.sleep(0)
        yield piece


async def awaited(prompt: dict[str, Any]) -> Iterator[Piece]:
    await asyncio.sleep(0)
    return sync_pieces(prompt)


SHAPES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a generator": sync_pieces,
    "an async generator": async_pieces,
    "a coroutine that gives an iterator": awaited,
    "a list": lambda prompt: list(sync_pieces(prompt)),
    "one text": lambda prompt: "Hello, Ann.",
    "one dict": lambda prompt: {"type": "text", "text": "Hello, Ann."},
}


@pytest.mark.parametrize("say", SHAPES.values(), ids=SHAPES.keys())
def test_a_model_may_answer_with(say: Callable[[dict[str, Any]], Any]) -> None:
    assistant = Assistant(Model(say))

    assert assistant.run("I am Ann").text == "Hello, Ann."
    assert asyncio.run(assistant.arun("I am Ann")).text == "Hello, Ann."
    assert "".join(event.text for event in assistant.stream("?") if event.type == "text") == "Hello, Ann."


def test_a_model_sees_the_prompt_and_calls_tools() -> None:
    def add(a: int, b: int) -> int:
        return a + b

    prompts: list[dict[str, Any]] = []

    async def say(prompt: dict[str, Any]) -> AsyncIterator[Piece]:
        prompts.append(prompt)
        if len(prompts) == 1:
            yield {"type": "tool_call", "name": "add", "arguments": {"a": 2, "b": 40}}
            yield {"type": "tool_call", "name": "add", "arguments": '{"a": 1, "b": 1}', "id": "mine"}
        else:
            yield "It is 42."
            yield {"type": "done", "finish_reason": "length", "usage": {"input_tokens": 9, "output_tokens": 3}}
            yield "never heard"

    with Assistant(Model(say), tools=[add], sampling={"seed": 7}).stream("2 + 40?", call_threshold=0.5, citing="required") as events:
        outputs = [(event.call_id, event.content) for event in events if isinstance(event, ToolOutput)]
    answer = events.answer

    assert outputs == [("call_1", "42"), ("mine", "2")]
    assert answer is not None and (answer.text, answer.finish_reason) == ("It is 42.", "length")
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (9, 3)
    assert prompts[0]["messages"][-1] == {"role": "user", "content": "2 + 40?"}
    assert prompts[0]["tools"][0]["name"] == "add" and prompts[0]["citable"] == {"passages": 0, "required": True}
    assert prompts[0]["call_threshold"] == 0.5 and answer.report.call_probability is None
    assert prompts[1]["messages"][-1] == {"role": "tool", "content": "2", "tool_call_id": "mine"}


def test_what_a_model_raises_ends_the_run_with_its_exception() -> None:
    def at_once(prompt: dict[str, Any]) -> Iterator[Piece]:
        raise ConnectionError("the server is gone")

    def midway(prompt: dict[str, Any]) -> Iterator[Piece]:
        yield "Half an ans"
        raise ConnectionError("the server is gone")

    async def later(prompt: dict[str, Any]) -> AsyncIterator[Piece]:
        yield "Half an ans"
        raise ConnectionError("the server is gone")

    for say in (at_once, midway, later):
        with pytest.raises(rushlight.ForeignError, match="^the model failed: the server is gone$") as caught:
            Assistant(Model(say)).run("?")
        assert isinstance(caught.value.__cause__, ConnectionError)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (7, "expected `generate` to give an iterable or async iterable of pieces, got `int`"),
        ([7], "expected text or a delta, got `7`"),
        ([None], "expected text or a delta, got `null`"),
        ([object()], "expected a value that JSON can express, got `object`"),
        ([{"type": "txt"}], "unknown variant `txt`, expected one of `text`, `tool_call`, `done`"),
        ([{"type": "tool_call"}], "missing field `name`"),
    ],
)
def test_what_is_no_piece_is_refused(said: object, words: str) -> None:
    with pytest.raises(rushlight.ForeignError) as caught:
        Assistant(Model(lambda prompt: said)).run("?")

    assert str(caught.value).startswith("the model failed: ") and words in str(caught.value)


class Endless:
    """A model that speaks until it is closed."""

    def __init__(self) -> None:
        self.said = 0
        self.closed = threading.Event()

    def sync(self, prompt: dict[str, Any]) -> Iterator[Piece]:
        try:
            while True:
                self.said += 1
                yield "word "
                time.sleep(0.001)
        finally:
            self.closed.set()

    async def asynchronous(self, prompt: dict[str, Any]) -> AsyncIterator[Piece]:
        try:
            while True:
                self.said += 1
                yield "word "
                await asyncio.sleep(0.001)
        finally:
            self.closed.set()


@pytest.mark.parametrize("way", ["sync", "asynchronous"])
def test_leaving_the_stream_closes_the_iterator(way: str) -> None:
    model = Endless()
    assistant = Assistant(Model(getattr(model, way)))

    with assistant.stream("go") as events:
        for _ in range(3):
            next(events)

    assert model.closed.wait(5)
    assert model.said == 3


@pytest.mark.parametrize("way", ["sync", "asynchronous"])
def test_leaving_the_async_stream_closes_the_iterator(way: str) -> None:
    model = Endless()

    async def read_three() -> None:
        async with Assistant(Model(getattr(model, way))).astream("go") as events:
            for _ in range(3):
                await anext(events)
        await asyncio.to_thread(model.closed.wait, 5)

    asyncio.run(read_three())

    assert model.closed.is_set() and model.said == 3


def test_a_deadline_closes_an_async_iterator_that_waits() -> None:
    seen: list[str] = []

    async def say(prompt: dict[str, Any]) -> AsyncIterator[Piece]:
        try:
            yield "one "
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise
        finally:
            seen.append("closed")

    with pytest.raises(rushlight.TimeoutError):
        Assistant(Model(say), limits=Limits(deadline=0.1)).run("?")

    wait_for(lambda: seen == ["cancelled", "closed"])


def test_a_sync_iterator_is_closed_after_the_step_under_way() -> None:
    go_on, closed = threading.Event(), threading.Event()

    def say(prompt: dict[str, Any]) -> Iterator[Piece]:
        try:
            yield "one "
            go_on.wait(5)
            yield "two "
        finally:
            closed.set()

    with pytest.raises(rushlight.TimeoutError):
        Assistant(Model(say), limits=Limits(deadline=0.1)).run("?")
    was_closed = closed.is_set()
    go_on.set()

    assert closed.wait(5) and not was_closed


def test_the_last_piece_closes_the_iterator() -> None:
    closed = threading.Event()

    def say(prompt: dict[str, Any]) -> Iterator[Piece]:
        try:
            yield "Done."
            yield {"type": "done"}
            raise AssertionError("nobody asks for more")
        finally:
            closed.set()

    assert Assistant(Model(say)).run("?").text == "Done."
    assert closed.wait(5)


def test_an_async_model_runs_on_the_callers_loop_with_its_context() -> None:
    async def say(prompt: dict[str, Any]) -> AsyncIterator[Piece]:
        for _ in range(2):
            yield f"{VARIABLE.get()} {id(asyncio.get_running_loop())} "

    async def ask() -> tuple[str, int]:
        VARIABLE.set("task")
        return (await Assistant(Model(say)).arun("?")).text, id(asyncio.get_running_loop())

    text, loop = asyncio.run(ask())

    assert text.split() == ["task", str(loop)] * 2


def test_a_cache_tells_models_apart_by_name() -> None:
    cache = MemoryCache()

    def ask(text: str, **attributes: Any) -> str:
        return Assistant(Model(lambda prompt: text, **attributes), cache=cache).run("?").text

    assert [ask("one"), ask("two")] == ["one", "two"]
    assert [ask("one", name="same"), ask("two", name="same")] == ["one", "one"]


def test_a_filter_reaches_a_retriever_which_must_take_one() -> None:
    retriever = SimpleNamespace(retrieve=Mock(return_value=[]))
    wanted: rushlight.Filter = {"not": {"field": "shelf", "any_of": ["sky"]}}

    Assistant(Model(lambda prompt: "ok"), retriever=retriever).run("?", filter=wanted)
    retriever.retrieve.assert_called_once_with("?", ANY, wanted)

    retriever.retrieve = lambda question, k: []
    with pytest.raises(rushlight.ForeignError, match="positional argument"):
        Assistant(Model(lambda prompt: "ok"), retriever=retriever).run("?", filter=wanted)


def test_a_model_may_count_its_tokens() -> None:
    class Shelf:
        def retrieve(self, question: str, k: int) -> list[rushlight.Passage]:
            return [rushlight.Passage(name, "word " * 20) for name in "abc"]

    counted: list[str] = []

    def count_tokens(text: str) -> int:
        counted.append(text)
        return len(text.split())

    def found(**attributes: Any) -> int:
        model = Model(lambda prompt: "ok", **attributes)
        events = list(Assistant(model, retriever=Shelf(), limits={"max_context_tokens": 60}).stream("?"))
        (retrieved,) = [event for event in events if isinstance(event, rushlight.Retrieved)]
        return len(retrieved.passages)

    assert found(count_tokens=count_tokens) == 2 and counted
    assert found() == 1
    with pytest.raises(rushlight.ForeignError, match="the model failed.*interpreted as an integer"):
        found(count_tokens=lambda text: "many")


def test_an_object_that_is_no_model_is_refused() -> None:
    with pytest.raises(TypeError, match="expected a model with a method `generate`, got `object`"):
        Assistant(object())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected a str as the attribute `name` of a model, got `int`"):
        Assistant(Model(sync_pieces, name=5))
    with pytest.raises(TypeError, match="expected an int as the attribute `context_window` of a model, got `str`"):
        Assistant(Model(sync_pieces, context_window="large"))
    with pytest.raises(rushlight.InvalidError, match="model `m`: expected at least 1, got 0"):
        Assistant(Model(sync_pieces, name="m", context_window=0))


class Letters:
    """An embedder that counts letters."""

    name = "letters"
    dimensions = 26

    def __init__(self) -> None:
        self.texts: list[str] = []

    def embed(self, texts: list[str]) -> list[list[float]]:
        self.texts += texts
        return [[float(text.lower().count(letter)) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts]


class AsyncLetters(Letters):
    async def embed(self, texts: list[str]) -> list[list[float]]:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().embed(texts)


DOCUMENTS = [Document("tea", "Tea is at four."), Document("zoo", "Zebras zigzag.")]


@pytest.mark.parametrize("embedder", [Letters(), AsyncLetters()], ids=["sync", "async"])
def test_an_object_of_ones_own_may_embed(embedder: Letters, tmp_path: Path) -> None:
    async def read() -> list[rushlight.Passage]:
        store = await KnowledgeBase.aopen_read_only(tmp_path / "store", embedder)
        return await store.aretrieve("zzz", 1, mode="dense")

    store = KnowledgeBase(tmp_path / "store", embedder)
    store.ingest(DOCUMENTS)

    assert (store.info.embedder, store.info.dimensions) == ("letters", 26)
    assert store.retrieve("eat", 1, mode="dense")[0].source == "tea"
    assert asyncio.run(read())[0].source == "zoo"
    assert Assistant(Model(sync_pieces), retriever=store).run("eat").text == "Hello, Ann."
    assert {"Tea is at four.", "zzz", "eat"} <= set(embedder.texts)
    del store
    with pytest.raises(rushlight.InvalidError, match="letters"):
        KnowledgeBase(tmp_path / "store", rushlight.HashedEmbedder(26))


def test_an_embedder_that_fails_ends_the_ingest() -> None:
    def ingest(vectors: Callable[[list[str]], object], **attributes: Any) -> None:
        embedder = Letters()
        embedder.__dict__.update(embed=vectors, **attributes)
        KnowledgeBase(None, embedder).ingest(DOCUMENTS)

    def fail(texts: list[str]) -> object:
        raise ConnectionError("the server is gone")

    with pytest.raises(rushlight.ForeignError, match="^embedder `letters` failed: the server is gone$") as caught:
        ingest(fail)
    assert isinstance(caught.value.__cause__, ConnectionError)
    with pytest.raises(rushlight.ForeignError, match="embedder `letters` failed: expected 2 vectors, got 1"):
        ingest(lambda texts: [[1.0] * 26])
    with pytest.raises(rushlight.ForeignError, match="embedder `letters` failed: expected 26 dimensions, got 3"):
        ingest(lambda texts: [[1.0] * 3 for _ in texts])
    with pytest.raises(rushlight.ForeignError, match="embedder `letters` failed: .*str"):
        ingest(lambda texts: "vectors")


def test_passages_are_cut_by_the_tokens_that_an_embedder_counts() -> None:
    class Words(Letters):
        max_tokens = 8

        def count_tokens(self, text: str) -> int:
            return len(text.split())

    KnowledgeBase(None, embedder := Words()).ingest([Document("words.txt", "one two three. " * 10)])

    assert len(embedder.texts) > 3
    assert all(len(text.split()) <= 8 for text in embedder.texts)


def test_an_object_that_is_no_embedder_is_refused() -> None:
    with pytest.raises(TypeError, match="expected an embedder with a method `embed`, got `object`"):
        KnowledgeBase(None, object())  # type: ignore[arg-type]
    for missing in ("name", "dimensions"):
        attributes = {"name": "letters", "dimensions": 26, "embed": len, missing: None}
        with pytest.raises(TypeError, match=f"expected an embedder with an attribute `{missing}`"):
            KnowledgeBase(None, type("Embedder", (), attributes)())
