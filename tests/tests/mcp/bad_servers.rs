//! Servers that do what they should not: each has its outcome, and nothing hangs.

use std::time::{Duration, Instant};

use rushlight::{Error, Result, ToolOutput, ToolStatus};
use rushlight_mcp::{McpTools, McpToolsOptions, StdioEndpoint};
use serde_json::json;

use super::{call, names, within};

async fn connect(how: &str, options: McpToolsOptions) -> Result<McpTools> {
    McpTools::connect(StdioEndpoint::new(env!("CARGO_BIN_EXE_mcp-misbehaving")).arg(how), options).await
}

/// What its tool gives.
async fn output(how: &str) -> ToolOutput {
    let tools = connect(how, McpToolsOptions::default()).await.unwrap();
    call(&tools, "good", json!({})).await
}

#[tokio::test]
async fn one_that_never_answers_is_a_timeout() {
    let options = McpToolsOptions::default().connect_timeout(Duration::from_millis(200));

    let error = connect("silent", options).await.unwrap_err();

    assert!(matches!(error, Error::Timeout { .. }), "{error}");
}

#[tokio::test]
async fn a_call_that_is_never_answered_is_a_timeout() {
    let tools = connect("never", within(Duration::from_millis(200))).await.unwrap();

    assert_eq!(call(&tools, "good", json!({})).await.status, ToolStatus::Timeout);
}

#[tokio::test]
async fn one_that_dies_in_the_middle_is_unavailable_from_then_on() {
    let tools = connect("dies", McpToolsOptions::default()).await.unwrap();

    for _ in 0..2 {
        let output = call(&tools, "good", json!({})).await;
        assert_eq!(output.status, ToolStatus::Unavailable, "{}", output.content);
        assert!(output.content.contains("it has ended the connection"), "{}", output.content);
    }
    assert!(tools.refresh().await.is_err());
}

#[tokio::test]
async fn a_tool_that_cannot_be_used_is_refused_by_name_and_the_others_stay() {
    let tools = connect("schemas", McpToolsOptions::default()).await.unwrap();

    assert_eq!(names(&tools), ["good", "files_read"]);
    let refused = tools.refused();
    let refused: Vec<_> = refused.iter().map(|tool| format!("{}: {}", tool.name, tool.reason)).collect();
    insta::assert_snapshot!(refused.join("\n"), @r#"
    text: invalid parameters of tool `text`: expected a JSON Schema with `"type": "object"`
    no-schema: expected the description of a tool: missing field `inputSchema`
    unknown-type: invalid parameters of tool `unknown-type`: expected a JSON Schema with `"type": "object"`
    deep: invalid parameters of tool `deep`: expected at most 32 levels, got more
    promise: expected an output schema of JSON Schema 2020-12: "nonsense" is not valid under any of the schemas listed in the 'anyOf' keyword
    wordy: expected at most 16384 bytes of description, got 20000
    a name with spaces: invalid tool name: expected 1 to 64 of `[a-zA-Z0-9_-]`, got `a name with spaces`
    good: invalid tool name: expected names to be unique, got `good` twice
    : expected the description of a tool: invalid type: integer `7`, expected an object
    "#);
    assert!(call(&tools, "files_read", json!({})).await.is_success());
}

#[tokio::test]
async fn a_list_is_read_to_its_end_and_an_endless_one_is_refused() {
    let pages = connect("pages", McpToolsOptions::default()).await.unwrap();
    let endless = connect("endless", McpToolsOptions::default()).await.unwrap_err();
    let nonsense = connect("nonsense", McpToolsOptions::default()).await.unwrap_err();

    assert_eq!(names(&pages), ["first", "second"]);
    assert!(endless.chain().ends_with("expected at most 1024 tools, got more"), "{}", endless.chain());
    assert!(nonsense.chain().contains("expected a list of tools"), "{}", nonsense.chain());
}

#[tokio::test]
async fn an_answer_of_100_megabytes_is_an_error_of_that_call_alone() {
    let tools = connect("huge", McpToolsOptions::default()).await.unwrap();
    let start = Instant::now();

    let output = call(&tools, "good", json!({})).await;

    assert_eq!(output.status, ToolStatus::Error);
    assert!(output.content.ends_with("its answer has more than 16777216 bytes"), "{}", output.content);
    assert!(start.elapsed() < Duration::from_secs(25));
    assert!(tools.refresh().await.is_ok());
}

#[tokio::test]
async fn an_answer_of_a_megabyte_is_cut() {
    let output = output("large").await;

    assert!(output.is_success());
    assert!(output.content.ends_with("… (cut: the output has 1048576 bytes)"));
    assert!(output.content.len() < 20_000);
}

#[tokio::test]
async fn content_that_is_not_what_was_promised_is_an_error() {
    let promise = output("promise").await;
    let content = output("content").await;

    assert_eq!(promise.status, ToolStatus::Error);
    assert!(promise.content.contains("is not what it promised: at `/a`"), "{}", promise.content);
    assert_eq!(content.status, ToolStatus::Error);
    assert!(content.content.contains("its answer is no result of a tool"), "{}", content.content);
}

#[tokio::test]
async fn bytes_that_are_no_text_and_lines_that_are_no_message_do_no_harm() {
    assert_eq!(output("bytes").await.content, "caf\u{FFFD}");
    assert_eq!(output("chatty").await.content, "fine");
}

#[tokio::test]
async fn tools_that_change_are_listed_again() {
    let tools = connect("changes", McpToolsOptions::default()).await.unwrap();
    assert_eq!(names(&tools), ["good"]);

    call(&tools, "good", json!({})).await;

    let listed = async {
        while names(&tools) != ["good", "new"] {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), listed).await.unwrap();
}
