//! What keeps the calls of a tool in check. Clocks are paused: time passes when everything waits for it.

mod approval;
mod breaker;
mod cache;
mod concurrency;
mod order;
mod pending;
mod rate;
mod retry;
mod scopes;
mod version;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rushlight::{
    CircuitBreaker, FunctionTool, NoArguments, ResultCache, ToolCall, ToolContext, ToolOutput, ToolPolicy,
    ToolRegistry, Toolbox,
};
use serde_json::json;

/// A tool named `tool` that takes a second and counts its runs.
fn counted(policy: ToolPolicy) -> (Toolbox, Arc<AtomicUsize>) {
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&runs);
    let tool = FunctionTool::new("tool", "", move |_: NoArguments| {
        let run = counter.fetch_add(1, Ordering::SeqCst) + 1;
        async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok::<_, String>(run)
        }
    });
    (Toolbox::new().add(tool.policy(policy)).unwrap(), runs)
}

async fn call(toolbox: &Toolbox, context: &ToolContext) -> ToolOutput {
    toolbox.invoke_for(&ToolCall::new("1", "tool", json!({})), context).await.unwrap()
}

#[test]
fn a_policy_that_cannot_be_kept_is_refused_with_the_tool() {
    let cases = [
        (
            ToolPolicy::default().concurrency(0),
            "invalid policy of tool `tool`: expected a `concurrency` of at least 1, got 0",
        ),
        (
            ToolPolicy::default().scopes(["read:*"]),
            "invalid policy of tool `tool`: expected `scopes` to be names without `*`, got `read:*`",
        ),
        (
            ToolPolicy::default().scopes([" "]),
            "invalid policy of tool `tool`: expected `scopes` to be names without `*`, got ` `",
        ),
        (
            ToolPolicy::default().cache(ResultCache::new(Duration::from_secs(1)).entries(0)),
            "invalid policy of tool `tool`: expected a `cache` of at least 1 of `entries`, got 0",
        ),
        (
            ToolPolicy::default().breaker(CircuitBreaker::default().failures(0)),
            "invalid policy of tool `tool`: expected a `breaker` of at least 1 of `failures`, got 0",
        ),
    ];
    for (policy, expected) in cases {
        let tool = FunctionTool::new("tool", "", async |_: NoArguments| Ok::<_, String>(())).policy(policy);
        assert_eq!(Toolbox::new().add(tool).unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_policy_is_read_from_json_and_written_back() {
    let read = |json| serde_json::from_value::<ToolPolicy>(json);
    let policy =
        read(json!({"rate": "10/60s", "rate_key": "session", "rate_excess": "refuse", "timeout": 0.25,
        "concurrency": 3, "scopes": ["read:code"], "hidden": false, "retries": 2, "idempotent": true,
        "cache": {"ttl": "10m", "entries": 9}, "breaker": {"open_for": 3}}))
        .unwrap();

    assert_eq!(policy.timeout, Some(Duration::from_millis(250)));
    assert_eq!(policy.cache, Some(ResultCache::new(Duration::from_mins(10)).entries(9)));
    assert_eq!(policy.breaker, Some(CircuitBreaker::default().open_for(Duration::from_secs(3))));
    let short = read(json!({"cache": "10m"})).unwrap();
    assert_eq!(short.cache, Some(ResultCache::new(Duration::from_mins(10))));
    assert_eq!(read(serde_json::to_value(&policy).unwrap()).unwrap(), policy);
    assert_eq!(read(json!({})).unwrap(), ToolPolicy::default());
    for (json, expected) in [
        (json!({"rat": "1/s"}), "unknown field `rat`"),
        (json!({"rate": "fast"}), "expected a number of calls and a time as in `100/min`, got `fast`"),
        (
            json!({"timeout": "soon"}),
            "expected seconds, or a duration as in `5s`, `250ms` or `10m`, got `soon`",
        ),
        (json!({"timeout": -1}), "got `-1`"),
        (json!({"cache": "long"}), "expected seconds, or a duration"),
        (json!({"cache": {"entries": 3}}), "missing field `ttl`"),
        (json!({"breaker": {"open": 3}}), "unknown field `open`"),
        (json!({"rate_key": "user"}), "unknown variant `user`"),
    ] {
        let error = read(json).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
