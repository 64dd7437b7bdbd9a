//! Runs that wait until somebody has decided.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::TryStreamExt;
use rushlight::{
    Agent, AgentExt, AgentTool, Answer, Approval, Assistant, Error, Event, FinishReason, FunctionApprover,
    FunctionTool, MemoryCache, MemorySessions, NoArguments, PendingRun, Request, Role, Route, Router,
    ScriptedLlm, ScriptedTurn, SessionStore, ToolCall, ToolPolicy, ToolStatus, Toolbox,
};
use serde_json::json;

use super::{call, counted};
use rushlight::ToolContext;

/// Asks `tool`, which waits, and `clock`, which does not; then answers.
fn script() -> ScriptedLlm {
    let calling = ScriptedTurn::text("Let me see.").and_call("tool", json!({})).and_call("clock", json!({}));
    ScriptedLlm::new(vec![calling, ScriptedTurn::text("Done.")])
}

fn later(toolbox: Toolbox) -> Toolbox {
    let clock = FunctionTool::new("clock", "", async |_: NoArguments| Ok::<_, String>("noon"));
    toolbox.approver(FunctionApprover::new(async |_, _| Approval::Pending)).add(clock).unwrap()
}

fn waiting() -> (Toolbox, Arc<AtomicUsize>) {
    let (toolbox, runs) = counted(ToolPolicy::default().approve(true));
    (later(toolbox), runs)
}

fn assistant(llm: ScriptedLlm) -> (Assistant, Arc<AtomicUsize>) {
    let (toolbox, runs) = waiting();
    (Assistant::builder(llm).tools(toolbox).build().unwrap(), runs)
}

fn pending(answer: Answer) -> PendingRun {
    *answer.pending.expect("a call waits")
}

#[tokio::test(start_paused = true)]
async fn a_run_goes_on_in_another_process_when_its_call_is_approved() {
    let (first, runs_before) = assistant(script());
    let answer = first.ask("Do it").await.unwrap();
    assert_eq!((answer.text.as_str(), answer.finish_reason), ("Let me see.", FinishReason::ToolCalls));
    let kept = serde_json::to_string(&pending(answer)).unwrap();

    let llm = ScriptedLlm::new(vec![ScriptedTurn::text("Done.")]);
    let (second, runs) = assistant(llm.clone());
    let back: PendingRun = serde_json::from_str(&kept).unwrap();
    assert_eq!(back.calls, [ToolCall::new("call_1", "tool", json!({}))]);
    let request = back.decide([("call_1", Approval::Approved)]).unwrap();
    let events: Vec<Event> = second.run(request).await.unwrap().try_collect().await.unwrap();

    let [Event::ToolOutput(output), Event::Text { text }, Event::Done(answer)] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(
        (output.call_id.as_str(), output.status, text.as_str()),
        ("call_1", ToolStatus::Success, "Done.")
    );
    assert!(answer.pending.is_none());
    assert_eq!((runs_before.load(Ordering::SeqCst), runs.load(Ordering::SeqCst)), (0, 1));
    let prompts = llm.prompts();
    let said: Vec<(Role, &str)> =
        prompts[0].messages.iter().skip(1).map(|message| (message.role, message.content.as_str())).collect();
    assert_eq!(said[1..], [(Role::Assistant, "Let me see."), (Role::Tool, "1"), (Role::Tool, "noon")]);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_later_does_not_run_and_the_model_reads_why() {
    let (assistant, runs) = assistant(script());
    let waits = pending(assistant.ask("Do it").await.unwrap());

    let request = waits.decide([("call_1", Approval::refused("not today"))]).unwrap();
    let events: Vec<Event> = assistant.run(request).await.unwrap().try_collect().await.unwrap();

    let Event::ToolOutput(output) = &events[0] else { panic!("{events:?}") };
    assert_eq!((output.status, runs.load(Ordering::SeqCst)), (ToolStatus::Denied, 0));
    assert_eq!(output.content, "`tool` was not run: it was not approved: not today");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_decided_waits_on_and_other_calls_are_not_run_again() {
    let (assistant, _) = assistant(script());
    let waits = pending(assistant.ask("Do it").await.unwrap());

    let nobody: [(String, Approval); 0] = [];
    let again = assistant.ask(waits.clone().decide(nobody).unwrap()).await.unwrap();

    assert_eq!(pending(again), waits);
    let unknown = waits.decide([("call_2", Approval::Approved)]).unwrap_err();
    assert_eq!(unknown.to_string(), "unknown waiting call `call_2`, expected one of: call_1");
}

#[tokio::test(start_paused = true)]
async fn a_session_and_the_cache_know_nothing_of_a_run_that_waits() {
    let sessions = MemorySessions::default();
    let (toolbox, _) = waiting();
    let assistant = Assistant::builder(script())
        .tools(toolbox)
        .sessions(sessions.clone())
        .cache(MemoryCache::default())
        .cache_tool_answers()
        .build()
        .unwrap();

    let waits = pending(assistant.ask(Request::new("Do it").session("ann")).await.unwrap());
    assert!(sessions.load("ann").await.unwrap().is_empty());
    assistant.ask(waits.decide([("call_1", Approval::Approved)]).unwrap()).await.unwrap();

    let roles: Vec<Role> = sessions.load("ann").await.unwrap().iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::User, Role::Assistant, Role::Tool, Role::Tool, Role::Assistant]);
}

