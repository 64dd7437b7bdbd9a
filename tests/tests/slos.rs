//! Objectives over the reports of runs.

use std::time::Duration;

use futures::StreamExt;
use proptest::prelude::*;
use rushlight::{
    Agent, AgentExt, Assistant, Event, FunctionTool, Metric, NoArguments, Report, Request, ScriptedLlm,
    ScriptedTurn, Slo, SloReport, Slos, Toolbox,
};
use serde_json::json;

/// A run that took so many seconds to its first text and to its end.
fn run(seconds: f64) -> Report {
    let mut report = Report::default();
    report.total = Duration::from_secs_f64(seconds);
    report.first_token = Some(report.total);
    report
}

fn report_of(slo: Slo, runs: impl IntoIterator<Item = Report>) -> SloReport {
    let slos = Slos::new([slo]).unwrap();
    runs.into_iter().for_each(|run| slos.record(&run));
    slos.reports().remove(0)
}

proptest! {
    #[test]
    fn an_objective_is_attained_exactly_if_the_exact_percentile_keeps_its_bound(
        milliseconds in prop::collection::vec(1_u32..1_000, 1..200),
        percentile in 1_u32..100,
    ) {
        let slo = Slo::new("quick", Metric::FirstToken, f64::from(percentile), 0.5);
        let mut sorted: Vec<f64> = milliseconds.iter().map(|time| f64::from(*time) / 1e3).collect();
        sorted.sort_by(f64::total_cmp);
        let exact = sorted[(sorted.len() * percentile as usize).div_ceil(100) - 1];

        let report = report_of(slo, sorted.iter().map(|seconds| run(*seconds)));

        prop_assert_eq!(report.attained, exact <= 0.5);
        prop_assert_eq!(report.violations as usize, sorted.iter().filter(|time| **time > 0.5).count());
        prop_assert!((report.observed.unwrap() - exact).abs() <= exact / 100.0);
        prop_assert_eq!(report.attained, report.burn_rate < 1.0 + 1e-9);
    }
}

#[test]
fn a_burn_rate_is_the_share_of_violations_over_the_share_that_is_allowed() {
    let slo = Slo::new("quick", Metric::TotalWithoutTools, 99.0, 1.0);

    let report = report_of(slo, [vec![run(0.5); 95], vec![run(1.5); 5]].concat());

    assert_eq!((report.samples, report.violations, report.attained), (100, 5, false));
    assert!((report.burn_rate - 5.0).abs() < 1e-9, "{}", report.burn_rate);
    assert_eq!(report.p95.map(f64::to_bits), report.p50.map(f64::to_bits));
    assert!(report.p99 > report.p95);
}

#[test]
fn a_rate_is_kept_by_runs_that_are_at_least_as_fast() {
    let slo = Slo::new("fluent", Metric::TokensPerSecond, 90.0, 50.0);
    let runs = (1..=10).map(|tenth| {
        let mut report = Report::default();
        report.tokens_per_second = Some(f64::from(tenth) * 10.0 + 35.0);
        report
    });

    let report = report_of(slo, runs);

    assert_eq!((report.violations, report.attained), (1, true));
    assert!((report.observed.unwrap() - 55.0).abs() < 0.55, "{:?}", report.observed);
    assert!(report.p99 < report.observed && report.observed < report.p50);
}

#[test]
fn each_metric_counts_the_runs_that_have_it() {
    let mut with_tools = run(1.0);
    with_tools.tool_calls = 2;
    with_tools.turns = 2;
    let metrics = [
        Metric::FirstToken,
        Metric::TotalWithoutTools,
        Metric::TotalWithTools,
        Metric::TokensPerSecond,
        Metric::Overhead,
    ];
    let slos = Slos::new(metrics.map(|metric| Slo::new(format!("{metric:?}"), metric, 95.0, 10.0))).unwrap();

    for report in [run(1.0), with_tools, Report::default()] {
        slos.record(&report);
    }

    let samples: Vec<u64> = slos.reports().iter().map(|report| report.samples).collect();
    assert_eq!(samples, [2, 2, 1, 0, 1]);
}

