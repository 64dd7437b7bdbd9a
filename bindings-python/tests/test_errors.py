"""Every kind of error has its class."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import rushlight
from rushlight import Assistant, Error, KnowledgeBase, Limits, LocalEmbedder, LocalLlm, Sampling, ScriptedLlm

CORE = Path(__file__).resolve().parents[2] / "core" / "src" / "error.rs"


def test_there_is_one_class_for_each_kind_of_the_core() -> None:
    kinds = set(re.findall(r'Self::\w+ => "(\w+)"', CORE.read_text(encoding="utf-8")))
    classes = {getattr(rushlight, name) for name in rushlight.__all__ if name.endswith("Error")} - {Error}

    assert {each.code for each in classes} == kinds
    assert all(issubclass(each, Error) and each.__module__ == "rushlight" for each in classes)


def test_an_error_of_a_model_ends_the_run_with_its_kind() -> None:
    with pytest.raises(rushlight.ForeignError, match="the model broke") as caught:
        Assistant(ScriptedLlm([{"error": "the model broke"}])).run("?")

    assert caught.value.code == "foreign"
    assert not caught.value.retryable


def test_a_priority_reaches_the_model_and_others_are_refused() -> None:
    llm = ScriptedLlm(["first", "second"])

    assert Assistant(llm).run("?", priority="high").text == "first"
    assert [prompt["priority"] for prompt in llm.prompts()] == ["high"]
    with pytest.raises(rushlight.InvalidError, match="urgent.*low"):
        Assistant(llm).run("?", priority="urgent")  # type: ignore[arg-type]


def test_a_deadline_is_a_timeout_of_python_too() -> None:
    assistant = Assistant(ScriptedLlm([{"text": ["late"], "delay_ms": 5000}]), limits=Limits(deadline=0.05))

    with pytest.raises(TimeoutError) as caught:
        assistant.run("?")

    assert isinstance(caught.value, rushlight.TimeoutError) and caught.value.retryable


@pytest.mark.parametrize("part", [LocalLlm, LocalEmbedder, rushlight.fetch])
def test_an_unknown_model_lists_the_known_ones(part: Callable[[str], object]) -> None:
    with pytest.raises(rushlight.UnknownError, match="SmolLM2-135M-Instruct|all-MiniLM-L6-v2"):
        part("no-such-model")


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "broken.gguf"
    file.write_bytes(b"not a model")

    with pytest.raises(Error, match="broken.gguf"):
        LocalLlm(file)


def test_options_out_of_range_are_value_errors() -> None:
    with pytest.raises(ValueError, match="temperature"):
        Sampling(temperature=9)
    with pytest.raises(rushlight.InvalidError, match="deadline"):
        Limits(deadline=-1)
    with pytest.raises(rushlight.InvalidError, match="max_turns"):
        Assistant(ScriptedLlm([]), limits={"max_turns": 0})
    with pytest.raises(TypeError, match="max_steps"):
        Assistant(ScriptedLlm([]), limits={"max_steps": 1})
    with pytest.raises(rushlight.InvalidError, match="expected `prices`"):
        Assistant(ScriptedLlm([]), limits=Limits(max_cost=0.5))
    with pytest.raises(rushlight.InvalidError, match="unknown field `outptu`"):
        Limits(prices={"input": 0.5, "outptu": 1.5})
    with pytest.raises(rushlight.InvalidError, match="turn"):
        ScriptedLlm([{"texts": ["typo"]}])
    with pytest.raises(rushlight.InvalidError, match="session"):
        Assistant(ScriptedLlm(["x"])).run("?", session="s")


def test_what_is_no_model_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        Assistant("a name")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="retrieve"):
        Assistant(ScriptedLlm([]), retriever=object())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="get"):
        Assistant(ScriptedLlm([]), cache=object())  # type: ignore[arg-type]


def test_a_progress_function_that_raises_stops_the_ingest() -> None:
    store = KnowledgeBase(None, rushlight.HashedEmbedder(8))
    mistake = ZeroDivisionError("my mistake")

    def fail(progress: rushlight.IngestProgress) -> None:
        raise mistake

    with pytest.raises(rushlight.ForeignError, match="my mistake") as caught:
        store.ingest([rushlight.Document(str(number), "text") for number in range(10)], progress=fail)

    assert caught.value.__cause__ is mistake