#[tokio::test(start_paused = true)]
async fn limits_count_what_was_before() {
    let calling = |name: &str| ScriptedTurn::call(name, json!({}));
    let llm = ScriptedLlm::new(vec![calling("clock"), calling("tool"), ScriptedTurn::text("Enough.")]);
    let (toolbox, _) = waiting();
    let limits = rushlight::Limits::default().max_turns(3);
    let assistant = Assistant::builder(llm.clone()).tools(toolbox).limits(limits).build().unwrap();

    let waits = pending(assistant.ask("Do it").await.unwrap());
    let id = waits.calls[0].id.clone();
    let answer = assistant.ask(waits.decide([(id, Approval::Approved)]).unwrap()).await.unwrap();

    assert_eq!(answer.text, "Enough.");
    assert!(llm.prompts()[2].tools.is_empty(), "the third turn is the last");
}

#[tokio::test(start_paused = true)]
async fn a_router_brings_a_run_back_to_its_agent() {
    let (deployer, runs) = assistant(script());
    let other = Assistant::builder(ScriptedLlm::new(vec![ScriptedTurn::text("Hello.")])).build().unwrap();
    let deploys = Route::new("deployer", "Deploys", deployer).words(["deploy"]);
    let router =
        Router::builder(Route::new("other", "Everything else", other)).route(deploys).build().unwrap();

    let mut waits = pending(router.ask("deploy").await.unwrap());
    let json = serde_json::to_string(&waits).unwrap().replace("\"deploy\"", "\"go on\"");
    waits = serde_json::from_str(&json).unwrap();
    let answer = router.ask(waits.decide([("call_1", Approval::Approved)]).unwrap()).await.unwrap();

    assert_eq!((answer.text.as_str(), answer.answered_by.as_deref()), ("Done.", Some("deployer")));
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_another_agent_makes_cannot_wait() {
    let (inner, runs) = assistant(script());
    let outer = ScriptedLlm::new(vec![
        ScriptedTurn::call("inner", json!({"question": "Do it"})),
        ScriptedTurn::text("It said so."),
    ]);
    let tools = Toolbox::new().add(AgentTool::new("inner", "", inner)).unwrap();

    let answer = Assistant::builder(outer).tools(tools).build().unwrap().ask("Do it").await.unwrap();
    let (toolbox, alone) = waiting();
    let output = call(&toolbox, &ToolContext::new()).await;

    assert!(answer.pending.is_none());
    assert_eq!(output.status, ToolStatus::Denied);
    assert_eq!(output.content, "`tool` was not run: nobody has approved it, and it cannot wait");
    assert_eq!((runs.load(Ordering::SeqCst), alone.load(Ordering::SeqCst)), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_agent_without_tools_cannot_go_on() {
    let (first, _) = assistant(script());
    let request =
        pending(first.ask("Do it").await.unwrap()).decide([("call_1", Approval::Approved)]).unwrap();
    let without = Assistant::builder(ScriptedLlm::new(Vec::new())).build().unwrap();

    let error = without.ask(request).await.unwrap_err();

    assert!(matches!(&error, Error::Invalid { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_value_that_waits_for_an_approval_is_an_error_that_says_so() {
    let (assistant, _) = assistant(script());

    let error = assistant.extract_json("Do it", json!({"type": "object"})).await.unwrap_err();

    assert_eq!(
        error.chain(),
        "the agent failed: its answer does not fit the schema: the run waits for the approval of `tool`"
    );
}
