"""The scenarios that all three languages run, event for event."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import rushlight
from rushlight import ToolContext

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "scenarios"
FILES = sorted(FOLDER.glob("*.json"))


@rushlight.tool(description="Add two numbers")
def add(a: int, b: int) -> int:
    return a + b


@rushlight.tool(description="Repeat a text")
async def echo(text: str) -> str:
    return text


@rushlight.tool(description="Always fails")
def boom() -> None:
    raise RuntimeError("boom")


@rushlight.tool(description="Never ends")
async def slow() -> None:
    await asyncio.Event().wait()


@rushlight.tool(description="Never ends, briefly", timeout=0.05)
async def brief() -> None:
    await asyncio.Event().wait()


@rushlight.tool(description="Repeat a text, seldom", rate="1/day", rate_excess="refuse")
def rare(text: str) -> str:
    return text


@rushlight.tool(description="Tell the secret", scopes=["read:code"])
def secret() -> str:
    return "42"


def notes(context: ToolContext) -> list[str]:
    if context.session is None:
        return ["a.md", "b.md"]
    return [] if context.session == "new" else [f"{context.session}.md"]


@rushlight.tool(description="Open a note", choices={"name": notes})
async def note(name: str, context: ToolContext) -> str:
    return f"{name} of {context.session or 'nobody'}"


@rushlight.tool(description="Deploy the site", approve=True)
def deploy() -> str:
    return "deployed"


WORKSPACE = FOLDER / "workspace"
BUILTIN = (
    rushlight.tools.calculate(),
    rushlight.tools.read_file(WORKSPACE),
    rushlight.tools.search_code(WORKSPACE, context_lines=0),
)
TOOLS = {tool.name: tool for tool in (add, echo, boom, slow, brief, rare, secret, note, deploy, *BUILTIN)}


class Played:
    """A model of one's own that plays a script as `ScriptedLlm` does."""

    def __init__(self, script: list[dict[str, Any]]) -> None:
        self.turns = iter(script)

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    async def generate(self, prompt: dict[str, Any]) -> AsyncIterator[str | dict[str, Any]]:
        turn = next(self.turns)
        pieces, calls = turn.get("text", []), turn.get("tool_calls", [])
        for piece in pieces:
            await asyncio.sleep(turn.get("delay_ms", 0) / 1000)
            yield piece
        for call in calls:
            yield {"type": "tool_call", **call}
        if "error" in turn:
            raise RuntimeError(turn["error"])
        usage = {
            "input_tokens": sum(self.count_tokens(message["content"]) for message in prompt["messages"]),
            "output_tokens": self.count_tokens("".join(pieces)) + len(calls),
        }
        yield {"type": "done", "finish_reason": turn.get("finish_reason"), "usage": usage}


def assistant_of(
    scenario: dict[str, Any],
    model: Callable[[list[dict[str, Any]]], Any] = rushlight.ScriptedLlm,
    record: Path | None = None,
) -> rushlight.Assistant:
    retriever: rushlight.Retriever | None = None
    if documents := scenario.get("documents"):
        store = rushlight.KnowledgeBase(None, rushlight.HashedEmbedder(64))
        store.ingest(
            [
                rushlight.Document(
                    each["source"],
                    each["text"],
                    title=each.get("title", ""),
                    metadata=each.get("metadata", {}),
                )
                for each in documents
            ]
        )
        options = scenario.get("retriever")
        retriever = store if options is None else store.retriever(**options)
    milliseconds = scenario.get("tool_timeout_ms")
    limits = dict(scenario.get("limits", {}))
    if isinstance(deadline := limits.get("deadline"), dict):
        limits["deadline"] = deadline["secs"] + deadline["nanos"] / 1e9
    agents = [other(each, model).as_tool(each["name"], each["description"]) for each in scenario.get("agents", [])]
    hand_offs = [
        rushlight.HandOff(each["name"], each["description"], other(each, model))
        for each in scenario.get("hand_offs", [])
    ]
    tools = [*(TOOLS[name] for name in scenario.get("tools", [])), *agents]
    tool_timeout = None if milliseconds is None else milliseconds / 1000
    if "spec" in scenario:
        return rushlight.Assistant.from_spec(
            scenario["spec"],
            llm=model(scenario["script"]),
            hand_offs=hand_offs,
            tools=tools,
            tool_timeout=tool_timeout,
            retriever=retriever,
            record=record,
        )
    return rushlight.Assistant(
        model(scenario["script"]),
        instructions=scenario.get("instructions"),
        hand_offs=hand_offs,
        tools=tools,
        tool_timeout=tool_timeout,
        approver=lambda call: None,
        retriever=retriever,
        cache=rushlight.MemoryCache() if scenario.get("cache") else None,
        sessions=rushlight.MemorySessions() if scenario.get("sessions") else None,
        sampling=scenario.get("sampling"),
        limits=limits,
        record=record,
    )


def agent_of(
    scenario: dict[str, Any],
    model: Callable[[list[dict[str, Any]]], Any] = rushlight.ScriptedLlm,
    record: Path | None = None,
) -> rushlight.Agent:
    assistant = assistant_of(scenario, model, record)
    if not (routes := scenario.get("routes", [])):
        return assistant
    return rushlight.Router(
        rushlight.Route("general", "Everything else", assistant),
        [
            rushlight.Route(
                each["name"],
                each["description"],
                other(each, model),
                words=each.get("words", []),
                examples=each.get("examples", []),
            )
            for each in routes
        ],
        embedder=rushlight.HashedEmbedder(64),
        llm=model(scenario["choices"]) if "choices" in scenario else None,
    )


