use std::sync::atomic::Ordering;
use std::time::Duration;

use rushlight::{
    FunctionTool, RateExcess, ResultCache, ToolCall, ToolContext, ToolPolicy, ToolRegistry, ToolStatus,
    Toolbox,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{call, counted};

fn kept(seconds: u64) -> ToolPolicy {
    ToolPolicy::default().cache(ResultCache::new(Duration::from_secs(seconds)))
}

#[derive(Deserialize, JsonSchema)]
struct Pair {
    a: i64,
    b: i64,
}

/// A tool that gives another value each time.
fn next_value(policy: ToolPolicy) -> Toolbox {
    let runs = std::sync::atomic::AtomicI64::new(0);
    let tool = FunctionTool::new("tool", "", move |pair: Pair| {
        let run = runs.fetch_add(1, Ordering::SeqCst) + 1;
        async move { if pair.a < 0 { Err("negative") } else { Ok(run * 100 + pair.a * 10 + pair.b) } }
    });
    Toolbox::new().add(tool.policy(policy)).unwrap()
}

async fn value(toolbox: &Toolbox, arguments: Value) -> String {
    toolbox.invoke(&ToolCall::new("1", "tool", arguments)).await.unwrap().content
}

#[tokio::test(start_paused = true)]
async fn equal_arguments_have_one_value_for_a_time() {
    let toolbox = next_value(kept(60));

    assert_eq!(value(&toolbox, json!({"a": 1, "b": 2})).await, "112");
    assert_eq!(value(&toolbox, json!({"b": 2, "a": 1})).await, "112");
    assert_eq!(value(&toolbox, json!("{\"b\": 2, \"a\": 1}")).await, "112");
    assert_eq!(value(&toolbox, json!({"a": 2, "b": 1})).await, "221");

    tokio::time::advance(Duration::from_mins(1)).await;
    assert_eq!(value(&toolbox, json!({"a": 1, "b": 2})).await, "312");
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_not_kept() {
    let toolbox = next_value(kept(60));

    assert_eq!(value(&toolbox, json!({"a": -1, "b": 0})).await, "`tool` failed: negative");
    assert_eq!(value(&toolbox, json!({"a": -1, "b": 0})).await, "`tool` failed: negative");
    assert_eq!(value(&toolbox, json!({"a": 0, "b": 0})).await, "300");
}

#[tokio::test(start_paused = true)]
async fn what_is_forgotten_is_asked_for_again() {
    let toolbox = next_value(kept(60));
    value(&toolbox, json!({"a": 1, "b": 2})).await;

    toolbox.clone().forget("tool").unwrap();

    assert_eq!(value(&toolbox, json!({"a": 1, "b": 2})).await, "212");
    let error = toolbox.forget("tol").unwrap_err().to_string();
    assert_eq!(error, "unknown tool `tol`, expected one of: tool");
}

#[tokio::test(start_paused = true)]
async fn a_kept_value_costs_no_turn_but_needs_the_scopes() {
    let policy = kept(60).rate("1/min".parse().unwrap()).rate_excess(RateExcess::Refuse).scopes(["read"]);
    let (toolbox, runs) = counted(policy);
    let granted = ToolContext::new().scopes(["read"]);
    call(&toolbox, &granted).await;

    let again = call(&toolbox, &granted).await;
    let denied = call(&toolbox, &ToolContext::new()).await;

    assert_eq!((again.status, denied.status), (ToolStatus::Success, ToolStatus::Denied));
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_huge_value_is_kept_as_the_model_saw_it() {
    let huge = FunctionTool::new("tool", "", async |_: Pair| Ok::<_, String>("x".repeat(1 << 20)));
    let toolbox = Toolbox::new().add(huge.policy(kept(60))).unwrap().max_output_bytes(10);

    let first = value(&toolbox, json!({"a": 1, "b": 2})).await;
    let again = value(&toolbox, json!({"a": 1, "b": 2})).await;

    assert_eq!(first, "xxxxxxxxxx… (cut: the output has 1048576 bytes)");
    assert_eq!(again, first);
}

/// N-047: of a hundred calls of which 42 repeat another, 42 are given again.
#[tokio::test(start_paused = true)]
async fn as_many_calls_are_saved_as_repeat_another() {
    let toolbox = next_value(kept(600));
    let mut values = Vec::new();
    for number in 0..58 {
        values.push(value(&toolbox, json!({"a": number, "b": 0})).await);
    }
    for (number, given) in values.iter().enumerate().take(42) {
        assert_eq!(value(&toolbox, json!({"a": number, "b": 0})).await, *given);
    }

    assert_eq!(value(&toolbox, json!({"a": 0, "b": 1})).await, "5901");
}
