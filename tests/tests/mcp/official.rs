//! The official library for Python on the other side. `cargo xtask test --only mcp` installs it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rushlight::ToolStatus;
use rushlight_mcp::{HttpEndpoint, McpEndpoint, McpHttpOptions, McpTools, McpToolsOptions, StdioEndpoint};
use rushlight_tests::support::mcp;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use super::{call, names};

/// The Python that has the library.
fn python() -> String {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let program = target.join(if cfg!(windows) { "mcp/Scripts/python.exe" } else { "mcp/bin/python" });
    assert!(program.exists(), "`{}` is missing: run `cargo xtask test --only mcp`", program.display());
    program.to_string_lossy().into_owned()
}

fn script(name: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests/mcp", name].iter().collect();
    path.to_string_lossy().into_owned()
}

/// What the official client hears from a server.
async fn heard(mode: &str, target: &str, token: &str) -> Value {
    let mut client = Command::new(python());
    client.arg(script("client.py")).args([mode, target, token]).kill_on_drop(true);
    let output = tokio::time::timeout(Duration::from_mins(1), client.output()).await.unwrap().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn expected(revision: &str) -> Value {
    json!({
        "revision": revision,
        "tools": ["add", "echo", "boom", "slow", "panics", "search_knowledge", "ask"],
        "add": [false, "3"],
        "boom": [true, "`boom` failed: boom"],
        "ask": [false, "Nine."],
        "nothing": "no tool is named `nothing`",
    })
}

#[tokio::test]
async fn the_official_client_uses_our_server() {
    for (mode, revision) in [("auto", "2026-07-28"), ("legacy", "2025-11-25")] {
        let server = mcp::server().await.serve_http(McpHttpOptions::default().token("secret")).await.unwrap();

        let stdio = heard(mode, env!("CARGO_BIN_EXE_mcp-server"), "").await;
        let http = heard(mode, &server.url(), "secret").await;

        assert_eq!(stdio, expected(revision), "{mode} over standard streams");
        assert_eq!(http, expected(revision), "{mode} over HTTP");
    }
}

async fn our_client_uses(endpoint: impl Into<McpEndpoint>) {
    let tools = McpTools::connect(endpoint, McpToolsOptions::default()).await.unwrap();

    assert_eq!(names(&tools), ["add", "greet", "fail"]);
    assert_eq!(tools.refused(), []);
    assert_eq!(tools.protocol_version(), "2026-07-28");
    assert_eq!(call(&tools, "add", json!({"a": 1, "b": 2})).await.content, "3");
    let greeting = call(&tools, "greet", json!({"name": "Ada"})).await.content;
    assert_eq!(serde_json::from_str::<Value>(&greeting).unwrap(), json!({"text": "Hello, Ada!"}));
    let failure = call(&tools, "fail", json!({})).await;
    assert_eq!(failure.status, ToolStatus::Error);
    assert!(failure.content.contains("Error executing tool fail"), "{}", failure.content);
    assert_eq!(call(&tools, "add", json!({"a": "one"})).await.status, ToolStatus::InvalidArguments);
}

#[tokio::test]
async fn our_client_uses_the_official_server_over_standard_streams() {
    our_client_uses(StdioEndpoint::new(python()).arg(script("server.py"))).await;
}

#[tokio::test]
async fn our_client_uses_the_official_server_over_http() {
    let mut server = Command::new(python());
    server.args([&script("server.py"), "http"]).stdout(Stdio::piped()).kill_on_drop(true);
    let mut server = server.spawn().unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let url = lines.next_line().await.unwrap().unwrap();
    until_it_listens(&url).await;

    our_client_uses(HttpEndpoint::new(url)).await;
}

/// It says where it is before it listens there.
async fn until_it_listens(url: &str) {
    let address = url.trim_start_matches("http://").trim_end_matches("/mcp");
    for _ in 0..300 {
        if tokio::net::TcpStream::connect(address).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("nobody listens at {address}");
}
