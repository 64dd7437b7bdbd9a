use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rushlight::error::RetryAfter;
use rushlight::{Error, FunctionTool, NoArguments, ToolContext, ToolPolicy, ToolStatus, Toolbox};
use tokio::time::Instant;

use super::call;

fn retries(retries: u32) -> ToolPolicy {
    ToolPolicy::default().idempotent(true).retries(retries)
}

/// A tool that fails so often with `error` before it gives a value.
fn failing(
    policy: ToolPolicy,
    failures: usize,
    error: impl Fn() -> rushlight::error::Source + Send + Sync + 'static,
) -> (Toolbox, Arc<AtomicUsize>) {
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&runs);
    let tool = FunctionTool::new("tool", "", move |_: NoArguments| {
        let run = counter.fetch_add(1, Ordering::SeqCst) + 1;
        let outcome = if run > failures { Ok(run) } else { Err(error()) };
        async move { outcome }
    });
    (Toolbox::new().add(tool.policy(policy)).unwrap(), runs)
}

#[tokio::test(start_paused = true)]
async fn an_idempotent_tool_is_tried_again_later_and_later() {
    let (toolbox, runs) = failing(retries(2), 2, || "busy".into());
    let begin = Instant::now();

    let output = call(&toolbox, &ToolContext::new()).await;

    assert_eq!((output.status, output.content.as_str()), (ToolStatus::Success, "3"));
    let waited = begin.elapsed();
    assert!((Duration::from_millis(300)..=Duration::from_millis(610)).contains(&waited), "{waited:?}");
    assert_eq!(runs.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn after_the_last_retry_its_failure_is_the_output() {
    let (toolbox, runs) = failing(retries(2), 9, || "busy".into());

    let output = call(&toolbox, &ToolContext::new()).await;

    assert_eq!((output.status, output.content.as_str()), (ToolStatus::Error, "`tool` failed: busy"));
    assert_eq!(runs.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn a_tool_says_when_it_may_be_tried_again() {
    let (toolbox, _) = failing(retries(1), 1, || RetryAfter::new(Duration::from_secs(3), "busy").into());
    let begin = Instant::now();

    let output = call(&toolbox, &ToolContext::new()).await;

    assert_eq!((output.content.as_str(), begin.elapsed()), ("2", Duration::from_secs(3)));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_retry_after_the_timeout() {
    let (toolbox, runs) = failing(retries(3), 9, || RetryAfter::new(Duration::from_secs(5), "busy").into());
    let begin = Instant::now();

    let output = call(&toolbox, &ToolContext::new()).await;

    assert_eq!((output.content.as_str(), begin.elapsed()), ("`tool` failed: busy", Duration::ZERO));
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn an_error_that_will_not_pass_is_not_tried_again() {
    let (toolbox, runs) = failing(retries(3), 9, || Error::invalid("path", "expected a file").into());

    call(&toolbox, &ToolContext::new()).await;

    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_tool_waits_for_its_retry_without_a_place() {
    let policy = retries(1).concurrency(1);
    let (toolbox, _) = failing(policy, 1, || RetryAfter::new(Duration::from_secs(3), "busy").into());
    let begin = Instant::now();
    let context = ToolContext::new();

    let (first, second) = tokio::join!(call(&toolbox, &context), async {
        let output = call(&toolbox, &context).await;
        (output.content, begin.elapsed())
    });

    assert_eq!((first.content.as_str(), second), ("3", ("2".to_owned(), Duration::ZERO)));
}

#[test]
fn a_tool_that_may_not_run_twice_has_no_retries() {
    let tool = || FunctionTool::new("tool", "", async |_: NoArguments| Ok::<_, String>(()));

    let error = Toolbox::new().add(tool().policy(ToolPolicy::default().retries(2))).unwrap_err();

    assert_eq!(
        error.to_string(),
        "invalid policy of tool `tool`: expected `idempotent` with 2 `retries`: a tool that may not run twice is \
         never run again"
    );
    let kept: ToolPolicy = serde_json::from_str(r#"{"retries": 2, "cache": "10m"}"#).unwrap();
    assert!(Toolbox::new().add(tool().policy(kept)).is_ok());
}