def other(agent: dict[str, Any], model: Callable[[list[dict[str, Any]]], Any]) -> rushlight.Assistant:
    return rushlight.Assistant(model(agent["script"]), tools=[TOOLS[name] for name in agent.get("tools", [])])


def check(run: dict[str, Any], events: list[dict[str, Any]], error: rushlight.Error | None) -> None:
    assert len(events) == len(run["events"]), events
    for event, expected in zip(events, run["events"]):
        assert_same(event, expected, "event")
    assert (error and error.code) == run.get("error", {}).get("kind"), error


def assert_same(found: Any, expected: Any, where: str) -> None:
    """Equal as JSON, numbers up to rounding."""
    if isinstance(expected, dict):
        assert isinstance(found, dict) and found.keys() == expected.keys(), where
        for name in expected:
            assert_same(found[name], expected[name], f"{where}.{name}")
    elif isinstance(expected, list):
        assert isinstance(found, list) and len(found) == len(expected), where
        for index, item in enumerate(expected):
            assert_same(found[index], item, f"{where}[{index}]")
    elif isinstance(expected, float) and isinstance(found, (int, float)):
        assert math.isclose(found, expected, rel_tol=1e-5), f"{where}: {found} is not {expected}"
    else:
        assert found == expected, where


def request_of(run: dict[str, Any], before: list[dict[str, Any]]) -> dict[str, Any]:
    """What a run asks; `before` are the events of the run before."""
    if "request" in run:
        return dict(run["request"])
    return {"question": rushlight.PendingRun.from_json(before[-1]["pending"]), "decisions": run["decisions"]}


def read(agent: rushlight.Agent, run: dict[str, Any], before: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    with agent.stream(**request_of(run, before)) as stream:
        for count, event in enumerate(stream, start=1):
            yield event.to_json()
            if count == run.get("stop_after"):
                return


async def aread(
    agent: rushlight.Agent, run: dict[str, Any], before: list[dict[str, Any]]
) -> AsyncIterator[dict[str, Any]]:
    async with agent.astream(**request_of(run, before)) as stream:
        count = 0
        async for event in stream:
            yield event.to_json()
            count += 1
            if count == run.get("stop_after"):
                return


def test_there_are_scenarios() -> None:
    assert FILES, f"no scenario in {FOLDER}"


@pytest.mark.parametrize("model", [rushlight.ScriptedLlm, Played])
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_scenario_gives_its_events_to_sync_code_and_from_its_journal(
    file: Path, model: Callable[[list[dict[str, Any]]], Any], tmp_path: Path
) -> None:
    scenario = json.loads(file.read_text(encoding="utf-8"))
    journal = tmp_path / "run.jsonl"

    play(agent_of(scenario, model, journal), scenario)
    if "routes" in scenario:
        return  # a router has no journal
    if any("stop_after" in run for run in scenario["runs"]):
        wait_for_the_end_of_stopped_runs(journal)
    play(rushlight.Assistant.replay(journal), scenario)


def wait_for_the_end_of_stopped_runs(journal: Path) -> None:
    """Leaving a stream does not wait until its run has ended, and the journal learns of it then."""
    deadline = time.monotonic() + 10
    while "nobody waited for its end" not in journal.read_text(encoding="utf-8"):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def play(agent: rushlight.Agent, scenario: dict[str, Any]) -> None:
    before: list[dict[str, Any]] = []
    for run in scenario["runs"]:
        events: list[dict[str, Any]] = []
        error = None
        try:
            events.extend(read(agent, run, before))
        except rushlight.Error as raised:
            error = raised
        check(run, events, error)
        before = events


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_scenario_gives_its_events_to_async_code(file: Path) -> None:
    scenario = json.loads(file.read_text(encoding="utf-8"))
    agent = agent_of(scenario)

    async def all_runs() -> None:
        before: list[dict[str, Any]] = []
        for run in scenario["runs"]:
            events: list[dict[str, Any]] = []
            error = None
            try:
                async for event in aread(agent, run, before):
                    events.append(event)
            except rushlight.Error as raised:
                error = raised
            check(run, events, error)
            before = events

    asyncio.run(all_runs())


def test_run_gives_the_answer_of_the_stream() -> None:
    script: list[dict[str, Any]] = [
        {"tool_calls": [{"name": "add", "arguments": {"a": 1, "b": 2}}]},
        {"text": ["It ", "is ", "3."]},
    ]

    whole = rushlight.Assistant(rushlight.ScriptedLlm(script), tools=[add]).run("1 + 2?")
    with rushlight.Assistant(rushlight.ScriptedLlm(script), tools=[add]).stream("1 + 2?") as stream:
        events = list(stream)

    assert isinstance(events[-1], rushlight.Done) and stream.answer == events[-1].answer
    assert stream.answer is not None and stream.answer.to_json() == whole.to_json()
    assert whole.text == "".join(event.text for event in events if event.type == "text") == "It is 3."
    assert whole.report.turns == 2 and whole.report.tool_calls == 1


def test_a_replay_names_what_is_new_and_a_journal_its_damaged_line(tmp_path: Path) -> None:
    journal = tmp_path / "run.jsonl"
    assistant = rushlight.Assistant(rushlight.ScriptedLlm([{"text": ["Fine."]}]), record=journal)
    assistant.run("How are you?")

    with pytest.raises(rushlight.DivergedError, match="line 2: `generation`: at `/messages/1/content` expected"):
        rushlight.Assistant.replay(journal).run("Who are you?")
    journal.write_text(journal.read_text(encoding="utf-8")[:-9], encoding="utf-8")
    with pytest.raises(rushlight.CorruptError, match="line 2: EOF"):
        rushlight.Assistant.replay(journal)
