use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use rushlight::{
    AgentExt, Approval, Approver, Assistant, Error, FunctionApprover, MemoryCache, Request, Result,
    ScriptedLlm, ScriptedTurn, ToolCall, ToolContext, ToolPolicy, ToolStatus, Toolbox,
};
use serde_json::json;

use super::{call, counted};

fn needs_approval() -> (Toolbox, Arc<AtomicUsize>) {
    counted(ToolPolicy::default().approve(true))
}

#[tokio::test(start_paused = true)]
async fn whoever_approves_sees_the_call_and_its_run() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let asked = Arc::clone(&seen);
    let approver = FunctionApprover::new(move |call, context| {
        asked.lock().unwrap().push((call.name, call.arguments, context.session));
        async { Approval::Approved }
    });
    let (toolbox, runs) = needs_approval();

    let output = call(&toolbox.approver(approver), &ToolContext::new().session("s")).await;

    assert_eq!((output.status, runs.load(Ordering::SeqCst)), (ToolStatus::Success, 1));
    assert_eq!(*seen.lock().unwrap(), [("tool".to_owned(), json!({}), Some("s".to_owned()))]);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_does_not_run_and_the_model_reads_why() {
    let (toolbox, runs) = needs_approval();
    let toolbox = toolbox.approver(FunctionApprover::new(async |_, _| Approval::refused("not on a Friday")));

    let output = call(&toolbox, &ToolContext::new()).await;

    assert_eq!((output.status, runs.load(Ordering::SeqCst)), (ToolStatus::Denied, 0));
    assert_eq!(output.content, "`tool` was not run: it was not approved: not on a Friday");
}

#[tokio::test(start_paused = true)]
async fn a_person_may_think_for_longer_than_the_tool_may_run() {
    let (toolbox, _) = needs_approval();
    let toolbox = toolbox.approver(FunctionApprover::new(async |_, _| {
        tokio::time::sleep(Duration::from_hours(1)).await;
        Approval::Approved
    }));

    assert_eq!(call(&toolbox, &ToolContext::new()).await.status, ToolStatus::Success);
}

#[derive(Debug)]
struct Unreachable;

#[async_trait]
impl Approver for Unreachable {
    async fn approve(&self, _: &ToolCall, _: &ToolContext) -> Result<Approval> {
        Err(Error::Stopped { what: "the chat" })
    }
}

#[tokio::test(start_paused = true)]
async fn where_nobody_decides_nothing_runs() {
    let (toolbox, runs) = needs_approval();
    let panics = FunctionApprover::new(async |_, _| panic!("no luck"));

    let outputs = [
        call(&toolbox, &ToolContext::new()).await,
        call(&toolbox.clone().approver(Unreachable), &ToolContext::new()).await,
        call(&toolbox.approver(panics), &ToolContext::new()).await,
    ];

    assert!(outputs.iter().all(|output| output.status == ToolStatus::Denied));
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    let contents = outputs.map(|output| output.content);
    insta::assert_snapshot!(contents.join("\n"), @r"
    `tool` was not run: it needs an approval, and nobody can give one
    `tool` was not run: nobody could be asked for approval: the chat has stopped
    `tool` was not run: nobody could be asked for approval: no luck
    ");
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_says_what_would_run() {
    let (dry, dry_runs) = counted(ToolPolicy::default().dry_run(true).approve(true));
    let (wet, wet_runs) = counted(ToolPolicy::default());

    let outputs = [call(&dry, &ToolContext::new()).await, call(&wet, &ToolContext::new().dry_run()).await];

    for output in outputs {
        assert_eq!(output.status, ToolStatus::DryRun);
        assert_eq!(output.content, "dry run: `tool` was not run; it would have run with {}");
    }
    assert_eq!((dry_runs.load(Ordering::SeqCst), wet_runs.load(Ordering::SeqCst)), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_a_dry_run_is_none_of_a_real_one() {
    let (toolbox, runs) = counted(ToolPolicy::default());
    let turns = |text: &str| vec![ScriptedTurn::call("tool", json!({})), ScriptedTurn::text(text)];
    let llm = ScriptedLlm::new([turns("It would run."), turns("It ran.")].concat());
    let assistant = Assistant::builder(llm)
        .tools(toolbox)
        .cache(MemoryCache::default())
        .cache_tool_answers()
        .build()
        .unwrap();

    let dry = assistant.ask(Request::new("Run it").dry_run()).await.unwrap();
    let real = assistant.ask("Run it").await.unwrap();

    assert_eq!((dry.text.as_str(), real.text.as_str()), ("It would run.", "It ran."));
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}
