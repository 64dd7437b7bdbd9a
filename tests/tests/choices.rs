//! Parameters whose values change while the program runs.

use std::sync::{Arc, Mutex};

use rushlight::{
    AgentExt, Assistant, FunctionTool, Request, ScriptedLlm, ScriptedTurn, ToolCall, ToolContext, ToolOutput,
    ToolRegistry, ToolSpec, ToolStatus, Toolbox,
};
use rushlight_tests::support::tools::note;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize, JsonSchema)]
struct File {
    path: String,
    #[expect(dead_code, reason = "only its schema is looked at")]
    tags: Option<Vec<String>>,
}

type Told = Arc<Mutex<Result<Value, String>>>;

/// A tool whose paths are what is told.
fn reading(told: Value) -> (FunctionTool, Told) {
    let told = Arc::new(Mutex::new(Ok(told)));
    let telling = Arc::clone(&told);
    let tool = FunctionTool::new("read", "Reads a file", async |file: File| Ok::<_, String>(file.path));
    let tool = tool.choices("path", move |_: ToolContext| {
        let told = telling.lock().unwrap().clone();
        async move { told }
    });
    (tool, told)
}

async fn offered(toolbox: &Toolbox) -> Vec<ToolSpec> {
    toolbox.specs_for(&ToolContext::new()).await.unwrap()
}

async fn read(toolbox: &Toolbox, path: &str) -> ToolOutput {
    toolbox.invoke(&ToolCall::new("1", "read", json!({"path": path}))).await.unwrap()
}

#[tokio::test]
async fn the_values_of_now_are_offered_and_held_to() {
    let (tool, told) = reading(json!(["a.txt", "b.txt"]));
    let toolbox = Toolbox::new().add(tool).unwrap();

    assert_eq!(
        offered(&toolbox).await[0].parameters["properties"]["path"]["enum"],
        json!(["a.txt", "b.txt"])
    );
    assert_eq!(toolbox.specs()[0].parameters["properties"]["path"], json!({"type": "string"}));
    assert_eq!(read(&toolbox, "b.txt").await.content, "b.txt");
    let refused = read(&toolbox, "c.txt").await;
    assert_eq!(refused.status, ToolStatus::InvalidArguments);
    assert!(refused.content.contains("at `/path` (`enum`): \"c.txt\" is not one of"), "{}", refused.content);

    *told.lock().unwrap() = Ok(json!(["c.txt"]));
    assert_eq!(offered(&toolbox).await[0].parameters["properties"]["path"]["enum"], json!(["c.txt"]));
    assert_eq!(read(&toolbox, "c.txt").await.content, "c.txt");
    assert_eq!(read(&toolbox, "b.txt").await.status, ToolStatus::InvalidArguments);
}

#[tokio::test]
async fn without_values_there_is_no_tool_and_without_a_list_no_limit() {
    let (tool, told) = reading(json!([]));
    let toolbox = Toolbox::new().add(tool).unwrap();

    assert_eq!(offered(&toolbox).await, []);
    let refused = read(&toolbox, "a.txt").await;
    assert_eq!(
        (refused.status, refused.content.as_str()),
        (ToolStatus::Unavailable, "`read` was not run: there is nothing that it could be called with")
    );

    *told.lock().unwrap() = Ok(Value::Null);
    assert_eq!(offered(&toolbox).await, toolbox.specs());
    assert_eq!(read(&toolbox, "any.txt").await.content, "any.txt");
}

#[tokio::test]
async fn values_that_cannot_be_told_end_a_run_and_stop_a_call() {
    let (tool, told) = reading(json!(["a.txt"]));
    let toolbox = Toolbox::new().add(tool).unwrap();
    let llm = ScriptedLlm::new(vec![ScriptedTurn::text("Hi.")]);
    let assistant = Assistant::builder(llm).tools(toolbox.clone()).build().unwrap();
    *told.lock().unwrap() = Err("the disk is gone".to_owned());

    let error = assistant.ask("Read it").await.unwrap_err();
    let stopped = read(&toolbox, "a.txt").await;

    assert_eq!(error.chain(), "tool `read` failed: choices of `path` failed: the disk is gone");
    assert_eq!(
        (stopped.status, stopped.content.as_str()),
        (ToolStatus::Error, "`read` was not run: choices of `path` failed: the disk is gone")
    );
    *told.lock().unwrap() = Ok(json!(["a.txt"]));
    assert_eq!(assistant.ask("Read it").await.unwrap().text, "Hi.");
}

