use std::time::{Duration, Instant};

use futures::StreamExt;
use rushlight::{Agent, Assistant, Error, Request, ScriptedLlm, ScriptedTurn, Toolbox};
use rushlight::{Event, FunctionTool, NoArguments, ToolStatus};
use rushlight_mcp::{McpServer, McpTools, McpToolsOptions, StdioEndpoint};
use serde_json::json;
use tokio::io::AsyncWriteExt;

use super::{call, names, never_ending, ours, within};

rushlight_tests::tool_registry_suite!(connected().await);

async fn connected() -> McpTools {
    let options = within(Duration::from_secs(3)).allow(["add", "echo", "boom", "slow", "panics"]);
    McpTools::connect(ours(), options).await.unwrap()
}

#[tokio::test]
async fn tools_documents_and_an_agent_are_on_offer_in_their_order() {
    let tools = McpTools::connect(ours(), McpToolsOptions::default()).await.unwrap();

    assert_eq!(names(&tools), ["add", "echo", "boom", "slow", "panics", "search_knowledge", "ask"]);
    assert_eq!(tools.protocol_version(), "2026-07-28");
    let found = call(&tools, "search_knowledge", json!({"query": "bees", "limit": 1})).await.content;
    assert_eq!(found, r#"{"passages":[{"source":"bees.md","text":"Bees dance."}]}"#);
    assert_eq!(call(&tools, "ask", json!({"question": "3 * 3?"})).await.content, "Nine.");
}

#[tokio::test]
async fn an_assistant_uses_the_tools_of_a_server() {
    let add = ScriptedTurn::call("sum_add", json!({"a": 1, "b": 2}));
    let llm = ScriptedLlm::new(vec![add, ScriptedTurn::text("Three.")]);
    let tools = McpTools::connect(ours(), McpToolsOptions::default().prefix("sum_")).await.unwrap();
    let assistant = Assistant::builder(llm).tools(tools).build().unwrap();

    let events: Vec<_> = assistant.run(Request::new("1 + 2?")).await.unwrap().collect().await;

    let output = events.iter().find_map(|event| match event {
        Ok(Event::ToolOutput(output)) => Some(output.content.as_str()),
        _ => None,
    });
    assert_eq!(output, Some("3"));
}

#[tokio::test]
async fn tools_of_a_server_stand_beside_those_of_ones_own() {
    let tools = McpTools::connect(ours(), McpToolsOptions::default().allow(["add"])).await.unwrap();
    let own = FunctionTool::new("own", "", async |_: NoArguments| Ok::<_, String>(()));
    let toolbox = Toolbox::new().add(own).unwrap();

    let toolbox = tools.tools().into_iter().try_fold(toolbox, Toolbox::add).unwrap();

    assert_eq!(toolbox.len(), 2);
}

#[tokio::test]
async fn an_allowed_tool_that_is_not_there_is_an_error() {
    let error = McpTools::connect(ours(), McpToolsOptions::default().allow(["ad"])).await.unwrap_err();

    assert!(matches!(&error, Error::Unknown { name, .. } if name == "ad"), "{error}");
}

#[tokio::test]
async fn a_program_that_is_not_there_or_no_server_is_an_error() {
    let missing = McpTools::connect(StdioEndpoint::new("/no/such/server"), McpToolsOptions::default()).await;
    let other = McpTools::connect(StdioEndpoint::new("true"), McpToolsOptions::default()).await;

    assert!(matches!(missing, Err(Error::Io { action: "start", .. })), "{missing:?}");
    assert_eq!(other.unwrap_err().chain(), "MCP server `true` failed: it has ended the connection");
}

#[tokio::test]
async fn a_call_that_the_client_cancels_is_dropped() {
    let (toolbox, mut told) = never_ending();
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let (input, output) = tokio::io::split(theirs);
    let serving = tokio::spawn(McpServer::new("slow").tools(toolbox).serve(input, output));
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let params = json!({"name": "slow", "arguments": {}, "_meta": meta});
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let cancelled =
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}});

    let (_answers, mut requests) = tokio::io::split(ours);
    requests.write_all(format!("{call}\n").as_bytes()).await.unwrap();
    assert_eq!(told.recv().await, Some("started"));
    requests.write_all(format!("{cancelled}\n").as_bytes()).await.unwrap();

    let last = tokio::time::timeout(Duration::from_secs(10), told.recv()).await;
    assert_eq!(last, Ok(Some("dropped")));
    serving.abort();
}

#[tokio::test]
async fn a_server_starts_in_less_than_a_fifth_of_a_second() {
    let mut fastest = Duration::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        let tools = McpTools::connect(ours(), McpToolsOptions::default()).await.unwrap();
        fastest = fastest.min(start.elapsed());
        assert_eq!(call(&tools, "boom", json!({})).await.status, ToolStatus::Error);
    }

    assert!(fastest < Duration::from_millis(200), "{fastest:?}");
}