#[test]
fn without_runs_an_objective_is_attained_and_has_no_percentiles() {
    let slos = Slos::new([Slo::new("quick", Metric::FirstToken, 95.0, 0.5)]).unwrap();
    slos.record(&run(2.0));

    slos.reset();

    let report = slos.reports().remove(0);
    assert_eq!((report.samples, report.violations, report.attained), (0, 0, true));
    assert_eq!((report.observed, report.p50, report.p95, report.p99), (None, None, None, None));
    assert!(report.burn_rate.abs() < f64::MIN_POSITIVE);
}

#[test]
fn objectives_that_make_no_sense_are_refused() {
    let refused = |slos: &[Slo]| Slos::new(slos.to_vec()).unwrap_err().to_string();
    let slo = |name: &str, percentile, bound| Slo::new(name, Metric::FirstToken, percentile, bound);

    insta::assert_snapshot!(refused(&[slo(" ", 95.0, 0.5)]), @"invalid slo: expected a name, got none");
    insta::assert_snapshot!(
        refused(&[slo("a", 0.95, 0.5)]),
        @"invalid percentile of slo `a`: expected at least 1 and less than 100, for example 95, got 0.95"
    );
    insta::assert_snapshot!(
        refused(&[slo("a", 95.0, f64::NAN)]),
        @"invalid bound of slo `a`: expected a number above 0, got NaN"
    );
    insta::assert_snapshot!(
        refused(&[slo("a", 95.0, 1.0), slo("a", 99.0, 2.0)]),
        @"invalid slos: expected different names, got `a` twice"
    );
}

#[test]
fn an_objective_is_read_from_a_configuration() {
    let json = json!({"name": "quick", "metric": "first_token", "percentile": 99.9, "bound": 0.5});

    let slo: Slo = serde_json::from_value(json.clone()).unwrap();

    assert_eq!(slo, Slo::new("quick", Metric::FirstToken, 99.9, 0.5));
    assert_eq!(serde_json::to_value(slo).unwrap(), json);
}

#[tokio::test]
async fn the_parts_of_a_run_add_up_to_its_total() {
    const PAUSE: Duration = Duration::from_millis(5);
    let pause = FunctionTool::new("pause", "Waits", async |_: NoArguments| {
        tokio::time::sleep(PAUSE).await;
        Ok::<_, String>("done")
    });
    let turns =
        vec![ScriptedTurn::call("pause", json!({})).delay(PAUSE), ScriptedTurn::text("So.").delay(PAUSE)];
    let tools = Toolbox::new().add(pause).unwrap();
    let assistant = Assistant::builder(ScriptedLlm::new(turns)).tools(tools).build().unwrap();

    let mut events = assistant.run(Request::new("Well?")).await.unwrap();
    let mut report = Report::default();
    while let Some(event) = events.next().await {
        match event.unwrap() {
            Event::Done(answer) => report = answer.report,
            _ => tokio::time::sleep(PAUSE).await,
        }
    }

    // Each turn is two deltas, and the events before the last one are a call, its output and a text.
    assert!(
        report.generation >= 4 * PAUSE && report.tools >= PAUSE && report.reading >= 3 * PAUSE,
        "{report:?}"
    );
    let parts = report.retrieval + report.generation + report.tools + report.reading;
    assert_eq!(parts + report.overhead(), report.total);
}

#[tokio::test]
async fn a_cached_answer_counts_as_what_its_reader_saw() {
    let llm = ScriptedLlm::new(vec![ScriptedTurn::text("Hello.")]);
    let cache = rushlight::MemoryCache::default();
    let assistant = Assistant::builder(llm).cache(cache).build().unwrap();
    let slos = Slos::new([
        Slo::new("first", Metric::FirstToken, 95.0, 600.0),
        Slo::new("overhead", Metric::Overhead, 95.0, 600.0),
    ])
    .unwrap();

    for _ in 0..2 {
        slos.record(&assistant.ask("Who is there?").await.unwrap().report);
    }

    let samples: Vec<u64> = slos.reports().iter().map(|report| report.samples).collect();
    assert_eq!(samples, [2, 1]);
}
