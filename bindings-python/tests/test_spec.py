"""Assistants that a file describes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rushlight import (
    Assistant,
    Document,
    HashedEmbedder,
    InvalidError,
    IoError,
    KnowledgeBase,
    MemoryCache,
    ModelError,
    Retrieved,
    ScriptedLlm,
    ToolOutput,
    UnknownError,
    tool,
)

TOML = """
instructions = "You help."
sampling.temperature = 0.2
limits = { max_output_tokens = 160, deadline = "30s" }
tools.add = { rate = "1/day", rate_excess = "refuse" }

[profiles.technical]
sampling.temperature = 0.5
"""
SPEC: dict[str, Any] = {
    "instructions": "You help.",
    "sampling": {"temperature": 0.2},
    "limits": {"max_output_tokens": 160, "deadline": 30},
    "tools": {"add": {"rate": "1/day", "rate_excess": "refuse"}},
    "profiles": {"technical": {"sampling": {"temperature": 0.5}}},
}


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def scripted(*texts: str) -> ScriptedLlm:
    return ScriptedLlm([{"text": [text]} for text in texts])


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str, str], Path]:
    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_both_formats_and_a_dict_give_the_assistant_of_the_constructor(written: Callable[[str, str], Path]) -> None:
    asked = []
    for spec in (written("agent.toml", TOML), written("agent.json", json.dumps(SPEC)), SPEC):
        llm = scripted("Hello.")
        assert Assistant.from_spec(spec, llm=llm, tools=[add]).run("Hi").text == "Hello."
        asked.append(llm.prompts())

    llm = scripted("Hello.")
    Assistant(
        llm,
        instructions="You help.",
        tools=[add],
        sampling={"temperature": 0.2},
        limits={"max_output_tokens": 160, "deadline": 30},
    ).run("Hi")

    assert asked == [llm.prompts()] * 3


def test_profiles_share_a_model_and_differ_in_their_parameters() -> None:
    llm = scripted("Hello.", "Well.")

    Assistant.from_spec(SPEC, llm=llm, tools=[add]).run("Hi")
    Assistant.from_spec(SPEC, profile="technical", llm=llm, tools=[add]).run("Hi")

    temperatures = [prompt["sampling"]["temperature"] for prompt in llm.prompts()]
    assert temperatures == pytest.approx([0.2, 0.5])
    with pytest.raises(UnknownError, match="unknown profile `sales`, expected one of: technical"):
        Assistant.from_spec(SPEC, profile="sales", llm=llm, tools=[add])


def test_a_policy_of_the_spec_holds_and_results_are_forgotten_by_name() -> None:
    adds: dict[str, Any] = {"tool_calls": [{"name": "add", "arguments": {"a": 1, "b": 2}}]}
    ran = []

    @tool(name="add")
    def counted(a: int, b: int) -> int:
        """Add two numbers."""
        ran.append(a)
        return a + b

    again = {"tool_calls": [{"name": "add", "arguments": {"a": 2, "b": 2}}]}
    limited = Assistant.from_spec(SPEC, llm=ScriptedLlm([adds, again, {"text": ["3"]}]), tools=[add])
    with limited.stream("Go") as events:
        statuses = [event.status for event in events if isinstance(event, ToolOutput)]
    cached = ScriptedLlm([adds, {"text": ["3"]}] * 3)
    kept = Assistant.from_spec({"tools": {"add": {"cache": "1h"}}}, llm=cached, tools=[counted])
    kept.run("Go")
    kept.run("Go")
    kept.forget_results("add")
    kept.run("Go")

    assert statuses == ["success", "rate_limited"]
    assert ran == [1, 1]


def test_documents_are_searched_as_the_spec_says() -> None:
    base = KnowledgeBase(None, HashedEmbedder(64))
    base.ingest([Document(f"{number}.md", f"Card {number}") for number in range(3)])
    spec = {"retriever": {"k": 2}}

    with Assistant.from_spec(spec, llm=scripted("Both."), retriever=base).stream("Which card?") as events:
        found = next(iter(events))

    assert isinstance(found, Retrieved) and len(found.passages) == 2
    with pytest.raises(InvalidError, match="invalid retriever: expected a knowledge base to search, got none"):
        Assistant.from_spec(spec, llm=scripted())
    with pytest.raises(InvalidError, match="invalid retriever: expected a knowledge base to search, got none"):
        Assistant.from_spec(spec, llm=scripted(), retriever=base.retriever(k=1))


def test_a_part_comes_in_the_place_of_what_the_spec_says() -> None:
    cache = MemoryCache()

    Assistant.from_spec({"cache": {"max_entries": 1}}, llm=scripted("Hello."), cache=cache).run("Hi")

    assert len(cache) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("limits.max_turn = 1", "`limits.max_turn`: unknown field `max_turn`, expected one of `max_turns`"),
        ("sampling.temperature = 'hot'", '`sampling.temperature`: invalid type: string "hot", expected f32'),
        ("sampling.temperature = 3", "`sampling.temperature`: expected 0 to 2, got 3"),
        ("model = 'a'\nmodel = ", "at line 2"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_path(
    written: Callable[[str, str], Path], text: str, message: str
) -> None:
    path = written("agent.toml", text)

    with pytest.raises(InvalidError) as raised:
        Assistant.from_spec(path, llm=scripted())

    assert str(raised.value).startswith(f"invalid `{path}`: ") and message in str(raised.value)


def test_what_is_no_spec_is_refused(written: Callable[[str, str], Path], tmp_path: Path) -> None:
    with pytest.raises(IoError, match="none.toml"):
        Assistant.from_spec(tmp_path / "none.toml", llm=scripted())
    with pytest.raises(InvalidError, match="expected a name that ends in `.toml` or `.json`"):
        Assistant.from_spec(str(written("agent.yaml", "")), llm=scripted())
    with pytest.raises(InvalidError, match="invalid agent spec: `instruction`: unknown field"):
        Assistant.from_spec({"instruction": "typo"}, llm=scripted())
    with pytest.raises(InvalidError, match="invalid agent spec: invalid type: integer `3`"):
        Assistant.from_spec(3, llm=scripted())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="unexpected keyword argument 'limits'"):
        Assistant.from_spec({}, llm=scripted(), limits={"max_turns": 1})  # type: ignore[call-arg]


def test_the_tools_are_those_that_the_spec_names() -> None:
    spec: dict[str, Any] = {"tools": {"add": {}, "search": {}}}

    with pytest.raises(InvalidError) as missing:
        Assistant.from_spec(spec, llm=scripted(), tools=[add])
    with pytest.raises(InvalidError) as extra:
        Assistant.from_spec({}, llm=scripted(), tools=[add])

    assert str(missing.value) == "invalid tools: expected those that the spec names (add, search), got add"
    assert str(extra.value) == "invalid tools: expected those that the spec names (none), got add"


def test_the_spec_names_its_model(
    written: Callable[[str, str], Path], fetched: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = fetched("SmolLM2-135M-Instruct")
    limits = "limits.max_output_tokens = 2\nmodel_options.context = 128"
    named = written("agent.toml", f"model = 'SmolLM2-135M-Instruct'\n{limits}")
    (named.parent / "model.gguf").symlink_to(model)
    beside = written("beside.toml", f"model = 'model.gguf'\n{limits}")

    async def ask() -> str:
        return (await (await Assistant.afrom_spec(beside)).arun("Hi")).text

    assert Assistant.from_spec(named).run("Hi").text and asyncio.run(ask())
    with pytest.raises(InvalidError, match="invalid context: expected 1 to 8192 tokens"):
        Assistant.from_spec({"model": str(model), "model_options": {"context": 0}})
    monkeypatch.setenv("RUSHLIGHT_MODEL", "no-such-model")
    with pytest.raises((UnknownError, ModelError), match="no-such-model"):
        Assistant.from_spec(named)
    with pytest.raises(InvalidError, match="invalid model: expected a name or a path"):
        Assistant.from_spec({})
