use std::sync::atomic::Ordering;

use rushlight::{
    AgentExt, Assistant, FunctionTool, MemoryCache, NoArguments, Request, ScriptedLlm, ScriptedTurn,
    ToolCall, ToolContext, ToolPolicy, ToolRegistry, ToolStatus, Toolbox,
};
use rushlight_tests::support::tools::echo;
use serde_json::json;

use super::{call, counted};

fn secret(policy: ToolPolicy) -> Toolbox {
    let secret = FunctionTool::new("secret", "", async |_: NoArguments| Ok::<_, String>("42"));
    Toolbox::new().add(echo()).unwrap().add(secret.policy(policy.scopes(["read:code"]))).unwrap()
}

async fn names(toolbox: &Toolbox, context: &ToolContext) -> Vec<String> {
    toolbox.specs_for(context).await.unwrap().into_iter().map(|spec| spec.name).collect()
}

#[tokio::test(start_paused = true)]
async fn without_its_scopes_a_tool_never_runs() {
    let (toolbox, runs) = counted(ToolPolicy::default().scopes(["read:code", "read:files"]));

    let denied = call(&toolbox, &ToolContext::new().scopes(["read:code", "write:*"])).await;
    let granted = call(&toolbox, &ToolContext::new().scopes(["read:*"])).await;

    assert_eq!(denied.status, ToolStatus::Denied);
    insta::assert_snapshot!(denied.content, @"`tool` was not run: it needs the scope `read:files`, which was not granted; go on without it");
    assert_eq!((granted.status, runs.load(Ordering::SeqCst)), (ToolStatus::Success, 1));
}

#[tokio::test]
async fn a_call_for_nobody_is_granted_nothing() {
    let output =
        secret(ToolPolicy::default()).invoke(&ToolCall::new("1", "secret", json!({}))).await.unwrap();

    assert_eq!(output.status, ToolStatus::Denied);
}

#[tokio::test]
async fn scopes_come_before_arguments() {
    let call = ToolCall::new("1", "secret", json!({"wrong": 1}));

    let output = secret(ToolPolicy::default()).invoke(&call).await.unwrap();

    assert_eq!(output.status, ToolStatus::Denied);
}

#[tokio::test]
async fn a_tool_is_hidden_from_runs_without_its_scopes_unless_it_says_otherwise() {
    let (nobody, somebody) = (ToolContext::new(), ToolContext::new().scopes(["read:code"]));
    let hidden = secret(ToolPolicy::default());
    let shown = secret(ToolPolicy::default().hidden(false));

    assert_eq!(names(&hidden, &nobody).await, ["echo"]);
    assert_eq!(names(&hidden, &somebody).await, ["echo", "secret"]);
    assert_eq!(names(&shown, &nobody).await, ["echo", "secret"]);
    let unknown = hidden.invoke(&ToolCall::new("1", "none", json!({}))).await.unwrap();
    assert_eq!(unknown.content, "no tool is named `none`, expected one of: echo");
}

#[tokio::test]
async fn a_request_grants_scopes_to_the_tools_of_its_run() {
    let turns = || vec![ScriptedTurn::call("secret", json!({})), ScriptedTurn::text("done")];
    let llm = ScriptedLlm::new([turns(), turns()].concat());
    let assistant = Assistant::builder(llm.clone()).tools(secret(ToolPolicy::default())).build().unwrap();

    assistant.ask("Tell me").await.unwrap();
    assistant.ask(Request::new("Tell me").scopes(["read:code"])).await.unwrap();

    let prompts = llm.prompts();
    let offered: Vec<usize> = prompts.iter().map(|prompt| prompt.tools.len()).collect();
    assert_eq!(offered, [1, 1, 2, 2]);
    let outputs = [1, 3].map(|turn| prompts[turn].messages.last().unwrap().content.clone());
    assert!(outputs[0].contains("it needs the scope `read:code`"), "{}", outputs[0]);
    assert_eq!(outputs[1], "42");
}

#[tokio::test]
async fn an_answer_is_kept_for_runs_of_the_same_scopes_alone() {
    let turns = |text: &str| vec![ScriptedTurn::call("secret", json!({})), ScriptedTurn::text(text)];
    let llm = ScriptedLlm::new([turns("It is 42."), turns("I may not know.")].concat());
    let assistant = Assistant::builder(llm)
        .tools(secret(ToolPolicy::default().hidden(false)))
        .cache(MemoryCache::default())
        .cache_tool_answers()
        .build()
        .unwrap();
    let granted = Request::new("Tell me").scopes(["read:code"]);

    let first = assistant.ask(granted.clone()).await.unwrap();
    let other = assistant.ask("Tell me").await.unwrap();
    let again = assistant.ask(granted).await.unwrap();

    assert_eq!((first.text.as_str(), other.text.as_str()), ("It is 42.", "I may not know."));
    assert_eq!((again.text.as_str(), again.cached), ("It is 42.", true));
}