#[tokio::test]
async fn values_that_make_a_schema_too_large_are_refused() {
    let (tool, told) = reading(json!(["a.txt"]));
    let toolbox = Toolbox::new().add(tool).unwrap();
    *told.lock().unwrap() = Ok((0..10_000).map(|number| format!("{number}.txt")).collect());

    let error = toolbox.specs_for(&ToolContext::new()).await.unwrap_err().chain();
    let stopped = read(&toolbox, "1.txt").await;

    assert!(error.contains("parameters of tool `read`: expected at most 65536 bytes of schema"), "{error}");
    assert_eq!(stopped.status, ToolStatus::Error, "{}", stopped.content);
}

#[test]
fn choices_of_an_unknown_parameter_are_refused() {
    let (tool, _) = reading(json!([]));
    let tool = tool.choices("file", async |_: ToolContext| Ok::<_, String>(["a"]));

    let error = Toolbox::new().add(tool).unwrap_err();

    assert_eq!(
        error.to_string(),
        "invalid choices of tool `read`: expected names of its parameters (path, tags), got `file`"
    );
}

#[tokio::test]
async fn items_of_a_list_have_choices_too() {
    let (tool, _) = reading(Value::Null);
    let tool = tool.choices("tags", async |_: ToolContext| Ok::<_, String>(["new", "old"]));
    let toolbox = Toolbox::new().add(tool).unwrap();
    let status = async |tags: Value| {
        let call = ToolCall::new("1", "read", json!({"path": "a", "tags": tags}));
        toolbox.invoke(&call).await.unwrap().status
    };

    assert_eq!(status(json!(["old", "new"])).await, ToolStatus::Success);
    assert_eq!(status(Value::Null).await, ToolStatus::Success);
    assert_eq!(status(json!(["old", "other"])).await, ToolStatus::InvalidArguments);
}

#[tokio::test]
async fn each_run_has_the_choices_of_its_own() {
    let toolbox = Toolbox::new().add(note()).unwrap();
    let of = async |session: &str| {
        let specs = toolbox.specs_for(&ToolContext::new().session(session)).await.unwrap();
        specs.iter().map(|spec| spec.parameters["properties"]["name"]["enum"].clone()).collect::<Vec<_>>()
    };

    assert_eq!((of("ann").await, of("new").await), (vec![json!(["ann.md"])], vec![]));
}

#[tokio::test]
async fn a_journal_has_the_choices_of_its_runs() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("run.jsonl");
    let (tool, told) = reading(json!(["a.txt"]));
    let turns = || vec![ScriptedTurn::call("read", json!({"path": "a.txt"})), ScriptedTurn::text("Read.")];
    let llm = ScriptedLlm::new([turns(), turns()].concat());
    let toolbox = Toolbox::new().add(tool).unwrap();
    let assistant = Assistant::builder(llm).tools(toolbox).record(&journal).build().unwrap();
    let answers = [assistant.ask("One").await.unwrap(), {
        *told.lock().unwrap() = Err("the disk is gone".to_owned());
        assert!(assistant.ask("Two").await.is_err());
        *told.lock().unwrap() = Ok(json!(["a.txt", "b.txt"]));
        assistant.ask("Three").await.unwrap()
    }];
    drop(assistant);

    let again = Assistant::replay(&journal).unwrap();

    assert_eq!(again.ask("One").await.unwrap().text, answers[0].text);
    let error = again.ask(Request::new("Two")).await.unwrap_err().chain();
    assert!(error.ends_with("choices of `path` failed: the disk is gone"), "{error}");
    assert_eq!(again.ask("Three").await.unwrap().text, answers[1].text);
}
