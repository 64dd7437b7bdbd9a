"""Objectives over the reports of runs."""

from __future__ import annotations

import pytest

from rushlight import Assistant, InvalidError, Report, ScriptedLlm, Slo, Slos


def add(a: int, b: int) -> int:
    return a + b


def two_runs() -> list[Report]:
    """One that calls a tool, and one that does not."""
    llm = ScriptedLlm([{"tool_calls": [{"name": "add", "arguments": {"a": 1, "b": 2}}]}, "It is 3.", "Hello."])
    assistant = Assistant(llm, tools=[add])
    return [assistant.run(question).report for question in ("1 + 2?", "Who is there?")]


def test_objectives_tell_how_the_runs_kept_them() -> None:
    slos = Slos(
        [
            Slo("patient", "first_token", percentile=95, bound=3600),
            {"name": "hasty", "metric": "total_with_tools", "percentile": 50, "bound": 1e-12},
        ]
    )
    reports = two_runs()

    for report in reports:
        slos.record(report)

    patient, hasty = slos.reports()
    assert (patient.samples, patient.violations, patient.attained, patient.burn_rate) == (2, 0, True, 0)
    assert (hasty.samples, hasty.violations, hasty.attained, hasty.burn_rate) == (1, 1, False, 2)
    assert hasty.observed == hasty.p50 == hasty.p99 == reports[0].total
    assert hasty.slo == Slo("hasty", "total_with_tools", 50, 1e-12)
    assert hasty.to_json()["slo"]["metric"] == "total_with_tools"


def test_what_was_recorded_can_be_forgotten() -> None:
    slos = Slos([Slo("quick", "total_without_tools", 95, 0.5)])
    slos.record(two_runs()[1])
    assert slos.reports()[0].samples == 1

    slos.reset()

    (report,) = slos.reports()
    assert (report.samples, report.attained, report.observed) == (0, True, None)


def test_objectives_that_make_no_sense_are_refused() -> None:
    with pytest.raises(InvalidError, match="less than 100, for example 95, got 0.95"):
        Slos([Slo("quick", "first_token", 0.95, 0.5)])
    with pytest.raises(InvalidError, match="expected one of `first_token`"):
        Slo("quick", "first", 95, 0.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="unexpected keyword argument 'limit'"):
        Slos([{"name": "quick", "metric": "first_token", "percentile": 95, "limit": 0.5}])


def test_the_parts_of_a_run_add_up_to_its_total() -> None:
    for report in two_runs():
        parts = report.retrieval + report.generation + report.tools + report.reading + report.overhead
        assert parts == pytest.approx(report.total)
