//! An MCP server that does what servers should not: what, its first argument says.

#![expect(clippy::unwrap_used, reason = "this member is made of tests")]

use std::io::{BufRead, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

/// Whether a tool was called.
static CALLED: AtomicBool = AtomicBool::new(false);

fn main() {
    let how = std::env::args().nth(1).unwrap();
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let Some(id) = request.get("id") else { continue };
        match (how.as_str(), request["method"].as_str().unwrap()) {
            ("silent", _) => {}
            (_, "initialize") => say(&json!({"id": id, "result": {
                "protocolVersion": "2025-06-18",
                "capabilities": {"tools": {"listChanged": true}},
                "serverInfo": {"name": "misbehaving", "version": "1"},
            }})),
            (how, "tools/list") => list(how, id, &request["params"]["cursor"]),
            (how, "tools/call") => call(how, id),
            _ => say(&json!({"id": id, "error": {"code": -32601, "message": "what?"}})),
        }
    }
}

fn say(message: &Value) {
    let mut message = message.clone();
    message["jsonrpc"] = json!("2.0");
    write(message.to_string().as_bytes());
}

fn write(line: &[u8]) {
    let mut output = std::io::stdout().lock();
    output.write_all(line).unwrap();
    output.write_all(b"\n").unwrap();
    output.flush().unwrap();
}

fn tool(name: &str) -> Value {
    json!({"name": name, "inputSchema": {"type": "object"}})
}

fn list(how: &str, id: &Value, cursor: &Value) {
    let deep = (0..60).fold(json!({}), |inner, _| json!({"properties": {"x": inner}}));
    let result = match how {
        "schemas" => json!({"tools": [
            tool("good"),
            {"name": "text", "inputSchema": "object"},
            {"name": "no-schema"},
            {"name": "unknown-type", "inputSchema": {"type": "objekt"}},
            {"name": "deep", "inputSchema": {"type": "object", "properties": {"x": deep}}},
            {"name": "promise", "inputSchema": {"type": "object"}, "outputSchema": {"type": "nonsense"}},
            {"name": "wordy", "description": "x".repeat(20_000), "inputSchema": {"type": "object"}},
            {"name": "a name with spaces", "inputSchema": {"type": "object"}},
            tool("good"),
            tool("files.read"),
            7,
        ]}),
        "pages" if cursor.is_null() => json!({"tools": [tool("first")], "nextCursor": "2"}),
        "pages" => json!({"tools": [tool("second")]}),
        "endless" => json!({"tools": [tool("again")], "nextCursor": "more"}),
        "changes" if CALLED.load(Ordering::SeqCst) => json!({"tools": [tool("good"), tool("new")]}),
        "nonsense" => json!({"tolls": []}),
        "promise" => json!({"tools": [{
            "name": "good",
            "inputSchema": {"type": "object"},
            "outputSchema": {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
        }]}),
        _ => json!({"tools": [tool("good")]}),
    };
    say(&json!({"id": id, "result": result}));
}

fn call(how: &str, id: &Value) {
    let text = |text: &str| json!({"content": [{"type": "text", "text": text}]});
    match how {
        "dies" => std::process::exit(1),
        "never" => {}
        "huge" => say(&json!({"result": text(&"x".repeat(100 << 20)), "id": id})),
        "large" => say(&json!({"id": id, "result": text(&"x".repeat(1 << 20))})),
        "promise" => say(&json!({"id": id, "result": {"structuredContent": {"a": "one"}}})),
        "content" => say(&json!({"id": id, "result": {"content": [{"type": "text"}]}})),
        "bytes" => {
            let line = json!({"jsonrpc": "2.0", "id": id, "result": text("caf?")}).to_string();
            write(&line.bytes().map(|byte| if byte == b'?' { 0xE9 } else { byte }).collect::<Vec<_>>());
        }
        "changes" => {
            CALLED.store(true, Ordering::SeqCst);
            say(&json!({"method": "notifications/tools/list_changed"}));
            say(&json!({"id": id, "result": text("fine")}));
        }
        "chatty" => {
            write(b"INFO: a call {\"id\": 1}");
            write(b"\xff\xfe");
            say(&json!({"id": id, "result": text("fine")}));
        }
        _ => say(&json!({"id": id, "result": text("fine")})),
    }
}
