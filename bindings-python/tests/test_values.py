"""Events, answers and options as Python objects."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight
from rushlight import (
    Answer,
    Assistant,
    Document,
    Done,
    Limits,
    Passage,
    Sampling,
    ScriptedLlm,
    Text,
    ToolCall,
    ToolOutput,
)


def add(a: int, b: int) -> int:
    return a + b


def events() -> list[rushlight.Event]:
    script: list[dict[str, Any]] = [
        {"tool_calls": [{"name": "add", "arguments": {"a": 1, "b": 2}}]},
        {"text": ["3", "."]},
    ]
    with Assistant(ScriptedLlm(script), tools=[add]).stream("1 + 2?") as stream:
        return list(stream)


def test_events_are_matched_by_class() -> None:
    lines = []
    for event in events():
        match event:
            case ToolCall(name, arguments):
                lines.append(f"{name} {arguments}")
            case ToolOutput(name, content, status):
                lines.append(f"{name} {content} {status}")
            case Text(text):
                lines.append(text)
            case Done(Answer(text=text, usage=usage)):
                lines.append(f"{text} {usage.output_tokens}")

    assert lines == ["add {'a': 1, 'b': 2}", "add 3 success", "3", ".", "3. 2"]


def test_events_tell_their_type_and_json_form() -> None:
    call, output, first, *_, done = events()

    assert [event.type for event in (call, output, first, done)] == ["tool_call", "tool_output", "text", "done"]
    assert call.to_json() == {
        "type": "tool_call",
        "id": "call_1",
        "name": "add",
        "arguments": {"a": 1, "b": 2},
    }
    assert isinstance(done, Done) and done.to_json()["usage"]["output_tokens"] == done.answer.usage.output_tokens
    assert isinstance(output, ToolOutput) and output.elapsed > 0 and output.is_success


def test_values_compare_and_print() -> None:
    assert events()[2] == events()[2]
    assert repr(Text) == "<class 'rushlight.Text'>"
    assert repr(events()[2]) == "Text(text='3')"
    assert repr(Document("a", "b")) == "Document(source='a', text='b', title='', metadata={})"
    assert str(events()[-1].answer) == "3."  # type: ignore[union-attr]


def test_values_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        events()[2].text = "other"  # type: ignore[misc, union-attr]


def test_options_have_the_defaults_of_the_core() -> None:
    assert (Limits().max_turns, Limits().deadline) == (8, 600.0)
    assert Limits(max_turns=2) == Limits(max_turns=2) != Limits()
    assert Sampling.greedy().temperature == 0
    assert Sampling(seed=7).seed == 7


def test_options_may_be_dicts() -> None:
    llm = ScriptedLlm(["x"])
    Assistant(llm, sampling={"temperature": 0, "seed": 3}, limits={"max_output_tokens": 5}).run("?")

    (prompt,) = llm.prompts()
    assert prompt["sampling"]["seed"] == 3
    assert prompt["max_output_tokens"] == 5


def test_a_passage_of_ones_own_has_defaults() -> None:
    passage = Passage("source", "text", headings=["a", "b"])

    assert (passage.id, passage.title, passage.headings, passage.start) == ("source", "", ["a", "b"], 0)
    assert passage.to_json()["metadata"] == {}
