//! How tool calls end, counted. Clocks are paused: a tool takes as long as it says.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use proptest::prelude::*;
use rushlight::{
    Agent, AgentExt, AgentTool, Approval, Assistant, AssistantBuilder, Event, FunctionApprover, FunctionTool,
    Limits, Request, ResultCache, ScriptedLlm, ScriptedTurn, ToolMetrics, ToolMetricsReport, ToolPolicy,
    ToolStatus, Toolbox,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize, JsonSchema)]
struct Work {
    /// Which call it is
    number: u32,
    how: How,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum How {
    Succeed,
    Fail,
    Hang,
}

/// Succeeds after half a second, fails after one, or is stopped after two.
fn work(name: &str, policy: ToolPolicy) -> FunctionTool {
    let tool = FunctionTool::new(name, "", async |work: Work| match work.how {
        How::Succeed => {
            tokio::time::sleep(Duration::from_millis(500)).await;
            Ok(work.number)
        }
        How::Fail => {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Err("broken")
        }
        How::Hang => std::future::pending().await,
    });
    tool.policy(policy.timeout(Duration::from_secs(2)))
}

fn plain(name: &str) -> FunctionTool {
    work(name, ToolPolicy::default())
}

/// One turn with these calls of tools, then an answer.
fn run_of(calls: Vec<(&str, Value)>) -> [ScriptedTurn; 2] {
    let turn = calls
        .into_iter()
        .fold(ScriptedTurn::default(), |turn, (name, arguments)| turn.and_call(name, arguments));
    [turn, ScriptedTurn::text("So.")]
}

fn builder(runs: &[[ScriptedTurn; 2]], tools: Vec<FunctionTool>, metrics: &ToolMetrics) -> AssistantBuilder {
    let tools = tools.into_iter().try_fold(Toolbox::new(), Toolbox::add).unwrap();
    Assistant::builder(ScriptedLlm::new(runs.concat()))
        .tools(tools)
        .tool_metrics(metrics.clone())
        .limits(Limits::default().max_tool_calls(10_000))
}

/// What is counted of these runs.
async fn counted(runs: &[[ScriptedTurn; 2]], tools: Vec<FunctionTool>) -> ToolMetricsReport {
    let metrics = ToolMetrics::new();
    let assistant = builder(runs, tools, &metrics).build().unwrap();
    for _ in runs {
        assistant.ask("Well?").await.unwrap();
    }
    metrics.report()
}

/// So many calls that end so, ten in a run.
fn runs(tool: &str, endings: &[(u32, &str)]) -> Vec<[ScriptedTurn; 2]> {
    let each = endings.iter().flat_map(|(count, how)| std::iter::repeat_n(*how, *count as usize));
    let calls: Vec<(&str, Value)> =
        each.enumerate().map(|(number, how)| (tool, json!({"number": number, "how": how}))).collect();
    calls.chunks(10).map(|calls| run_of(calls.to_vec())).collect()
}

/// N-046, N-049: what fails 3 times in a hundred succeeds 97 times in a hundred.
#[tokio::test(start_paused = true)]
async fn the_share_of_successes_is_that_of_the_failures_that_were_injected() {
    for (good, bad, rate) in [(97, 3, 0.97), (99, 1, 0.99)] {
        let report = counted(&runs("work", &[(good, "succeed"), (bad, "fail")]), vec![plain("work")]).await;

        let work = &report.tools["work"];
        assert_eq!((work.calls, work.successes, work.errors), (100, u64::from(good), u64::from(bad)));
        assert_eq!(work.success_rate, Some(rate));
        assert_eq!(
            (work.timeout_rate, work.refusal_rate, work.cache_hit_rate),
            (Some(0.0), Some(0.0), Some(0.0))
        );
    }
}

/// N-053, N-054, N-096: shares of timeouts and errors, which add up. I-11: what is stopped counts with the time that it took.
#[tokio::test(start_paused = true)]
async fn timeouts_and_errors_have_their_shares_and_times() {
    let endings = [(950, "succeed"), (38, "fail"), (12, "hang")];

    let report = counted(&runs("work", &endings), vec![plain("work")]).await;

    let work = &report.tools["work"];
    assert_eq!((work.calls, work.successes, work.errors, work.timeouts), (1_000, 950, 38, 12));
    assert_eq!(
        (work.success_rate, work.error_rate, work.timeout_rate),
        (Some(0.95), Some(0.038), Some(0.012))
    );
    let latency = work.latency;
    let near = |found: Option<f64>, exact: f64| (found.unwrap() - exact).abs() <= exact / 100.0;
    assert!(near(latency.p50, 0.5) && near(latency.p95, 0.5) && near(latency.p99, 2.0), "{latency:?}");
    assert!(near(latency.mean, 0.475 + 0.038 + 0.024), "{latency:?}");
    assert_eq!(latency.samples, 1_000);
}

/// N-047, N-050: as many calls are hits as repeat another; they say nothing of how long the tool takes.
#[tokio::test(start_paused = true)]
async fn the_share_of_cache_hits_is_that_of_the_repeats() {
    for (repeats, rate) in [(42, 0.42), (65, 0.65)] {
        let cached = ToolPolicy::default().cache(ResultCache::new(Duration::from_hours(1)));
        let call = |number: u32| run_of(vec![("work", json!({"number": number, "how": "succeed"}))]);
        let fresh = 100 - repeats;
        let runs: Vec<_> = (0..fresh).chain((0..repeats).map(|number| number % fresh)).map(call).collect();

        let report = counted(&runs, vec![work("work", cached)]).await;

        let work = &report.tools["work"];
        assert_eq!((work.calls, work.successes, work.cache_hits), (100, 100, u64::from(repeats)));
        assert_eq!((work.cache_hit_rate, report.total.cache_hit_rate), (Some(rate), Some(rate)));
        assert_eq!(work.latency.samples, u64::from(fresh));
    }
}

/// N-051: 23 calls in ten runs.
#[tokio::test(start_paused = true)]
async fn the_calls_of_each_run_are_counted() {
    let runs: Vec<_> = [2, 1, 4, 2, 2, 3, 2, 3, 2, 2]
        .map(|calls| {
            let call = |number: u32| ("work", json!({"number": number, "how": "succeed"}));
            run_of((0..calls).map(call).collect())
        })
        .into();

    let report = counted(&runs, vec![plain("work")]).await;

    let calls = report.calls_per_run;
    assert_eq!((calls.samples, calls.mean), (10, Some(2.3)));
    assert_eq!((calls.p50, calls.p95, calls.p99), (Some(2.0), Some(4.0), Some(4.0)));
}

/// N-052, I-10: tools that succeed in 97 and 99 of a hundred calls cannot make 95 together.
#[tokio::test(start_paused = true)]
async fn all_calls_together_are_the_tools_weighted_by_their_calls() {
    let mut all = runs("search", &[(97, "succeed"), (3, "fail")]);
    all.extend(runs("read", &[(297, "succeed"), (3, "fail")]));

    let report = counted(&all, vec![plain("search"), plain("read")]).await;

    assert_eq!(
        (report.tools["search"].success_rate, report.tools["read"].success_rate),
        (Some(0.97), Some(0.99))
    );
    assert_eq!((report.total.successes, report.total.calls), (394, 400));
    assert_eq!(report.total.success_rate, Some(0.985));
    assert_eq!(report.total.latency.samples, 400);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_call_counts_once_whatever_becomes_of_it(
        endings in prop::collection::vec((0_usize..2, 0_usize..4), 1..40),
    ) {
        let hows = ["succeed", "fail", "hang", "unheard of"];
        let calls: Vec<_> = endings.iter().enumerate().map(|(number, (tool, how))| {
            (["a", "b"][*tool], json!({"number": number, "how": hows[*how]}))
        }).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();

        let report = runtime.block_on(counted(&[run_of(calls)], vec![plain("a"), plain("b")]));

        let expected = |how: usize| endings.iter().filter(|ending| ending.1 == how).count() as u64;
        let total = &report.total;
        let counts = [total.successes, total.errors, total.timeouts, total.refusals];
        prop_assert_eq!(counts, [0, 1, 2, 3].map(expected));
        prop_assert_eq!(total.calls, endings.len() as u64);
        prop_assert_eq!(report.tools.values().map(|tool| tool.calls).sum::<u64>(), total.calls);
        prop_assert_eq!(report.tools.values().map(|tool| tool.successes).sum::<u64>(), total.successes);
        let rates = || report.tools.values().map(|tool| tool.success_rate.unwrap());
        let rate = total.success_rate.unwrap();
        prop_assert!(rates().any(|other| other <= rate) && rates().any(|other| other >= rate));
        prop_assert_eq!(total.latency.samples, total.calls - total.refusals);
    }
}

#[tokio::test(start_paused = true)]
async fn calls_that_no_tool_answers_are_refusals() {
    let hidden = plain("hidden").policy(ToolPolicy::default().scopes(["read"]));
    let fine = json!({"number": 1, "how": "succeed"});
    let calls = vec![("hidden", fine.clone()), ("work", json!({})), ("invented", fine)];

    let report = counted(&[run_of(calls)], vec![plain("work"), hidden]).await;

    let refusals: Vec<(&str, u64)> =
        report.tools.iter().map(|(name, tool)| (name.as_str(), tool.refusals)).collect();
    assert_eq!(refusals, [("*", 1), ("hidden", 1), ("work", 1)]);
    assert_eq!((report.total.refusal_rate, report.total.latency.samples), (Some(1.0), 0));
}

#[tokio::test(start_paused = true)]
async fn what_was_not_meant_to_run_is_not_counted() {
    let metrics = ToolMetrics::new();
    let fine = json!({"number": 1, "how": "succeed"});
    let turns = [run_of(vec![("work", fine.clone())]), run_of(vec![("deploy", fine)])].concat();
    let tools = Toolbox::new()
        .add(plain("work"))
        .and_then(|tools| tools.add(work("deploy", ToolPolicy::default().approve(true))))
        .unwrap()
        .approver(FunctionApprover::new(async |_, _| Approval::Pending));
    let assistant = Assistant::builder(ScriptedLlm::new(turns))
        .tools(tools)
        .tool_metrics(metrics.clone())
        .build()
        .unwrap();

    assistant.ask(Request::new("Would you?").dry_run()).await.unwrap();
    let pending = assistant.ask("Deploy!").await.unwrap().pending.unwrap();

    let report = metrics.report();
    assert_eq!((report.total.calls, report.total.success_rate), (0, None));
    assert_eq!((report.calls_per_run.samples, report.calls_per_run.mean), (2, Some(0.0)));

    assistant.ask(pending.decide([("call_1", Approval::Approved)]).unwrap()).await.unwrap();
    let report = metrics.report();
    assert_eq!((report.tools["deploy"].successes, report.calls_per_run.samples), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn a_run_counts_however_it_ends() {
    let metrics = ToolMetrics::new();
    let call = |number: u32| run_of(vec![("work", json!({"number": number, "how": "succeed"}))]);
    let assistant = builder(&[call(1), call(2)], vec![plain("work")], &metrics).build().unwrap();

    let mut events = assistant.run(Request::new("Begin!")).await.unwrap();
    while !matches!(events.next().await.unwrap().unwrap(), Event::ToolOutput(_)) {}
    assert_eq!((metrics.report().total.calls, metrics.report().calls_per_run.samples), (1, 0));
    drop(events);
    assert_eq!(metrics.report().calls_per_run.samples, 1);

    let never = assistant.run(Request::new("Never polled")).await.unwrap();
    drop(never);
    assert_eq!(metrics.report().calls_per_run.samples, 1);

    // Goes on with the answer of the first run, then with the second's call; after that the script is over.
    assistant.ask("Again").await.unwrap();
    assistant.ask("And again").await.unwrap();
    assistant.ask("Fails").await.unwrap_err();
    let report = metrics.report();
    assert_eq!((report.calls_per_run.samples, report.total.calls), (4, 2));

    metrics.reset();
    let report = metrics.report();
    assert_eq!((report.total.calls, report.calls_per_run.samples, report.tools.len()), (0, 0, 0));
}

/// A call that is stopped for the sake of the last answer took until then.
#[tokio::test(start_paused = true)]
async fn what_the_end_of_a_run_stops_is_a_timeout_with_its_time() {
    let metrics = ToolMetrics::new();
    let slow = FunctionTool::new("slow", "", async |_: Work| {
        std::future::pending::<()>().await;
        Ok::<_, String>(())
    });
    let assistant = builder(
        &[run_of(vec![("slow", json!({"number": 1, "how": "hang"}))])],
        vec![slow.timeout(Duration::from_hours(1))],
        &metrics,
    )
    .limits(Limits::default().deadline(Duration::from_secs(100)))
    .build()
    .unwrap();

    let mut outputs = Vec::new();
    let mut events = assistant.run(Request::new("Wait!")).await.unwrap();
    while let Some(event) = events.next().await {
        if let Event::ToolOutput(output) = event.unwrap() {
            outputs.push(output.status);
        }
    }

    assert_eq!(outputs, [ToolStatus::Timeout]);
    let slow = &metrics.report().tools["slow"];
    assert_eq!((slow.timeouts, slow.latency.samples), (1, 1));
    assert!((79.0..81.0).contains(&slow.latency.p99.unwrap()), "{:?}", slow.latency);
}

#[tokio::test(start_paused = true)]
async fn assistants_that_share_metrics_count_together() {
    let metrics = ToolMetrics::new();
    let inner = builder(
        &[run_of(vec![("work", json!({"number": 1, "how": "fail"}))])],
        vec![plain("work")],
        &metrics,
    );
    let tools = Toolbox::new().add(AgentTool::new("expert", "", inner.build().unwrap())).unwrap();
    let asks = [ScriptedTurn::call("expert", json!({"question": "Why?"})), ScriptedTurn::text("So.")];
    let outer = Assistant::builder(ScriptedLlm::new(asks.into())).tools(tools).tool_metrics(metrics.clone());

    outer.build().unwrap().ask("Why?").await.unwrap();

    let report = metrics.report();
    assert_eq!((report.tools["expert"].successes, report.tools["work"].errors), (1, 1));
    assert_eq!((report.calls_per_run.samples, report.calls_per_run.mean), (2, Some(1.0)));
}

#[tokio::test(start_paused = true)]
async fn a_report_is_data() {
    let report = counted(&runs("work", &[(1, "succeed")]), vec![plain("work")]).await;

    let json = serde_json::to_value(&report).unwrap();

    assert_eq!(json["tools"]["work"]["success_rate"], json!(1.0));
    assert_eq!(json["calls_per_run"], json!({"samples": 1, "mean": 1.0, "p50": 1.0, "p95": 1.0, "p99": 1.0}));
    assert_eq!(serde_json::from_value::<ToolMetricsReport>(json).unwrap(), report);
}

/// What was kept comes as such, also from a journal.
#[tokio::test(start_paused = true)]
async fn an_output_says_whether_it_comes_from_a_cache() {
    let cached = ToolPolicy::default().cache(ResultCache::new(Duration::from_hours(1)));
    let call = || run_of(vec![("work", json!({"number": 1, "how": "succeed"}))]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let metrics = ToolMetrics::new();
    let recorded =
        builder(&[call(), call()], vec![work("work", cached)], &metrics).record(&path).build().unwrap();

    let seen = [cached_of(&recorded).await, cached_of(&recorded).await];
    let replayed = Assistant::replay(&path).unwrap();
    let seen_again = [cached_of(&replayed).await, cached_of(&replayed).await];

    assert_eq!((seen, seen_again), ([[false], [true]].map(Vec::from), [[false], [true]].map(Vec::from)));
}

/// Of each output of a run, whether it came from a cache.
async fn cached_of(assistant: &Assistant) -> Vec<bool> {
    let events: Vec<Event> = assistant.run(Request::new("Well?")).await.unwrap().try_collect().await.unwrap();
    let cached = |event| if let Event::ToolOutput(output) = event { Some(output.cached) } else { None };
    events.into_iter().filter_map(cached).collect()
}
