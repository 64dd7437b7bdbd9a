"""Answers as values of a type."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Literal

import pydantic
import pytest

from rushlight import Assistant, InvalidError, ModelError, ScriptedLlm

FITTING = '{"verdict": "buy", "stars": 4, "words": [{"text": "fine"}]}'


@dataclass
class Word:
    text: str


@dataclass
class Review:
    verdict: Literal["buy", "wait"]
    stars: int
    words: list[Word]


class Model(pydantic.BaseModel):
    stars: int = pydantic.Field(ge=1, le=5)
    words: list[Word]


def says(text: str) -> tuple[ScriptedLlm, Assistant]:
    llm = ScriptedLlm([{"text": [text]}])
    return llm, Assistant(llm)


def test_an_answer_is_a_value_of_a_dataclass() -> None:
    llm, assistant = says(FITTING)

    review = assistant.extract("How was it?", Review)

    assert review == Review("buy", 4, [Word("fine")])
    assert llm.prompts()[0]["schema"]["required"] == ["verdict", "stars", "words"]


def test_an_answer_is_a_value_of_a_pydantic_model_from_async_code() -> None:
    _, assistant = says('{"stars": 4, "words": [{"text": "fine"}]}')

    review = asyncio.run(assistant.aextract("How was it?", Model))

    assert review == Model(stars=4, words=[Word("fine")])


def test_an_answer_fits_a_json_schema() -> None:
    _, assistant = says("```json\n[1, 2]\n```")

    assert assistant.extract("Which?", {"type": "array", "items": {"type": "integer"}}) == [1, 2]


def test_an_answer_that_does_not_fit_names_place_and_rule() -> None:
    _, assistant = says('{"stars": 9, "words": [{"text": 7}]}')

    with pytest.raises(ModelError) as raised:
        assistant.extract("How was it?", Model)

    assert "at `/stars` (`maximum`)" in str(raised.value)
    assert "at `/words/0/text` (`type`)" in str(raised.value)


def test_a_run_with_a_schema_gives_its_text() -> None:
    _, assistant = says("[1]")

    assert assistant.run("Which?", schema={"type": "array"}).text == "[1]"


@pytest.mark.parametrize(
    ("schema", "error", "text"),
    [
        ({"type": "whole"}, InvalidError, "expected JSON Schema 2020-12"),
        (complex, TypeError, "type `complex` has no JSON Schema"),
    ],
)
def test_what_is_no_schema_is_refused_by_name(schema: Any, error: type[Exception], text: str) -> None:
    llm, assistant = says(FITTING)

    with pytest.raises(error, match=text):
        assistant.extract("How was it?", schema)

    assert llm.prompts() == []
