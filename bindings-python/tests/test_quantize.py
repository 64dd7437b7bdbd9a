"""Models in fewer bits."""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path

import pytest

from rushlight import (
    ForeignError,
    InvalidError,
    LocalLlm,
    ModelError,
    QuantizeProgress,
    aquantize,
    quantize,
)


def tiny_folder(into: Path) -> Path:
    """A model with random weights as the Hugging Face Hub has it."""
    fixtures = Path(__file__).parents[2] / "core" / "models" / "tests" / "fixtures" / "tiny"
    folder = into / "qwen2"
    for part in ("qwen2", "tokenizer"):
        shutil.copytree(fixtures / part, folder, dirs_exist_ok=True)
    return folder


def test_a_quantised_model_opens_and_the_report_says_what_changed(tmp_path: Path) -> None:
    source, target = tiny_folder(tmp_path), tmp_path / "qwen2.gguf"
    steps: list[QuantizeProgress] = []

    report = quantize(source, target, type="q4_1", progress=steps.append)

    assert report.target_bytes == target.stat().st_size
    worst = report.worst
    assert worst is not None and worst in report.tensors
    assert worst.to_type == "Q4_1" and 0.01 < worst.relative_error < 0.2
    assert all(tensor.relative_error <= worst.relative_error for tensor in report.tensors)
    assert steps[-1].done == steps[-1].total > 0
    llm = LocalLlm(target, threads=1)
    assert llm.info.quantisation == "Q4_1"
    assert llm.count_tokens(" the end") == LocalLlm(source, threads=1).count_tokens(" the end")


def test_quantising_refuses_what_is_there_and_what_it_cannot_round(tmp_path: Path) -> None:
    source, target = tiny_folder(tmp_path), tmp_path / "qwen2.gguf"
    asyncio.run(aquantize(source, target))

    with pytest.raises(InvalidError, match="target.*`overwrite`"):
        quantize(source, target, type="q4_0")
    with pytest.raises(InvalidError, match="type.*`q5_0`.*`q4_1`"):
        quantize(source, tmp_path / "other.gguf", type="q5_0")  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="`Q8_0 of tensor"):
        quantize(target, tmp_path / "other.gguf")
    assert quantize(source, target, type="q4_0", overwrite=True).target_bytes == target.stat().st_size
    assert sorted(file.name for file in tmp_path.iterdir()) == ["qwen2", "qwen2.gguf"]


def test_a_cancelled_quantising_leaves_nothing(tmp_path: Path) -> None:
    source = tiny_folder(tmp_path)

    def stop(_: QuantizeProgress) -> None:
        raise KeyError("enough")

    with pytest.raises(ForeignError):
        quantize(source, tmp_path / "qwen2.gguf", progress=stop)

    deadline = time.monotonic() + 60
    while list(tmp_path.glob("*.part")) and time.monotonic() < deadline:
        time.sleep(0.01)
    left = {file.name for file in tmp_path.iterdir()}
    # The work may have been whole before the exception was seen.
    assert left <= {"qwen2", "qwen2.gguf"}
