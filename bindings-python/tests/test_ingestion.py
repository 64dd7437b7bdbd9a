"""The scenarios of ingestion that all three languages run, step for step."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

import rushlight

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "scenarios" / "ingestion"
FILES = sorted(FOLDER.glob("*.json"))


class Stage:
    """Where a scenario plays. Sources of files are their paths below the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.base = rushlight.KnowledgeBase(None, rushlight.HashedEmbedder(64))

    def below(self, source: str) -> str:
        return source.removeprefix(f"{self.folder}/")

    async def play(self, step: dict[str, Any]) -> dict[str, Any]:
        """What a step gives."""
        match step["step"]:
            case "write":
                for name, text in step["files"].items():
                    path = self.folder / name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(text.encode())
            case "remove":
                for name in step["files"]:
                    (self.folder / name).unlink()
            case "ingest_dir":
                told: list[rushlight.IngestProgress] = []
                report = await self.base.aingest_dir(self.folder, glob=step.get("glob"), progress=told.append)
                return self.outcome(report, told)
            case "ingest":
                told = []
                documents = [
                    rushlight.Document(
                        each["source"], each["text"], title=each["title"], metadata=each["metadata"]
                    )
                    for each in step["documents"]
                ]
                report = await self.base.aingest(documents, progress=told.append)
                return self.outcome(report, told)
            case "delete":
                return {"deleted": await self.base.adelete(step["sources"])}
            case "search":
                query = step["query"]
                passages = await self.base.aretrieve(
                    query["text"], query["k"], mode=step.get("mode"), filter=query.get("filter")
                )
                return {"found": [self.below(passage.id) for passage in passages]}
            case unknown:
                pytest.fail(f"unknown step `{unknown}`")
        return {}

    def outcome(self, report: rushlight.IngestReport, told: list[rushlight.IngestProgress]) -> dict[str, Any]:
        failed = [{"source": self.below(each.source), "reason": each.reason} for each in report.failed]
        counts = {name: getattr(report, name) for name in report.__match_args__}
        return {"report": {**counts, "failed": failed}, "told": [self.below(each.source) for each in told]}


def test_there_are_scenarios() -> None:
    assert FILES, f"no scenario in {FOLDER}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_scenario_of_ingestion_goes_as_its_file_says(file: Path, tmp_path: Path) -> None:
    scenario = json.loads(file.read_text(encoding="utf-8"))
    stage = Stage(tmp_path)

    for number, step in enumerate(scenario["steps"], start=1):
        happened = asyncio.run(stage.play(step))

        assert {**step, **happened} == step, f"step {number}"
