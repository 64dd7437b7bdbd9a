"""What keeps the calls of a tool in check."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

import rushlight
from rushlight import Assistant, InvalidError, ScriptedLlm, ToolOutput, tool


def assistant_of(*tools: Any, calls: list[tuple[str, dict[str, Any]]], runs: int = 1, **options: Any) -> Assistant:
    """An assistant whose model makes these calls in each run."""
    turn = {"tool_calls": [{"name": name, "arguments": arguments} for name, arguments in calls]}
    return Assistant(ScriptedLlm([turn, "done"] * runs), tools=tools, **options)


def outputs(assistant: Assistant, **options: Any) -> list[ToolOutput]:
    with assistant.stream("go", **options) as events:
        return [event for event in events if isinstance(event, ToolOutput)]


def statuses(assistant: Assistant, **options: Any) -> list[str]:
    return [output.status for output in outputs(assistant, **options)]


def test_a_rate_and_scopes_are_kept() -> None:
    @tool(rate="1/day", rate_excess="refuse")
    def rare(text: str) -> str:
        return text

    @tool(scopes=["read:code"], hidden=False)
    def secret() -> str:
        return "42"

    calls: list[tuple[str, dict[str, Any]]] = [("rare", {"text": "a"}), ("rare", {"text": "b"}), ("secret", {})]
    assistant = assistant_of(rare, secret, calls=calls, runs=2)

    first, second, third = outputs(assistant)
    assert (first.status, second.status, third.status) == ("success", "rate_limited", "denied")
    assert second.content.startswith("`rare` was not run: it is called too often (1/86400s)")
    assert "`read:code`" in third.content
    assert statuses(assistant, scopes=["read:*"]) == ["rate_limited", "rate_limited", "success"]


def test_only_so_many_calls_run_at_once() -> None:
    running, most = 0, 0
    waiting: list[asyncio.Event] = []

    @tool(concurrency=2, timeout="5s")
    async def work(number: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        if waiting:
            waiting.pop().set()
        else:  # Two must be there for either to go on.
            waiting.append(event := asyncio.Event())
            await event.wait()
        running -= 1

    assistant = assistant_of(work, calls=[("work", {"number": number}) for number in range(6)])

    assert statuses(assistant) == ["success"] * 6
    assert most == 2


def test_a_failure_is_retried_when_its_exception_says() -> None:
    class Busy(Exception):
        retry_after = 0.05

    runs = []

    @tool(retries=2, idempotent=True)
    def fetch() -> int:
        runs.append(time.monotonic())
        if len(runs) < 3:
            raise Busy("busy")
        return len(runs)

    assert [output.content for output in outputs(assistant_of(fetch, calls=[("fetch", {})]))] == ["3"]
    assert all(later - earlier >= 0.05 for earlier, later in zip(runs, runs[1:]))


def test_a_value_is_kept_until_it_is_forgotten() -> None:
    runs = []

    @tool(cache="10m")
    def look(what: str) -> int:
        runs.append(what)
        return len(runs)

    assistant = assistant_of(look, calls=[("look", {"what": "tea"})], runs=3)

    assert [outputs(assistant)[0].content, outputs(assistant)[0].content] == ["1", "1"]
    assistant.forget_results("look")
    assert outputs(assistant)[0].content == "2"
    with pytest.raises(rushlight.UnknownError, match="unknown tool `lok`, expected one of: look"):
        assistant.forget_results("lok")


@pytest.mark.parametrize("is_async", [False, True])
def test_a_kept_value_holds_as_long_as_its_version(is_async: bool) -> None:
    shelf = {"tea": 1}
    runs = []

    def version(what: str) -> Any:
        async def later() -> int:
            return shelf[what]

        return later() if is_async else shelf[what]

    @tool(cache="10m", version=version)
    def look(what: str) -> int:
        runs.append(what)
        return len(runs)

    assistant = assistant_of(look, calls=[("look", {"what": "tea"})], runs=6)
    seen = []
    for found in (1, 1, 2, 2):
        shelf["tea"] = found
        seen.append([(output.content, output.cached) for output in outputs(assistant)][0])
    assert seen == [("1", False), ("1", True), ("2", False), ("2", True)]

    del shelf["tea"]  # Where it raises, the tool runs, and nothing is kept.
    assert [outputs(assistant)[0].content, outputs(assistant)[0].content] == ["3", "4"]
    with pytest.raises(TypeError, match="expected a function as the version of a tool, got `str`"):
        tool(cache="10m", version="1")(lambda: None)  # type: ignore[call-overload]


def test_a_breaker_leaves_a_failing_tool_alone() -> None:
    @tool(breaker={"failures": 1, "open_for": 60})
    def broken(number: int) -> None:
        raise RuntimeError("down")

    assistant = assistant_of(broken, calls=[("broken", {"number": 1})], runs=2)

    assert statuses(assistant) + statuses(assistant) == ["error", "unavailable"]


@pytest.mark.parametrize("is_async", [False, True])
def test_an_approver_decides_and_the_model_reads_why_not(is_async: bool) -> None:
    removed = []

    @tool(approve=True)
    def remove(path: str) -> None:
        removed.append(path)

    def decide(call: rushlight.ToolCall) -> bool | str:
        return call.arguments["path"].startswith("/tmp/") or f"{call.name} is for /tmp"

    async def decide_later(call: rushlight.ToolCall) -> bool | str:
        await asyncio.sleep(0)
        return decide(call)

    calls: list[tuple[str, dict[str, Any]]] = [("remove", {"path": "/tmp/a"}), ("remove", {"path": "/etc"})]
    assistant = assistant_of(remove, calls=calls, approver=decide_later if is_async else decide)
    allowed, refused = outputs(assistant)

    assert (allowed.status, refused.status) == ("success", "denied")
    assert refused.content == "`remove` was not run: it was not approved: remove is for /tmp"
    assert removed == ["/tmp/a"]


@pytest.mark.parametrize("said", [1, RuntimeError("no luck"), False])
def test_where_nobody_approves_nothing_runs(said: Any) -> None:
    runs = []

    @tool(approve=True)
    def remove() -> None:
        runs.append(1)

    def decide(call: rushlight.ToolCall) -> Any:
        if isinstance(said, Exception):
            raise said
        return said

    assert statuses(assistant_of(remove, calls=[("remove", {})], approver=decide)) == ["denied"]
    assert statuses(assistant_of(remove, calls=[("remove", {})])) == ["denied"]
    assert not runs
    with pytest.raises(TypeError, match="expected a function as `approver`, got `int`"):
        assistant_of(remove, calls=[], approver=3)


def test_a_run_that_waits_for_an_approval_goes_on_elsewhere() -> None:
    removed = []

    @tool(approve=True)
    def remove(path: str) -> None:
        removed.append(path)

    def later() -> rushlight.Assistant:
        return rushlight.Assistant(rushlight.ScriptedLlm([{"text": ["done"]}]), tools=[remove])

    calls = [("remove", {"path": "/tmp/a"})]
    answer = assistant_of(remove, calls=calls, approver=lambda call: None).run("go", scopes=["a"])
    assert answer.pending is not None and not removed
    assert (answer.text, answer.finish_reason) == ("", "tool_calls")
    kept = rushlight.PendingRun.from_json(json.loads(json.dumps(answer.pending.to_json())))
    assert kept == answer.pending and [call.arguments for call in kept.calls] == [{"path": "/tmp/a"}]

    done = asyncio.run(later().arun(kept, decisions={kept.calls[0].id: True}))
    assert (done.text, done.pending, removed) == ("done", None, ["/tmp/a"])
    with later().stream(kept, decisions={"call_1": "not today"}) as events:
        assert [event.content[-9:] for event in events if event.type == "tool_output"] == ["not today"]
    with pytest.raises(rushlight.UnknownError, match="waiting call `call_2`, expected one of: call_1"):
        later().run(kept, decisions={"call_2": True})
    wrong: Any = 3
    with pytest.raises(TypeError, match="expected True, False, a reason"):
        later().run(kept, decisions={"call_1": wrong})
    with pytest.raises(TypeError, match="`session`: a run that goes on has the options that it began with"):
        later().run(kept, session="ann")
    with pytest.raises(rushlight.InvalidError, match="pending run"):
        rushlight.PendingRun.from_json({})


def test_a_dry_run_runs_nothing() -> None:
    runs = []

    @tool
    def remove(path: str) -> None:
        runs.append(path)

    @tool(dry_run=True)
    def write() -> None:
        runs.append("write")

    assistant = assistant_of(remove, write, calls=[("remove", {"path": "a"}), ("write", {})], runs=2)

    assert [output.content for output in outputs(assistant, dry_run=True)] == [
        'dry run: `remove` was not run; it would have run with {"path":"a"}',
        "dry run: `write` was not run; it would have run with {}",
    ]
    assert statuses(assistant) == ["success", "dry_run"]
    assert runs == ["a"]


def test_what_cannot_be_kept_is_refused_by_name() -> None:
    def refused(**policy: Any) -> str:
        with pytest.raises(InvalidError) as caught:
            Assistant(ScriptedLlm([]), tools=[tool(name="t", **policy)(lambda: 1)])
        return str(caught.value)

    assert "policy of tool `t`: invalid rate: expected a number of calls and a time" in refused(rate="often")
    assert "got `-1`" in refused(timeout=-1)
    assert "expected `idempotent` with 2 `retries`" in refused(retries=2)
    assert "unknown variant `user`" in refused(rate_key="user")
    assert "expected a `concurrency` of at least 1" in refused(concurrency=0)
    with pytest.raises(TypeError, match="unknown argument `rates` of a tool, expected one of: name, description, version, choices, timeout"):
        tool(rates="1/s")(lambda: 1)  # type: ignore[call-overload]


def test_arguments_of_a_run_are_checked() -> None:
    assistant = Assistant(ScriptedLlm(["x"]))

    with pytest.raises(TypeError, match="expected a list of names as `scopes`, got a str"):
        assistant.run("?", scopes="read:code")
    with pytest.raises(TypeError, match="unknown argument `scope` of a run"):
        assistant.run("?", scope=["read:code"])  # type: ignore[call-arg]
    assert assistant.run("?", scopes={"read:code"}, session=None, dry_run=False).text == "x"
