//! A call that several parts of a policy would stop is stopped by the first.

use std::time::Duration;

use rushlight::{
    Approval, CircuitBreaker, FunctionApprover, FunctionTool, NoArguments, RateExcess, ResultCache, ToolCall,
    ToolContext, ToolPolicy, ToolRegistry, ToolStatus, Toolbox,
};
use serde_json::{Value, json};

/// A tool that fails but with the argument `{"works": true}`, and everything that may stop it.
fn toolbox(policy: ToolPolicy, approval: Approval) -> Toolbox {
    let schema = json!({"type": "object", "properties": {"works": {"type": "boolean"}}});
    let spec = rushlight::ToolSpec::new("tool", "", schema);
    let tool =
        FunctionTool::from_spec(
            spec,
            async |arguments: Value| {
                if arguments["works"] == true { Ok("works") } else { Err("down") }
            },
        );
    let policy = policy
        .scopes(["read"])
        .cache(ResultCache::new(Duration::from_mins(1)))
        .approve(true)
        .breaker(CircuitBreaker::default().failures(1))
        .rate("2/min".parse().unwrap())
        .rate_excess(RateExcess::Refuse);
    let approver = FunctionApprover::new(move |_, _| std::future::ready(approval.clone()));
    Toolbox::new().add(tool.policy(policy)).unwrap().approver(approver)
}

async fn status(toolbox: &Toolbox, context: &ToolContext, arguments: Value) -> ToolStatus {
    toolbox.invoke_for(&ToolCall::new("1", "tool", arguments), context).await.unwrap().status
}

#[tokio::test(start_paused = true)]
async fn the_first_that_stops_a_call_gives_its_output() {
    let granted = ToolContext::new().scopes(["read"]);
    let (works, fails, wrong) = (json!({"works": true}), json!({"works": false}), json!({"works": 1}));
    let approving = toolbox(ToolPolicy::default(), Approval::Approved);
    let refusing = toolbox(ToolPolicy::default(), Approval::refused("no"));
    let dry = toolbox(ToolPolicy::default().dry_run(true), Approval::refused("no"));

    // Scopes before arguments, arguments before a dry run, a dry run before approval.
    assert_eq!(status(&dry, &ToolContext::new(), wrong.clone()).await, ToolStatus::Denied);
    assert_eq!(status(&dry, &granted, wrong).await, ToolStatus::InvalidArguments);
    assert_eq!(status(&dry, &granted, works.clone()).await, ToolStatus::DryRun);
    assert_eq!(status(&refusing, &granted, works.clone()).await, ToolStatus::Denied);

    // A failure opens the breaker and empties the rate's bucket: the breaker speaks first.
    assert_eq!(status(&approving, &granted, works.clone()).await, ToolStatus::Success);
    assert_eq!(status(&approving, &granted, fails.clone()).await, ToolStatus::Error);
    assert_eq!(status(&approving, &granted, fails.clone()).await, ToolStatus::Unavailable);
    // What is kept comes before both, and a dry run before it.
    assert_eq!(status(&approving, &granted, works.clone()).await, ToolStatus::Success);
    assert_eq!(status(&approving, &granted.clone().dry_run(), works).await, ToolStatus::DryRun);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_in_line_to_be_told_that_it_comes_too_soon() {
    let slow = FunctionTool::new("tool", "", async |_: NoArguments| {
        tokio::time::sleep(Duration::from_secs(4)).await;
        Ok::<_, String>(())
    });
    let policy = ToolPolicy::default().concurrency(1).rate("1/min".parse().unwrap());
    let toolbox = Toolbox::new().add(slow.policy(policy)).unwrap();
    let (context, begin) = (ToolContext::new(), tokio::time::Instant::now());
    let second = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        (status(&toolbox, &context, json!({})).await, begin.elapsed())
    };

    let (first, second) = tokio::join!(status(&toolbox, &context, json!({})), second);

    assert_eq!((first, second), (ToolStatus::Success, (ToolStatus::RateLimited, Duration::from_secs(1))));
}
