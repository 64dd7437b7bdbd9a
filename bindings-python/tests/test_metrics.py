"""Tool calls, counted."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

import rushlight
from rushlight import Assistant, Distribution, ScriptedLlm, ToolMetrics, ToolOutput


@rushlight.tool(cache="10m")
def double(number: int) -> int:
    if number < 0:
        raise ValueError("negative")
    return 2 * number


def turns(*calls: tuple[str, int]) -> list[Any]:
    """A run that makes these calls."""
    return [{"tool_calls": [{"name": name, "arguments": {"number": number}} for name, number in calls]}, "So."]


def test_the_calls_of_each_tool_are_counted() -> None:
    metrics = ToolMetrics()
    llm = ScriptedLlm(turns(("double", 1), ("double", -1)) + turns(("double", 1), ("treble", 1)) + ["Hello."])
    assistant = Assistant(llm, tools=[double], tool_metrics=metrics)

    for _ in range(3):
        assistant.run("Well?")

    report = metrics.report()
    tool = report.tools["double"]
    assert (tool.calls, tool.successes, tool.errors, tool.timeouts, tool.refusals, tool.cache_hits) == (3, 2, 1, 0, 0, 1)
    assert (tool.success_rate, tool.error_rate, tool.cache_hit_rate) == (2 / 3, 1 / 3, 1 / 3)
    assert (tool.timeout_rate, tool.refusal_rate, tool.latency.samples) == (0, 0, 2)
    assert tool.latency.p50 is not None and tool.latency.p99 is not None and tool.latency.p50 <= tool.latency.p99 < 60
    assert report.tools["*"].refusals == 1
    assert (report.total.calls, report.total.success_rate) == (4, 0.5)
    calls = report.calls_per_run
    assert (calls.samples, calls.mean, calls.p50, calls.p95) == (3, 4 / 3, 2, 2)
    assert report.to_json()["tools"]["double"]["calls"] == 3
    assert repr(report.tools["*"]) == "ToolReport(calls=1, successes=0, errors=0, timeouts=0, refusals=1, cache_hits=0)"
    assert isinstance(calls, Distribution) and report == metrics.report()

    metrics.reset()
    report = metrics.report()
    assert (report.tools, report.total.success_rate, report.calls_per_run.mean) == ({}, None, None)


def test_an_output_says_whether_it_comes_from_a_cache() -> None:
    assistant = Assistant(ScriptedLlm(turns(("double", 3)) * 2), tools=[double])

    outputs = [event for _ in range(2) for event in assistant.stream("Well?") if isinstance(event, ToolOutput)]

    assert [output.cached for output in outputs] == [False, True]
    assert "cached" not in outputs[0].to_json() and outputs[1].to_json()["cached"] is True


def test_an_assistant_of_a_spec_is_counted_too() -> None:
    metrics = ToolMetrics()
    llm = ScriptedLlm(turns(("double", 5)))

    Assistant.from_spec({"tools": {"double": {}}}, llm=llm, tools=[double], tool_metrics=metrics).run("Well?")

    assert metrics.report().total.calls == 1


def test_metrics_stay_in_their_process() -> None:
    with pytest.raises(TypeError, match="cannot pickle or copy `rushlight.ToolMetrics`"):
        pickle.dumps(ToolMetrics())
    with pytest.raises(TypeError, match="ToolMetrics"):
        Assistant(ScriptedLlm([]), tool_metrics={})  # type: ignore[arg-type]
