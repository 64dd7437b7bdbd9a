use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use rushlight::{
    Assistant, Error, FunctionTool, NoArguments, ScriptedLlm, ScriptedTurn, ToolContext, Toolbox,
};
use rushlight_mcp::{
    AskOptions, HttpEndpoint, McpHttpOptions, McpHttpServer, McpServer, McpTools, McpToolsOptions,
};
use rushlight_tests::support::mcp;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{call, never_ending, within};

async fn serving(options: McpHttpOptions) -> McpHttpServer {
    mcp::server().await.serve_http(options).await.unwrap()
}

rushlight_tests::tool_registry_suite!(connected().await);

/// A server for each test, which ends with its runtime.
async fn connected() -> McpTools {
    let server = Box::leak(Box::new(serving(McpHttpOptions::default()).await));
    McpTools::connect(HttpEndpoint::new(server.url()), within(Duration::from_secs(3))).await.unwrap()
}

#[tokio::test]
async fn a_token_is_asked_for_where_there_is_one() {
    let server = serving(McpHttpOptions::default().token("secret")).await;
    let connect = async |endpoint| McpTools::connect(endpoint, McpToolsOptions::default()).await;

    let without = connect(HttpEndpoint::new(server.url())).await;
    let wrong = connect(HttpEndpoint::new(server.url()).token("secrets")).await;
    let right = connect(HttpEndpoint::new(server.url()).token("secret")).await;

    for refused in [without, wrong] {
        let error = refused.unwrap_err();
        assert!(matches!(error, Error::Foreign { .. }), "{error}");
        assert!(!error.chain().contains("secret"), "{}", error.chain());
    }
    assert_eq!(call(&right.unwrap(), "add", json!({"a": 1, "b": 2})).await.content, "3");
}

#[tokio::test]
async fn other_machines_need_a_token() {
    let everywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));

    let error = McpServer::new("open").serve_http(McpHttpOptions::default().address(everywhere)).await;

    assert!(matches!(error, Err(Error::Invalid { .. })), "{error:?}");
}

#[tokio::test]
async fn two_tools_of_one_name_are_refused() {
    let toolbox = || {
        let tool = FunctionTool::new("same", "", async |_: NoArguments| Ok::<_, String>(()));
        Toolbox::new().add(tool).unwrap()
    };

    let error =
        McpServer::new("twice").tools(toolbox()).tools(toolbox()).serve_http(McpHttpOptions::default()).await;

    let message = error.unwrap_err().to_string();
    assert_eq!(message, "invalid tool name: expected names to be unique, got `same` twice");
}

#[tokio::test]
async fn what_is_no_url_or_no_header_is_refused() {
    let connect = async |endpoint| McpTools::connect(endpoint, McpToolsOptions::default()).await.unwrap_err();

    let url = connect(HttpEndpoint::new("ftp://example.org")).await;
    let header = connect(HttpEndpoint::new("http://127.0.0.1:1/mcp").header("a b", "c")).await;
    let nobody = connect(HttpEndpoint::new("http://127.0.0.1:1/mcp")).await;

    assert!(url.to_string().contains("got `ftp://example.org`"), "{url}");
    assert!(header.to_string().contains("the name of `a b` is not allowed"), "{header}");
    assert!(matches!(nobody, Error::Foreign { .. }), "{nobody}");
    assert!(nobody.chain().contains("http://127.0.0.1:1/mcp"), "{}", nobody.chain());
    assert!(!nobody.chain().contains("rmcp"), "{}", nobody.chain());
}

#[tokio::test]
async fn an_agent_that_is_asked_may_what_its_server_may() {
    let script = vec![ScriptedTurn::call("slow", json!({})), ScriptedTurn::text("Nothing ran.")];
    let (toolbox, mut told) = never_ending();
    let assistant = Assistant::builder(ScriptedLlm::new(script)).tools(toolbox).build().unwrap();
    let server = McpServer::new("careful").agent(assistant, AskOptions::default());
    let server = server.context(ToolContext::new().dry_run());
    let server = server.serve_http(McpHttpOptions::default()).await.unwrap();

    let tools = McpTools::connect(HttpEndpoint::new(server.url()), McpToolsOptions::default()).await.unwrap();

    assert_eq!(call(&tools, "ask", json!({"question": "Go"})).await.content, "Nothing ran.");
    assert!(told.try_recv().is_err());
}

#[tokio::test]
async fn a_call_is_dropped_when_its_client_goes_away() {
    let (toolbox, mut told) = never_ending();
    let server = McpServer::new("slow").tools(toolbox).serve_http(McpHttpOptions::default()).await.unwrap();
    let params = json!({"name": "slow", "arguments": {}});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string();
    let (host, length) = (server.address(), body.len());
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Accept: application/json, text/event-stream\r\n\r\n"
    );

    let mut client = TcpStream::connect(host).await.unwrap();
    client.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    assert_eq!(told.recv().await, Some("started"));
    drop(client);

    let last = tokio::time::timeout(Duration::from_secs(10), told.recv()).await;
    assert_eq!(last, Ok(Some("dropped")));
}
